# SPDX-License-Identifier: Apache-2.0
"""What validation and estimation are told: classes, limits, expectations, outages, degree days.  All dated."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.readings.models.base import Dated, dated_check, series_key
from avlest.registry.models import MeteringPoint, Owned, OwnedQuerySet, Zone
from avlest.registry.models.base import Period, period_check


class SeriesClass(Owned, Dated):
    """Which class of limits a series belongs to; without one the class follows from quantity and purpose."""

    series = series_key()
    meter_class = models.SlugField(_("meter class"), max_length=40)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("class of a series")
        verbose_name_plural = _("classes of series")
        constraints = (
            models.UniqueConstraint(fields=["series", "starts_on"], name="readings_class_once"),
            dated_check("readings_class_period"),
        )

    def __str__(self) -> str:
        return f"{self.series}: {self.meter_class}"


class Threshold(Owned, Dated):
    """A limit other than the shipped one, for a class of meters or one series."""

    meter_class = models.SlugField(_("meter class"), max_length=40, blank=True)
    series = series_key(null=True, blank=True)
    name = models.SlugField(_("limit"), max_length=60)
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=4)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "meter_class", "series", "name", "starts_on"],
                name="readings_threshold_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(series__isnull=True) ^ models.Q(meter_class=""),
                name="readings_threshold_scope",
                violation_error_message=_("A limit is for a class of meters or for one series."),
            ),
            dated_check("readings_threshold_period"),
        )

    def __str__(self) -> str:
        return f"{self.series or self.meter_class} {self.name} = {self.value}"


class Expectation(Owned, Dated):
    """How much a series is expected to count up in a year, in thousandths of its unit."""

    series = series_key()
    per_year = models.BigIntegerField(_("a year"))
    source = models.CharField(_("source"), max_length=200, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("yearly expectation")
        verbose_name_plural = _("yearly expectations")
        constraints = (
            models.UniqueConstraint(fields=["series", "starts_on"], name="readings_expectation_once"),
            models.CheckConstraint(condition=models.Q(per_year__gte=0), name="readings_expectation_positive"),
            dated_check("readings_expectation_period"),
        )

    def __str__(self) -> str:
        return f"{self.series}: {self.per_year}"


class Outage(Owned, Period):
    """A time without supply or without power to the meters, at a point or in a zone."""

    point = models.ForeignKey(
        MeteringPoint, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("point")
    )
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("zone")
    )
    medium = models.CharField(_("medium"), max_length=20, default="electricity")
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(point__isnull=True) ^ models.Q(zone__isnull=True),
                name="readings_outage_scope",
                violation_error_message=_("An outage is at one point or in one zone."),
            ),
            period_check("readings_outage_period"),
        )

    def __str__(self) -> str:
        return f"{self.point or self.zone} {self.starts_at:%Y-%m-%d %H:%M}"


class WeatherPlace(Owned):
    """A place degree days are known for; the one without zone serves all other zones of the organisation."""

    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120, blank=True)
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("zone")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("weather place")
        verbose_name_plural = _("weather places")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "code"], name="readings_place_once"),
            models.UniqueConstraint(
                fields=["organisation", "zone"], name="readings_place_of_zone", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return self.code


class DegreeDay(Owned):
    """Degree days of one local day at one place, in thousandths; the audit log keeps what a correction replaced."""

    place = models.ForeignKey(WeatherPlace, on_delete=models.CASCADE, verbose_name=_("place"))
    day = models.DateField(_("day"))
    value = models.PositiveIntegerField(_("degree days"))
    source = models.CharField(_("source"), max_length=200, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("degree day")
        verbose_name_plural = _("degree days")
        constraints = (models.UniqueConstraint(fields=["place", "day"], name="readings_degree_day_once"),)

    def __str__(self) -> str:
        return f"{self.place} {self.day}"
