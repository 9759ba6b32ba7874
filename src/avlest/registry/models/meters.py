# SPDX-License-Identifier: Apache-2.0
"""Meters, where they have been, what they count, and their sealed keys."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.identifiers import parse_dev_eui, parse_manufacturer, parse_serial
from avlest.registry.keys.field import SealedKeyField
from avlest.registry.models.base import Owned, OwnedQuerySet, Period, period_check
from avlest.registry.models.people import Party
from avlest.registry.models.places import MeteringPoint


def validate_manufacturer(value: str) -> None:
    """Refuse anything but the canonical three letters."""
    _require_canonical(value, parse_manufacturer)


def validate_serial(value: str) -> None:
    """Refuse anything but the canonical identity."""
    _require_canonical(value, parse_serial)


def validate_dev_eui(value: str) -> None:
    """Refuse anything but 16 hexadecimal digits, lower case."""
    _require_canonical(value, parse_dev_eui)


def _require_canonical(value: str, parse: object) -> None:
    try:
        canonical = parse(value)  # type: ignore[operator]
    except ValueError as error:
        raise ValidationError(_("Expected %(what)s."), params={"what": str(error)}) from error
    if canonical != value:
        raise ValidationError(_("Write it %(what)s."), params={"what": canonical})


class Meter(Owned):
    """A device: maker and serial (the radio address), model, size."""

    class State(models.TextChoices):
        FOUND = "found", _("heard, not placed")
        STOCK = "stock", _("in stock")
        INSTALLED = "installed", _("installed")
        REMOVED = "removed", _("taken down")
        SCRAPPED = "scrapped", _("scrapped")

    manufacturer = models.CharField(_("manufacturer"), max_length=3, validators=[validate_manufacturer])
    serial = models.CharField(_("serial (radio address)"), max_length=32, validators=[validate_serial])
    printed_number = models.CharField(_("number on the meter"), max_length=40, blank=True)
    dev_eui = models.CharField(_("LoRaWAN device EUI"), max_length=16, blank=True, validators=[validate_dev_eui])
    version = models.PositiveSmallIntegerField(_("version"), null=True, blank=True)
    device_type = models.PositiveSmallIntegerField(_("device type"), null=True, blank=True)
    family = models.CharField(_("model family"), max_length=60, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    size_class = models.CharField(_("size class"), max_length=20, blank=True)
    production_year = models.PositiveSmallIntegerField(_("year made"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.STOCK)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "manufacturer", "serial"], name="registry_meter_address"),
            models.UniqueConstraint(
                fields=["organisation", "dev_eui"],
                condition=~Q(dev_eui=""),
                name="registry_meter_dev_eui",
                violation_error_message=_("Another meter has this device EUI."),
            ),
            models.CheckConstraint(
                condition=(Q(version__isnull=True) | Q(version__lte=255))
                & (Q(device_type__isnull=True) | Q(device_type__lte=255)),
                name="registry_meter_bytes",
                violation_error_message=_("Version and device type are numbers from 0 to 255."),
            ),
        )
        indexes = (
            models.Index(fields=["serial"], name="registry_meter_serial"),
            models.Index(fields=["organisation", "state"], name="registry_meter_state"),
            models.Index(fields=["printed_number"], name="registry_meter_printed"),
        )

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.serial}"


class Installation(Owned, Period):
    """A meter at a point in `[starts_at, ends_at)`; a row of history, never overwritten."""

    class Role(models.TextChoices):
        MAIN = "main", _("main")
        CHECK = "check", _("check meter")

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, verbose_name=_("meter"))
    point = models.ForeignKey(MeteringPoint, on_delete=models.PROTECT, verbose_name=_("metering point"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MAIN)
    seal = models.CharField(_("seal number"), max_length=40, blank=True)
    installer = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("installer"))
    note = models.TextField(_("note"), blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = (
            period_check("registry_installation_period"),
            models.UniqueConstraint(
                fields=["meter"],
                condition=Q(ends_at__isnull=True),
                name="registry_installation_open_meter",
                violation_error_message=_("The meter hangs somewhere already."),
            ),
            models.UniqueConstraint(
                fields=["point", "role"],
                condition=Q(ends_at__isnull=True),
                name="registry_installation_open_point",
                violation_error_message=_("The metering point has a meter already."),
            ),
        )
        indexes = (
            models.Index(fields=["meter", "starts_at"], name="registry_inst_meter"),
            models.Index(fields=["point", "starts_at"], name="registry_inst_point"),
        )

    def __str__(self) -> str:
        return f"{self.meter} @ {self.point}"


class Register(Owned):
    """One counted or instantaneous quantity of one meter."""

    class Kind(models.TextChoices):
        COUNTER = "counter", _("counter")
        GAUGE = "gauge", _("momentary value")

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, verbose_name=_("meter"))
    quantity = models.CharField(_("quantity"), max_length=60)
    unit = models.CharField(_("unit of value"), max_length=20, blank=True)
    qualifier = models.CharField(_("qualifier"), max_length=60, blank=True)
    function = models.CharField(_("function"), max_length=10, default="instant")
    storage = models.PositiveIntegerField(_("storage"), default=0)
    tariff = models.PositiveIntegerField(_("tariff"), default=0)
    subunit = models.PositiveIntegerField(_("subunit"), default=0)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.COUNTER)
    digits = models.PositiveSmallIntegerField(_("digits"), null=True, blank=True)
    scale = models.DecimalField(_("value of the last digit"), max_digits=18, decimal_places=9, null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        constraints = (
            models.UniqueConstraint(
                fields=[
                    "meter", "quantity", "qualifier", "function", "storage", "tariff", "subunit",
                ],
                name="registry_register_once",
            ),
            models.CheckConstraint(
                condition=Q(function__in=["instant", "maximum", "minimum", "error"]),
                name="registry_register_function",
            ),
            models.CheckConstraint(
                condition=Q(digits__isnull=True) | Q(digits__range=(1, 18)),
                name="registry_register_digits",
            ),
            models.CheckConstraint(
                condition=Q(scale__isnull=True) | Q(scale__gt=0), name="registry_register_scale"
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.meter} {self.quantity} {self.qualifier}".rstrip()


class InstallationValue(Owned):
    """What one register showed when its meter was put up or taken down."""

    class Moment(models.TextChoices):
        START = "start", _("when put up")
        END = "end", _("when taken down")

    installation = models.ForeignKey(
        Installation, on_delete=models.CASCADE, related_name="values", verbose_name=_("installation")
    )
    register = models.ForeignKey(Register, on_delete=models.PROTECT, verbose_name=_("register"))
    moment = models.CharField(_("moment"), max_length=5, choices=Moment)
    value = models.BigIntegerField(_("value (thousandths of the unit)"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("register value at installation")
        verbose_name_plural = _("register values at installation")
        constraints = (
            models.UniqueConstraint(
                fields=["installation", "register", "moment"],
                name="registry_installation_value_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.register} {self.moment} {self.value}"


class MeterKey(Owned):
    """A meter's AES key, sealed; a new key is a new row and the old one is retired."""

    meter = models.ForeignKey(Meter, on_delete=models.CASCADE, related_name="keys", verbose_name=_("meter"))
    sealed = SealedKeyField(_("sealed key"), editable=False)
    created_at = models.DateTimeField(_("added"))
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("meter key")
        verbose_name_plural = _("meter keys")
        constraints = (
            models.UniqueConstraint(
                fields=["meter"],
                condition=Q(retired_at__isnull=True),
                name="registry_key_one_current",
            ),
        )

    def __str__(self) -> str:
        return f"{self.meter} ({self.created_at:%Y-%m-%d})"
