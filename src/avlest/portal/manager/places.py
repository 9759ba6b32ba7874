# SPDX-License-Identifier: Apache-2.0
"""Property → unit → metering point: one page a level with the same head, each reached from the one above."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.manager.crumbs import address_of, at_properties, at_property, at_unit, make_crumbs, name_point
from avlest.portal.manager.media import name_medium, say
from avlest.portal.manager.people import Person, access_people, may_know_people, name_residents
from avlest.portal.manager.rows import pick, read_rows
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, Table, answer_csv
from avlest.registry.access import access_row
from avlest.registry.models import Installation, Meter, MeteringPoint, Property, Unit
from avlest.registry.rights import Right


@dataclasses.dataclass(frozen=True, slots=True)
class PropertyRow:
    """A property in the list."""

    id: int
    name: str
    cadastre: str
    code: str
    units: int
    points: int


@dataclasses.dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit in the list of its property."""

    id: int
    number: str
    kind: str
    who: str
    points: int


@dataclasses.dataclass(frozen=True, slots=True)
class PointRow:
    """A metering point with the meter that hangs there."""

    id: int
    name: str
    code: str
    medium: str
    meter_id: int | None
    serial: str


@require_safe
def show_properties(request: ViewerRequest) -> HttpResponse:
    """All properties, with search; `format=csv` gives them as a file."""
    table = _make_properties(request)
    if table.wants_csv:
        return answer_csv(table, "eiendommer")
    context = {"table": table, "crumbs": make_crumbs(*at_properties())}
    return render(request, "portal/manager/properties.html", context)


def _make_properties(request: ViewerRequest) -> Table:
    columns = (
        Column("name", _("Property"), lambda row: row.name, link=lambda row: address_of("property", row.id)),
        Column("cadastre", _("Gnr/bnr"), lambda row: row.cadastre),
        Column("code", _("Own number"), lambda row: row.code),
        Column("units", _("Units"), lambda row: row.units, is_number=True, can_sort=False),
        Column("points", _("Metering points"), lambda row: row.points, is_number=True, can_sort=False),
    )
    orders = {"name": ("address", "name"), "cadastre": ("municipality", "gnr", "bnr", "fnr", "snr"), "code": ("code",)}
    return read_rows(
        request.GET, caption=_("Properties"), columns=columns, rows=Property.objects.of(request.viewer.scope),
        orders=orders, convert=_to_properties, search=search_properties, sort="name",
        empty=_("No property matches."),
    )  # fmt: skip


def search_properties(rows: QuerySet[Property], word: str) -> QuerySet[Property]:
    """Narrow properties by one word: address, name, own number, or gnr/bnr."""
    wanted = Q(address__icontains=word) | Q(name__icontains=word) | Q(code__icontains=word) | Q(city__icontains=word)
    numbers = word.rpartition("-")[2].split("/")
    if 1 < len(numbers) < 5 and all(number.isascii() and number.isdigit() and len(number) < 9 for number in numbers):
        wanted |= Q(**dict(zip(("gnr", "bnr", "fnr", "snr"), map(int, numbers), strict=False)))
    return rows.filter(wanted)


def _to_properties(rows: Sequence[Property]) -> list[PropertyRow]:
    ids = pick(rows, "pk")
    units = _count(Unit.objects.filter(property_id__in=ids), "property_id")
    own = _count(MeteringPoint.objects.filter(property_id__in=ids, unit__isnull=True), "property_id")
    inside = _count(MeteringPoint.objects.filter(unit__property_id__in=ids), "unit__property_id")
    return [
        PropertyRow(
            row.pk, str(row), str(row.cadastre or ""), row.code, units.get(row.pk, 0),
            own.get(row.pk, 0) + inside.get(row.pk, 0),
        )
        for row in rows
    ]  # fmt: skip


def _count(rows: QuerySet[Unit] | QuerySet[MeteringPoint], column: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(column).annotate(number=Count("pk")))


@require_safe
def show_property(request: ViewerRequest, property_id: int) -> HttpResponse:
    """A property: whose it is, its units, the meters that belong to the building itself."""
    row = access_row(Property, request.viewer.actor, property_id, right=Right.VIEW_PLACES)
    points = MeteringPoint.objects.of(request.viewer.scope).filter(property=row, unit__isnull=True)
    context = {
        "row": row,
        "people": access_people(request.viewer, properties=[row.pk], now=request.now, past=True),
        "units": _list_units(request, row),
        "knows_people": may_know_people(request.viewer),
        "points": list_points(points),
        "crumbs": make_crumbs(*at_property(row)),
    }
    return render(request, "portal/manager/property.html", context)


def _list_units(request: ViewerRequest, row: Property) -> list[UnitRow]:
    units = list(Unit.objects.filter(property=row).annotate(points=Count("meteringpoint")).order_by("number"))
    people: dict[int | None, list[Person]] = {}
    for person in access_people(request.viewer, units=pick(units, "pk"), now=request.now):
        people.setdefault(person.unit_id, []).append(person)
    return [
        UnitRow(each.pk, each.number, say(each.kind), name_residents(people.get(each.pk, [])), each.points)
        for each in units
    ]


@require_safe
def show_unit(request: ViewerRequest, unit_id: int) -> HttpResponse:
    """A dwelling or other unit: who has lived there, what is measured."""
    row = access_row(Unit, request.viewer.actor, unit_id, right=Right.VIEW_PLACES)
    context = {
        "row": row,
        "kind": say(row.kind),
        "people": access_people(request.viewer, units=[row.pk], now=request.now, past=True),
        "knows_people": may_know_people(request.viewer),
        "points": list_points(MeteringPoint.objects.of(request.viewer.scope).filter(unit=row)),
        "crumbs": make_crumbs(*at_unit(row)),
    }
    return render(request, "portal/manager/unit.html", context)


def list_points(points: QuerySet[MeteringPoint]) -> list[PointRow]:
    """Points with the main meter that hangs there now: two queries."""
    rows = list(points.order_by("code"))
    hung = {each.point_id: each.meter for each in _list_open(pick(rows, "pk"))}
    return [_to_point(row, hung.get(row.pk)) for row in rows]


def _list_open(points: Sequence[int]) -> QuerySet[Installation]:
    rows = Installation.objects.filter(point_id__in=points, role="main", ends_at__isnull=True)
    return rows.select_related("meter")


def _to_point(row: MeteringPoint, meter: Meter | None) -> PointRow:
    number = "" if meter is None else meter.printed_number or meter.serial
    return PointRow(row.pk, name_point(row), row.code, name_medium(row.medium), meter.pk if meter else None, number)
