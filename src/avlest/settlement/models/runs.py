# SPDX-License-Identifier: Apache-2.0
"""Settlement runs: what was used, what came out, what is odd, who approved it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Owned, OwnedQuerySet
from avlest.settlement.models.accounts import Account


class Run(Owned):
    """One settlement run: a year settled (`year`), a move settled (`final`), terms charged (`term`), a `correction`.

    `starts_on`, `stops_on` are the days settled, or the months whose terms fall due.  What the run used and what came
    out is kept in its parts; `known_at` is the instant whose knowledge it used, `digest` what was approved.
    """

    class Kind(models.TextChoices):
        YEAR = "year", _("settlement of a year")
        TERM = "term", _("terms")
        FINAL = "final", _("settlement of moves")
        CORRECTION = "correction", _("correction")

    class State(models.TextChoices):
        PREVIEW = "preview", _("preview")
        APPROVED = "approved", _("approved")
        ISSUING = "issuing", _("being issued")
        ISSUED = "issued", _("issued")
        DROPPED = "dropped", _("dropped")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    year = models.PositiveSmallIntegerField(_("year"))
    month = models.PositiveSmallIntegerField(_("month terms fall due"), default=0)
    starts_on = models.DateField(_("from"))
    stops_on = models.DateField(_("to (exclusive)"))
    invoice_on = models.DateField(_("invoice date"))
    due_on = models.DateField(_("due"))
    known_at = models.DateTimeField(_("as known at"))
    code_version = models.CharField(_("version of the program"), max_length=40)
    settings = models.JSONField(_("settings"), default=dict)
    control = models.JSONField(_("control sheet"), default=dict, blank=True)
    digest = models.CharField(_("SHA-256 of inputs and lines"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PREVIEW)
    made_at = models.DateTimeField(_("made"))
    made_by = models.CharField(_("made by"), max_length=150)
    made_by_user = models.BigIntegerField(null=True, blank=True, editable=False)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.CharField(_("approved by"), max_length=150, blank=True)
    approved_by_user = models.BigIntegerField(null=True, blank=True, editable=False)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("settlement run")
        verbose_name_plural = _("settlement runs")
        constraints = (
            models.CheckConstraint(condition=Q(stops_on__gt=F("starts_on")), name="settlement_run_period"),
            models.CheckConstraint(
                condition=Q(state__in=["preview", "dropped"]) | (~Q(approved_by="") & ~Q(approved_by=F("made_by"))),
                name="settlement_run_four_eyes",
                violation_error_message=_("Another person than the one who made it must approve it."),
            ),
            models.UniqueConstraint(
                fields=["organisation", "kind", "year", "month"],
                condition=Q(state__in=["approved", "issuing", "issued"], kind__in=["year", "term"]),
                name="settlement_run_once",
                violation_error_message=_("This year and term has an approved run already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.year} ({self.pk})"


class RunPart(Owned):
    """Some accounts of a run: inputs and results as Arrow files, and whether their invoices exist.

    A part is one transaction when issued: killed in between, a run goes on with the first part that is not.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="parts", verbose_name=_("run"))
    number = models.PositiveIntegerField(_("part"))
    first_property = models.BigIntegerField(_("first property"))
    last_property = models.BigIntegerField(_("last property"))
    accounts = models.PositiveIntegerField(_("accounts"))
    lines = models.PositiveIntegerField(_("lines"))
    inputs = models.BinaryField(_("inputs"))
    results = models.BinaryField(_("results"))
    digest = models.CharField(_("SHA-256"), max_length=64)
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)
    issued = models.BinaryField(_("invoices issued"), null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of a run")
        verbose_name_plural = _("parts of runs")
        constraints = (models.UniqueConstraint(fields=["run", "number"], name="settlement_part_once"),)

    def __str__(self) -> str:
        return f"{self.run} {self.number}"


class RunException(Owned):
    """Something a person should look at before approving: what, where, why, and what was decided."""

    class Severity(models.TextChoices):
        BLOCKING = "blocking", _("blocks the account")
        WARNING = "warning", _("look at it")
        NOTE = "note", _("for information")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="exceptions", verbose_name=_("run"))
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("account"))
    code = models.CharField(_("code"), max_length=40)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    detail = models.JSONField(_("figures"), default=dict, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.CharField(_("accepted by"), max_length=150, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("exception of a run")
        verbose_name_plural = _("exceptions of runs")
        indexes = (models.Index(fields=["run", "code"], name="settlement_exception_code"),)

    def __str__(self) -> str:
        return f"{self.code} {self.account_id}"
