# SPDX-License-Identifier: Apache-2.0
"""Values that have been billed, and what changed in them afterwards."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.readings.models.base import series_key
from avlest.registry.models import Owned, OwnedQuerySet


class Freeze(Owned):
    """Values before `until` have been billed: of one series, or of a whole medium (electricity at D+5)."""

    series = series_key(null=True, blank=True)
    medium = models.CharField(_("medium"), max_length=20, blank=True)
    until = models.DateTimeField(_("until (exclusive)"))
    frozen_at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("freeze")
        verbose_name_plural = _("freezes")
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "series", "medium"], name="readings_freeze_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(series__isnull=True) ^ models.Q(medium=""),
                name="readings_freeze_scope",
                violation_error_message=_("A freeze is for one series or for a medium."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.series or self.medium} until {self.until:%Y-%m-%d}"


class Correction(Owned):
    """A day's value that changed after it was frozen: the next settlement takes the difference up, once."""

    series = series_key()
    day = models.DateField(_("day"))
    before = models.BigIntegerField(_("before"), null=True, blank=True)
    after = models.BigIntegerField(_("after"), null=True, blank=True)
    before_quality = models.SmallIntegerField(_("quality before"), default=0)
    after_quality = models.SmallIntegerField(_("quality after"), default=0)
    known_at = models.DateTimeField(_("known at"))
    settled_by = models.CharField(_("settled by"), max_length=100, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        indexes = (models.Index(fields=["organisation", "settled_by"], name="readings_correction_open"),)
        constraints = (models.UniqueConstraint(fields=["series", "day", "known_at"], name="readings_correction_once"),)

    def __str__(self) -> str:
        return f"{self.series} {self.day}: {self.before} → {self.after}"
