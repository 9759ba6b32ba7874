# SPDX-License-Identifier: Apache-2.0
"""How far derivation has come, and what is planned and not done.  Rows of the installation, not of an organisation."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeriveState(models.Model):
    """The one row that says what has been planned: up to which version of the readings, and until when hours are due.

    `feeds` and `spans` are frames (Arrow): which register fed which series when the last plan was made, and the first
    day each series has been derived for.  `known_at` is the latest time given to derived rows: it only rises, whatever
    the clock does.
    """

    name = models.CharField(max_length=20, primary_key=True, default="derive")
    plans = models.BigIntegerField(default=0)
    readings_version = models.BigIntegerField(null=True)
    readings_at = models.DateTimeField(null=True)
    horizon = models.DateTimeField(null=True)
    known_at = models.DateTimeField(null=True)
    last_batch = models.BigIntegerField(default=0)
    feeds = models.BinaryField(default=b"")
    spans = models.BinaryField(default=b"")

    class Meta:
        verbose_name = _("state of derivation")
        verbose_name_plural = _("states of derivation")

    def __str__(self) -> str:
        return f"{self.name} {self.readings_version}"


class DeriveRequest(models.Model):
    """Something other than a reading has changed: derive these series again in the local days `[first_day, stop_day)`.

    One series, a class of meters of an organisation, or all of an organisation; no day: from the first, to the last.
    """

    organisation = models.ForeignKey("registry.Organisation", on_delete=models.CASCADE, related_name="+")
    series = models.ForeignKey("registry.Series", on_delete=models.CASCADE, related_name="+", null=True)
    meter_class = models.CharField(max_length=40, blank=True)
    first_day = models.DateField(null=True)
    stop_day = models.DateField(null=True)

    class Meta:
        verbose_name = _("request for derivation")
        verbose_name_plural = _("requests for derivation")

    def __str__(self) -> str:
        return f"{self.series_id or self.meter_class or self.organisation_id} {self.first_day}"


class DeriveTask(models.Model):
    """Series to derive again in a period of local days `[first_day, stop_day)`; `body` holds their numbers.

    `batch` is the number its rows are appended under, given before they are.  Hours before `horizon` are complete.
    """

    planned_at = models.DateTimeField()
    horizon = models.DateTimeField()
    known_at = models.DateTimeField()
    first_day = models.DateField()
    stop_day = models.DateField()
    batch = models.BigIntegerField(null=True)
    count = models.PositiveIntegerField()
    body = models.BinaryField()
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("task of derivation")
        verbose_name_plural = _("tasks of derivation")

    def __str__(self) -> str:
        return f"{self.pk}: {self.count} series, {self.first_day} to {self.stop_day}"
