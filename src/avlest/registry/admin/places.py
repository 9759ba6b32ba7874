# SPDX-License-Identifier: Apache-2.0
"""Admin of properties, units, zones and metering points."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from avlest.registry.admin.base import OwnedAdmin, ReadOnlyInline
from avlest.registry.media import get_media
from avlest.registry.models import Installation, MeteringPoint, Property, Series, Tenancy, Unit, Zone, ZoneMeter


class UnitInline(ReadOnlyInline):
    """The units of a property."""

    model = Unit
    fields = ("number", "kind", "area")


class PropertyPointInline(ReadOnlyInline):
    """The metering points of a property."""

    model = MeteringPoint
    fields = ("code", "medium", "gsrn", "purpose", "location")


class TenancyInline(ReadOnlyInline):
    """Who has and had the place."""

    model = Tenancy
    fields = ("party", "role", "starts_at", "ends_at")
    ordering = ("-starts_at",)


class InstallationInline(ReadOnlyInline):
    """Which meters hang and hung here."""

    model = Installation
    fields = ("meter", "role", "starts_at", "ends_at", "seal")
    ordering = ("-starts_at",)


class SeriesInline(ReadOnlyInline):
    """What is measured here."""

    model = Series
    fields = ("quantity", "unit", "qualifier", "role", "kind")


class ZoneMeterInline(ReadOnlyInline):
    """What flows in and out of a zone."""

    model = ZoneMeter
    fields = ("point", "direction")


@admin.register(Property)
class PropertyAdmin(OwnedAdmin):
    """Properties."""

    versions = ("places",)
    list_display = ("__str__", "cadastre_text", "postal_code", "city", "organisation")
    list_filter = ("organisation", "municipality", "city")
    list_select_related = ("organisation",)
    search_fields = ("address", "name", "code", "=gnr", "city")
    inlines = (UnitInline, PropertyPointInline, TenancyInline)

    @admin.display(description=_("cadastral number"), ordering="gnr")
    def cadastre_text(self, row: Property) -> str:
        """Return the cadastral number as text."""
        return str(row.cadastre or "")


@admin.register(Unit)
class UnitAdmin(OwnedAdmin):
    """Units."""

    versions = ("places",)
    list_display = ("number", "property", "kind", "area", "organisation")
    list_filter = ("organisation", "kind")
    list_select_related = ("organisation", "property")
    search_fields = ("number", "property__address")
    autocomplete_fields = ("property",)
    inlines = (TenancyInline,)


@admin.register(Zone)
class ZoneAdmin(OwnedAdmin):
    """Zones."""

    versions = ("places",)
    list_display = ("code", "name", "parent", "organisation")
    list_filter = ("organisation",)
    list_select_related = ("organisation", "parent")
    search_fields = ("code", "name")
    autocomplete_fields = ("parent",)
    inlines = (ZoneMeterInline,)


@admin.register(ZoneMeter)
class ZoneMeterAdmin(OwnedAdmin):
    """Main meters of zones."""

    versions = ("places",)
    list_display = ("zone", "direction", "point", "organisation")
    list_filter = ("organisation", "direction")
    list_select_related = ("organisation", "zone", "point")
    search_fields = ("zone__code", "point__code")
    autocomplete_fields = ("zone", "point")


@admin.register(MeteringPoint)
class MeteringPointAdmin(OwnedAdmin):
    """Metering points."""

    versions = ("places", "meters")
    list_display = ("code", "medium_name", "gsrn", "property", "unit", "zone", "organisation")
    list_filter = ("organisation", "medium", "purpose", "zone")
    list_select_related = ("organisation", "property", "unit__property", "zone")
    search_fields = ("code", "gsrn", "location", "property__address")
    autocomplete_fields = ("property", "unit", "zone", "parent")
    inlines = (InstallationInline, SeriesInline)

    @admin.display(description=_("medium"), ordering="medium")
    def medium_name(self, row: MeteringPoint) -> str:
        """Return the medium's name in the reader's language."""
        medium = get_media()[row.medium]
        return medium.names.get(get_language() or "nb", medium.code)


@admin.register(Series)
class SeriesAdmin(OwnedAdmin):
    """Series."""

    versions = ("meters",)
    list_display = ("point", "quantity", "unit", "qualifier", "kind", "role", "organisation")
    list_filter = ("organisation", "quantity", "kind")
    list_select_related = ("organisation", "point")
    search_fields = ("point__code",)
    autocomplete_fields = ("point",)
    fixed_fields = ("organisation", "point", "quantity", "unit", "qualifier", "tariff", "subunit", "kind", "role")
