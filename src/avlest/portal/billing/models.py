# SPDX-License-Identifier: Apache-2.0
"""Work that people ask for, files held between preview and import, reports and their deliveries."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Owned, OwnedQuerySet


class Work(Owned):
    """A run to make or to issue: asked for by a person, done by the service, so that no page waits for it."""

    class Kind(models.TextChoices):
        MAKE = "make", _("make a run")
        ISSUE = "issue", _("issue a run")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DOING = "doing", _("being done")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=10, choices=Kind)
    order = models.JSONField(default=dict)
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=150)
    asked_by_user = models.BigIntegerField(null=True, blank=True, editable=False)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    run = models.BigIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=1000, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "kind", "key"],
                condition=Q(state__in=["waiting", "doing"]),
                name="billing_work_once",
            ),
        )
        indexes = (models.Index(fields=["state", "asked_at"], name="billing_work_state"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class HeldFile(Owned):
    """A list between its preview and its import: sealed, for an hour at most, for the one who sent it."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    sealed = models.TextField()
    held_at = models.DateTimeField()
    user = models.BigIntegerField(editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["held_at"], name="billing_held_at"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Report(Owned):
    """A file that is made and sent again and again."""

    class Content(models.TextChoices):
        INVOICES = "invoices", _("Invoices with their lines")
        OPEN_ITEMS = "open_items", _("What is owed")
        PAYMENTS = "payments", _("Payments")
        ACCOUNTS = "accounts", _("Accounts and agreements")
        USE = "use", _("Use of each metering point")

    class Format(models.TextChoices):
        CSV = "csv", _("CSV (semicolons, decimal comma)")
        XLSX = "xlsx", _("Excel (XLSX)")

    class Every(models.TextChoices):
        DAY = "day", _("Every day")
        WEEK = "week", _("Every Monday")
        MONTH = "month", _("The first of every month")

    class Road(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SFTP = "sftp", _("SFTP")

    name = models.CharField(max_length=100)
    content = models.CharField(max_length=20, choices=Content)
    format = models.CharField(max_length=10, choices=Format)
    every = models.CharField(max_length=10, choices=Every)
    hour = models.PositiveSmallIntegerField(default=6)
    road = models.CharField(max_length=10, choices=Road)
    emails = models.JSONField(default=list, blank=True)
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=22)
    username = models.CharField(max_length=100, blank=True)
    folder = models.CharField(max_length=300, blank=True)
    host_key = models.CharField(max_length=2000, blank=True)
    language = models.CharField(max_length=2, default="nb")
    is_active = models.BooleanField(default=True)
    next_at = models.DateTimeField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(hour__lte=23), name="billing_report_hour"),
            models.CheckConstraint(
                condition=Q(road="email") | (~Q(host="") & ~Q(username="") & ~Q(host_key="")),
                name="billing_report_sftp",
            ),
        )
        indexes = (models.Index(fields=["is_active", "next_at"], name="billing_report_next"),)

    def __str__(self) -> str:
        return self.name


class Delivery(Owned):
    """One sending of a report: the days it is about, every attempt, and how it went."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="deliveries")
    starts_on = models.DateField()
    stops_on = models.DateField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=1000, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["report", "due_at"], name="billing_delivery_once"),)
        indexes = (models.Index(fields=["state", "next_at"], name="billing_delivery_next"),)

    def __str__(self) -> str:
        return f"{self.report_id} {self.due_at:%Y-%m-%d}"
