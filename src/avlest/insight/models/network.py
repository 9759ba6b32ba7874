# SPDX-License-Identifier: Apache-2.0
"""Zones' nights and months, what their pipes are, and coverage day by day."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Owned, OwnedQuerySet, Zone


class ZoneNetwork(Owned):
    """The pipes of a zone from a local day on: what leakage is measured against (UARL, ILI)."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="+", verbose_name=_("zone"))
    starts_on = models.DateField(_("from"))
    mains_km = models.DecimalField(_("mains (km)"), max_digits=9, decimal_places=3)
    connections = models.PositiveIntegerField(_("connections"))
    private_km = models.DecimalField(_("private pipes to the meters (km)"), max_digits=9, decimal_places=3)
    pressure_m = models.DecimalField(_("mean pressure (m)"), max_digits=6, decimal_places=2)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("network of a zone")
        verbose_name_plural = _("networks of zones")
        constraints = (models.UniqueConstraint(fields=["zone", "starts_on"], name="insight_network_once"),)

    def __str__(self) -> str:
        return f"{self.zone} {self.starts_on}"


class ZoneNight(Owned):
    """The night of one zone and local day: thousandths of a litre per hour, `margin` ± (95 %)."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="+", verbose_name=_("zone"))
    day = models.DateField(_("day"))
    hours = models.PositiveSmallIntegerField(_("hours"))
    inflow = models.BigIntegerField(_("inflow"))
    metered = models.BigIntegerField(_("metered use"))
    assumed = models.BigIntegerField(_("use without meter"))
    coverage = models.FloatField(_("coverage"))
    leak = models.BigIntegerField(_("leakage"))
    margin = models.BigIntegerField(_("margin"))
    daily_leak = models.BigIntegerField(_("leakage of the day"))
    daily_margin = models.BigIntegerField(_("margin of the day"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("night of a zone")
        verbose_name_plural = _("nights of zones")
        constraints = (models.UniqueConstraint(fields=["zone", "day"], name="insight_night_once"),)

    def __str__(self) -> str:
        return f"{self.zone} {self.day}"


class ZonePeriod(Owned):
    """The balance of one zone over a local day or month from `starts_on` on, in thousandths of a litre."""

    class Span(models.TextChoices):
        DAY = "day", _("day")
        MONTH = "month", _("month")

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="+", verbose_name=_("zone"))
    span = models.CharField(_("span"), max_length=5, choices=Span)
    starts_on = models.DateField(_("from"))
    days = models.PositiveSmallIntegerField(_("days"))
    supplied = models.BigIntegerField(_("supplied"), null=True)
    metered = models.BigIntegerField(_("metered use"))
    metered_margin = models.BigIntegerField(_("margin of the metered use"))
    unmetered = models.BigIntegerField(_("use without meter"))
    non_revenue = models.BigIntegerField(_("not billed"), null=True)
    margin = models.BigIntegerField(_("margin"), null=True)
    coverage = models.FloatField(_("coverage"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("balance of a zone")
        verbose_name_plural = _("balances of zones")
        constraints = (models.UniqueConstraint(fields=["zone", "span", "starts_on"], name="insight_balance_once"),)

    def __str__(self) -> str:
        return f"{self.zone} {self.span} {self.starts_on}"


class CoverageDay(Owned):
    """Expected against received of one local day: of all, of a road, a source, a gateway or a zone (`key`)."""

    dimension = models.CharField(_("by"), max_length=10)
    key = models.CharField(_("which"), max_length=80, blank=True)
    day = models.DateField(_("day"))
    meters = models.PositiveIntegerField(_("meters"))
    heard = models.PositiveIntegerField(_("heard"))
    expected = models.PositiveBigIntegerField(_("expected"))
    received = models.PositiveBigIntegerField(_("received"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("coverage of a day")
        verbose_name_plural = _("coverage of days")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "dimension", "key", "day"], name="insight_coverage_once"),
        )

    def __str__(self) -> str:
        return f"{self.dimension} {self.key} {self.day}"
