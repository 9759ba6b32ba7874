# SPDX-License-Identifier: Apache-2.0
"""What residents send in: faults, moves, consents, requests about their data."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Document, MeteringPoint, Owned, OwnedQuerySet, Party, Tenancy


class Case(Owned):
    """Something a person asks for or tells of, and what became of it."""

    class State(models.TextChoices):
        NEW = "new", _("received")
        WORKING = "working", _("being looked at")
        DONE = "done", _("done")
        DROPPED = "dropped", _("withdrawn")

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", verbose_name=_("party"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW)
    made_at = models.DateTimeField(_("received"))
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.CharField(_("answered by"), max_length=150, blank=True)

    class Meta:
        abstract = True


class Fault(Case):
    """A fault that a resident tells of, with a photo when they took one."""

    class Kind(models.TextChoices):
        LEAK = "leak", _("Water leak")
        METER = "meter", _("The meter")
        READING = "reading", _("A number that looks wrong")
        INVOICE = "invoice", _("An invoice")
        OTHER = "other", _("Something else")

    tenancy = models.ForeignKey(Tenancy, on_delete=models.PROTECT, related_name="+", verbose_name=_("place"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    text = models.TextField(_("what is wrong"), max_length=2000)
    photo = models.ForeignKey(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photo")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("fault")
        verbose_name_plural = _("faults")
        indexes = (
            models.Index(fields=["party", "made_at"], name="portal_fault_party"),
            models.Index(fields=["organisation", "state"], name="portal_fault_state"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d}"


class MoveNotice(Case):
    """A resident or owner says that they move out on a day, and who comes after them."""

    tenancy = models.ForeignKey(Tenancy, on_delete=models.PROTECT, related_name="+", verbose_name=_("place"))
    day = models.DateField(_("day of moving"))
    successor = models.CharField(_("who takes over"), max_length=200, blank=True)
    successor_email = models.EmailField(_("their e-mail"), blank=True)
    successor_phone = models.CharField(_("their phone"), max_length=30, blank=True)
    address = models.CharField(_("new address"), max_length=300, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        constraints = (
            models.UniqueConstraint(
                fields=["tenancy"], condition=Q(state__in=["new", "working"]), name="portal_move_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.tenancy} {self.day}"


class Consent(Owned):
    """A resident lets one stream of values of one point be used for one purpose.

    It holds until it is withdrawn, and never longer than the tenancy: whoever moves out has ended it.
    """

    tenancy = models.ForeignKey(Tenancy, on_delete=models.PROTECT, related_name="+", verbose_name=_("tenancy"))
    point = models.ForeignKey(MeteringPoint, on_delete=models.CASCADE, related_name="+", verbose_name=_("point"))
    stream = models.CharField(_("stream"), max_length=30)
    given_at = models.DateTimeField(_("given"))
    given_by = models.CharField(_("given by"), max_length=150)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = (
            models.UniqueConstraint(
                fields=["tenancy", "point", "stream"],
                condition=Q(withdrawn_at__isnull=True),
                name="portal_consent_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.stream} {self.point} {self.given_at:%Y-%m-%d}"


class PrivacyRequest(Case):
    """A request under the rules of privacy: deletion, correction, restriction."""

    class Kind(models.TextChoices):
        DELETION = "deletion", _("Delete what you have about me")
        CORRECTION = "correction", _("Correct something")
        RESTRICTION = "restriction", _("Do not use my values while we disagree")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    text = models.TextField(_("what it is about"), max_length=2000, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about one's data")
        verbose_name_plural = _("requests about one's data")
        indexes = (models.Index(fields=["party", "made_at"], name="portal_privacy_party"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d}"
