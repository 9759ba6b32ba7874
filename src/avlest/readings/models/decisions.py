# SPDX-License-Identifier: Apache-2.0
"""What validation found, and what people decided about it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.readings.models.base import series_key
from avlest.registry.models import Owned, OwnedQuerySet
from avlest.registry.models.base import Period, period_check


class Decision(Owned, Period):
    """What a person decided about a series in a period.  Never changed: a later decision wins.

    `value` is the amount used in the whole period, in thousandths of the unit.
    """

    class Action(models.TextChoices):
        """What was decided."""

        ACCEPT = "accept", _("accepted as measured")
        EDIT = "edit", _("given a value")
        VERIFY = "verify", _("given a value that stands above measured ones")
        ESTIMATE = "estimate", _("to be estimated")
        DISCRETION = "discretion", _("set by discretion, locked")
        RELEASE = "release", _("lock released")

    series = series_key()
    action = models.CharField(_("action"), max_length=12, choices=Action)
    value = models.BigIntegerField(_("value"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=1000)
    author = models.CharField(_("who"), max_length=150)
    user_id = models.BigIntegerField(_("user"), null=True, blank=True)
    known_at = models.DateTimeField(_("at"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = (models.Index(fields=["series", "starts_at"], name="readings_decision_series"),)
        constraints = (
            period_check("readings_decision_period"),
            models.CheckConstraint(
                condition=models.Q(action__in=("edit", "verify", "discretion"), value__isnull=False)
                | (~models.Q(action__in=("edit", "verify", "discretion")) & models.Q(value__isnull=True)),
                name="readings_decision_value",
                violation_error_message=_(
                    "A value is given with an edit, a verified value and discretion, and only with them."
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.series} {self.action} {self.starts_at:%Y-%m-%d %H:%M}"


class Finding(Owned, Period):
    """One thing a check found in a series; it waits for a decision while `open`."""

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("open")
        DECIDED = "decided", _("decided")
        GONE = "gone", _("gone")

    series = series_key()
    code = models.CharField(_("check"), max_length=4)
    severity = models.CharField(_("severity"), max_length=12)
    suggestion = models.CharField(_("suggested action"), max_length=12, blank=True)
    observed = models.BigIntegerField(_("observed"), null=True, blank=True)
    limit = models.BigIntegerField(_("limit"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(_("found"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, related_name="findings", null=True, blank=True, verbose_name=_("decision")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        indexes = (
            models.Index(fields=["organisation", "state", "found_at"], name="readings_finding_queue"),
            models.Index(fields=["series", "starts_at"], name="readings_finding_series"),
        )
        constraints = (models.UniqueConstraint(fields=["series", "code", "starts_at"], name="readings_finding_once"),)

    def __str__(self) -> str:
        return f"{self.code} {self.series} {self.starts_at:%Y-%m-%d %H:%M}"
