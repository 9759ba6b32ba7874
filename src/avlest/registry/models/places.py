# SPDX-License-Identifier: Apache-2.0
"""Properties, units, zones and metering points: the places, which stay."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.identifiers import Cadastre, parse_gsrn
from avlest.registry.media import get_media
from avlest.registry.models.base import Owned, OwnedQuerySet, position_check

MUNICIPALITY = RegexValidator(r"^\d{4}\Z", _("Expected four digits."))


def validate_gsrn(value: str) -> None:
    """Refuse a GSRN whose length or check digit is wrong."""
    try:
        parse_gsrn(value)
    except ValueError as error:
        raise ValidationError(_("Expected %(what)s."), params={"what": str(error)}) from error


def validate_medium(value: str) -> None:
    """Refuse a medium that is not in the table of media."""
    if value not in get_media():
        known = ", ".join(get_media())
        raise ValidationError(_("Expected one of %(what)s."), params={"what": known})


class Property(Owned):
    """A property (*eiendom*) with its cadastral number, address and position."""

    code = models.CharField(_("own number"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    municipality = models.CharField(_("municipality number"), max_length=4, blank=True, validators=[MUNICIPALITY])
    gnr = models.PositiveIntegerField(_("gnr"), null=True, blank=True)
    bnr = models.PositiveIntegerField(_("bnr"), null=True, blank=True)
    fnr = models.PositiveIntegerField(_("fnr"), default=0)
    snr = models.PositiveIntegerField(_("snr"), default=0)
    address = models.CharField(_("address"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    latitude = models.DecimalField(
        _("latitude"), max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )  # fmt: skip
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )  # fmt: skip

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("property")
        verbose_name_plural = _("properties")
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "municipality", "gnr", "bnr", "fnr", "snr"],
                condition=Q(gnr__isnull=False),
                name="registry_property_cadastre",
                violation_error_message=_("Another property has this cadastral number."),
            ),
            models.UniqueConstraint(
                fields=["organisation", "code"],
                condition=~Q(code=""),
                name="registry_property_code",
                violation_error_message=_("Another property has this number."),
            ),
            models.CheckConstraint(
                condition=Q(gnr__isnull=True, bnr__isnull=True)
                | (Q(gnr__isnull=False, gnr__gt=0, bnr__isnull=False) & ~Q(municipality="")),
                name="registry_property_cadastre_whole",
                violation_error_message=_("A cadastral number has municipality, gnr and bnr."),
            ),
            position_check("registry_property_position"),
        )
        indexes = (models.Index(fields=["organisation", "address"], name="registry_property_addr"),)

    def __str__(self) -> str:
        return self.address or self.name or str(self.cadastre or self.code)

    @property
    def cadastre(self) -> Cadastre | None:
        """The cadastral number, when known."""
        if self.gnr is None or self.bnr is None:
            return None
        return Cadastre(self.municipality, self.gnr, self.bnr, self.fnr, self.snr)


class Unit(Owned):
    """A dwelling, business or common area in a property."""

    class Kind(models.TextChoices):
        DWELLING = "dwelling", _("dwelling")
        BUSINESS = "business", _("business")
        COMMON = "common", _("common area")

    property = models.ForeignKey(Property, on_delete=models.PROTECT, verbose_name=_("property"))
    number = models.CharField(_("number"), max_length=20, help_text=_("Such as H0101."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.DWELLING)
    area = models.DecimalField(_("usable area (m²)"), max_digits=9, decimal_places=2, null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = (
            models.UniqueConstraint(fields=["property", "number"], name="registry_unit_number"),
            models.CheckConstraint(condition=Q(area__isnull=True) | Q(area__gte=0), name="registry_unit_area"),
            models.CheckConstraint(condition=Q(kind__in=["dwelling", "business", "common"]), name="registry_unit_kind"),
        )

    def __str__(self) -> str:
        return f"{self.property} {self.number}"


class Zone(Owned):
    """A district metered area (*målesone*): what flows in and out is measured by its meters."""

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("part of"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints = (models.UniqueConstraint(fields=["organisation", "code"], name="registry_zone_code"),)

    def __str__(self) -> str:
        return self.name or self.code


class MeteringPoint(Owned):
    """A place where a medium is measured; it stays when meters come and go."""

    class Purpose(models.TextChoices):
        BILLING = "billing", _("billing")
        REDUCTION = "reduction", _("reduction (not to the sewer)")
        TECHNICAL = "technical", _("technical")

    code = models.CharField(_("number"), max_length=40)
    medium = models.CharField(_("medium"), max_length=20, validators=[validate_medium])
    gsrn = models.CharField(_("GSRN"), max_length=18, blank=True, validators=[validate_gsrn])
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, default=Purpose.BILLING)
    location = models.CharField(_("location"), max_length=200, blank=True)
    property = models.ForeignKey(Property, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("property"))
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("unit"))
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("main point"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("metering point")
        verbose_name_plural = _("metering points")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "code"], name="registry_point_code"),
            models.UniqueConstraint(
                fields=["organisation", "gsrn"],
                condition=~Q(gsrn=""),
                name="registry_point_gsrn",
                violation_error_message=_("Another metering point has this GSRN."),
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=models.F("id")),
                name="registry_point_not_own_parent",
                violation_error_message=_("A metering point cannot be its own main point."),
            ),
        )

    def __str__(self) -> str:
        return self.code


class ZoneMeter(Owned):
    """A point whose meter measures what enters or leaves a zone: the zone's main meters."""

    class Direction(models.TextChoices):
        IN = "in", _("into the zone")
        OUT = "out", _("out of the zone")

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="main_meters", verbose_name=_("zone"))
    point = models.ForeignKey(MeteringPoint, on_delete=models.PROTECT, verbose_name=_("metering point"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction, default=Direction.IN)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("main meter of a zone")
        verbose_name_plural = _("main meters of zones")
        constraints = (models.UniqueConstraint(fields=["zone", "point"], name="registry_zone_meter_once"),)

    def __str__(self) -> str:
        return f"{self.zone} {self.direction} {self.point}"
