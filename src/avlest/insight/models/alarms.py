# SPDX-License-Identifier: Apache-2.0
"""Alarms and their life, what evaluation is told about a place, and how far it has come."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Gateway, Meter, MeteringPoint, Owned, OwnedQuerySet, Series, Zone
from avlest.registry.models.base import Period, period_check


class Alarm(Owned):
    """One thing that is, or was, the matter; `subject` is the number of what `scope` names.

    Of a (subject, kind, evidence) one is open at a time, of a (point, kind) one is shown.  `lead`: another alarm says
    the same already, such as the series for what the meter itself says too.
    """

    scope = models.CharField(_("about"), max_length=10)
    subject = models.BigIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=30)
    severity = models.CharField(_("severity"), max_length=10)
    since = models.DateTimeField(_("since"))
    opened_at = models.DateTimeField(_("opened"))
    last_at = models.DateTimeField(_("last seen"))
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    rate = models.BigIntegerField(_("per hour (thousandths)"), null=True, blank=True)
    amount = models.BigIntegerField(_("so far (thousandths)"), null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    count = models.PositiveIntegerField(_("meters"), default=1)
    cause = models.CharField(_("probable cause"), max_length=30)
    advice = models.JSONField(_("what to check"), default=list, blank=True)
    evidence = models.CharField(_("seen by"), max_length=10)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    cost = models.BigIntegerField(_("cost so far (øre)"), null=True, blank=True)
    yearly_amount = models.BigIntegerField(_("in a year (thousandths)"), null=True, blank=True)
    cost_per_year = models.BigIntegerField(_("cost in a year (øre)"), null=True, blank=True)

    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("series")
    )
    point = models.ForeignKey(
        MeteringPoint,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("metering point"),
    )
    meter = models.ForeignKey(
        Meter, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("meter")
    )
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("gateway")
    )
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("zone")
    )
    lead = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="followers", null=True, blank=True, verbose_name=_("said by")
    )
    is_shown = models.BooleanField(_("shown"), default=False)
    cause_key = models.CharField(_("key of the cause"), max_length=80, blank=True)

    found_at = models.DateTimeField(_("found"))
    step = models.CharField(_("last step told"), max_length=12, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.CharField(_("acknowledged by"), max_length=150, blank=True)
    fixed_at = models.DateTimeField(_("said to be mended"), null=True, blank=True)
    fixed_by = models.CharField(_("said to be mended by"), max_length=150, blank=True)
    snoozed_until = models.DateTimeField(_("quiet until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints = (
            models.UniqueConstraint(
                fields=["scope", "subject", "kind", "evidence"],
                condition=Q(cleared_at__isnull=True),
                name="insight_alarm_one_open",
            ),
            models.UniqueConstraint(
                fields=["point", "kind"],
                condition=Q(cleared_at__isnull=True, is_shown=True, point__isnull=False),
                name="insight_alarm_one_at_point",
            ),
        )
        indexes = (
            models.Index(fields=["organisation", "cleared_at", "opened_at"], name="insight_alarm_state"),
            models.Index(fields=["point", "opened_at"], name="insight_alarm_of_point"),
            models.Index(fields=["scope", "subject", "opened_at"], name="insight_alarm_subject"),
            models.Index(fields=["cause_key"], name="insight_alarm_cause"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.scope} {self.subject} {self.opened_at:%Y-%m-%d %H:%M}"


class SilencedMeter(models.Model):
    """A meter that a group's alarm (its gateway, a power cut) stands for."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="+")
    meter = models.ForeignKey(Meter, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("silenced meter")
        verbose_name_plural = _("silenced meters")
        constraints = (models.UniqueConstraint(fields=["alarm", "meter"], name="insight_silenced_once"),)

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.meter_id}"


class PointUse(Owned):
    """Who uses what a point measures, in the local days `[starts_on, ends_on)`: whose thresholds it follows.

    Without one: a home, a business, a building or a zone, as the registry has it.  An empty class: not watched.
    """

    point = models.ForeignKey(
        MeteringPoint, on_delete=models.CASCADE, related_name="+", verbose_name=_("metering point")
    )
    customer_class = models.CharField(_("class"), max_length=20, blank=True)
    is_occupied = models.BooleanField(_("somebody lives or works there"), default=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (exclusive)"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("use of a point")
        verbose_name_plural = _("uses of points")
        constraints = (
            models.UniqueConstraint(fields=["point", "starts_on"], name="insight_use_once"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="insight_use_period",
                violation_error_message=_("The end must come after the beginning."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.point} {self.customer_class}"


class Absence(Owned, Period):
    """Nobody is there in `[starts_at, ends_at)`, people said: any flow is an alarm."""

    point = models.ForeignKey(
        MeteringPoint, on_delete=models.CASCADE, related_name="+", verbose_name=_("metering point")
    )
    said_by = models.CharField(_("said by"), max_length=150)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = (period_check("insight_absence_period"),)
        indexes = (models.Index(fields=["point", "starts_at"], name="insight_absence_point"),)

    def __str__(self) -> str:
        return f"{self.point} {self.starts_at:%Y-%m-%d}"


class OwnLimit(Owned, Period):
    """A resident's own limit for one series: tell me when an hour, a day or a month is more than this."""

    class Span(models.TextChoices):
        HOUR = "hour", _("hour")
        DAY = "day", _("day")
        MONTH = "month", _("month")

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+", verbose_name=_("series"))
    span = models.CharField(_("in a"), max_length=5, choices=Span)
    limit = models.BigIntegerField(_("limit (thousandths)"))
    set_by = models.CharField(_("set by"), max_length=150)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("own limit")
        verbose_name_plural = _("own limits")
        constraints = (
            period_check("insight_limit_period"),
            models.CheckConstraint(
                condition=Q(limit__gt=0),
                name="insight_limit_positive",
                violation_error_message=_("A limit is more than 0."),
            ),
            models.UniqueConstraint(
                fields=["series", "span"], condition=Q(ends_at__isnull=True), name="insight_limit_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.series} {self.span} {self.limit}"


class ConsumptionPrice(Owned):
    """What a cubic metre costs whoever uses it, VAT and wastewater with it, from a local day on: what a leak costs."""

    medium = models.CharField(_("medium"), max_length=20, default="cold_water")
    starts_on = models.DateField(_("from"))
    price = models.DecimalField(_("price (kr per m³)"), max_digits=10, decimal_places=4)
    source = models.CharField(_("source"), max_length=200)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("price of use")
        verbose_name_plural = _("prices of use")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "medium", "starts_on"], name="insight_price_once"),
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="insight_price_positive",
                violation_error_message=_("A price is 0 or more."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.medium} {self.starts_on} {self.price}"


class Evaluation(models.Model):
    """How far one kind of evaluation has come: the version of a Delta table, and the instant.  Of the installation."""

    name = models.CharField(max_length=20, primary_key=True)
    version = models.BigIntegerField(null=True)
    version_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("state of evaluation")
        verbose_name_plural = _("states of evaluation")

    def __str__(self) -> str:
        return f"{self.name} {self.until}"


class EvaluationRequest(models.Model):
    """Something other than an hour has changed (a class, an absence, a limit): look at this point again since then."""

    point = models.ForeignKey(MeteringPoint, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("request for evaluation")
        verbose_name_plural = _("requests for evaluation")

    def __str__(self) -> str:
        return f"{self.point_id} {self.since}"
