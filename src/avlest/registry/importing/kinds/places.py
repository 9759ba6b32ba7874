# SPDX-License-Identifier: Apache-2.0
"""Lists of places: each row a property, with a unit or a metering point or both in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from avlest.registry.identifiers import Cadastre, parse_cadastre, parse_gsrn, parse_municipality
from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft, find_repeats
from avlest.registry.importing.kinds.base import Kind, column, pick
from avlest.registry.importing.kinds.place_tree import drop_orphans_and_loops
from avlest.registry.importing.lookups import Points, Properties
from avlest.registry.importing.values import canonical, choice, decimal, text, whole
from avlest.registry.media import get_media, parse_medium
from avlest.registry.models import MeteringPoint, Owned, Property, Unit, Zone
from avlest.registry.rights import Right

_MOST = 2_000_000_000
_UNIT_KINDS = {
    "dwelling": ("bolig", "leilighet"),
    "business": ("næring",),
    "common": ("felles", "fellesareal"),
}
_PURPOSES = {
    "billing": ("avregning", "fakturering"),
    "reduction": ("reduksjon", "reduksjonsmåler"),
    "technical": ("teknisk",),
}
PROPERTY_COLUMNS = (
    column("place.cadastre", text(40)),
    column("place.municipality", canonical(parse_municipality)),
    column("place.gnr", whole(1, _MOST)),
    column("place.bnr", whole(0, _MOST)),
    column("place.fnr", whole(0, _MOST)),
    column("place.snr", whole(0, _MOST)),
    column("place.property_code", text(40)),
)
UNIT_COLUMN = column("place.unit", text(20))
POINT_COLUMN = column("place.point", text(40))
_COLUMNS = (
    *PROPERTY_COLUMNS,
    column("place.name", text(200)),
    column("place.address", text(200)),
    column("place.postal_code", text(10)),
    column("place.city", text(100)),
    column("place.latitude", decimal(-90, 90, places=6), numeric=True),
    column("place.longitude", decimal(-180, 180, places=6), numeric=True),
    UNIT_COLUMN,
    column("place.unit_kind", choice(_UNIT_KINDS)),
    column("place.area", decimal(0, Decimal("9999999.99"), places=2), numeric=True),
    POINT_COLUMN,
    column("place.medium", canonical(parse_medium)),
    column("place.gsrn", canonical(parse_gsrn)),
    column("place.purpose", choice(_PURPOSES)),
    column("place.location", text(200)),
    column("place.zone", text(40)),
    column("place.parent", text(40)),
)
_PROPERTY_NAMES = ("name", "address", "postal_code", "city", "latitude", "longitude")
_POINT_NAMES = ("medium", "gsrn", "purpose", "location")


@dataclasses.dataclass(slots=True)
class Builder:
    """Turns rows into properties, units, zones and points; remembers what each line said."""

    draft: Draft
    properties: Properties
    points: Points
    zones: dict[str, Zone]
    said: dict[tuple[int, str], tuple[Any, int]] = dataclasses.field(default_factory=dict)
    # Rows are remembered by identity: keep them alive so that identities stay unique.
    kept: list[Owned] = dataclasses.field(default_factory=list)

    def take(self, row: ParsedRow) -> bool:
        """Take one row in; return whether it makes or changes anything."""
        place = self.find_property(row)
        values = pick(row, *_PROPERTY_NAMES)
        changed = False
        if place is None and has_property(row):
            place, changed = self.make_property(*get_property_key(row)), True
        if place is not None:
            changed |= self.set(place, values, row)
        unit = self.take_unit(row, place) if "unit" in row.values and place is not None else None
        changed |= unit is not None and unit._state.adding
        if "point" in row.values:
            changed |= self.take_point(row, place, unit)
        return changed

    def find_property(self, row: ParsedRow) -> Property | None:
        """Return the property the row names, when it is known."""
        return self.properties.find(*get_property_key(row))

    def make_property(self, cadastre: Cadastre | None, code: str | None) -> Property:
        """Have a property made."""
        numbers = cadastre._asdict() if cadastre else {}
        place = Property(code=code or "", **numbers)
        self.draft.create(place)
        self.properties.add(place)
        return place

    def take_unit(self, row: ParsedRow, place: Property) -> Unit:
        """Return the row's unit, made or changed as the row says."""
        key = (id(place), row.values["unit"])
        unit = self.properties.units.get(key)
        if unit is None:
            unit = Unit(property=place, number=row.values["unit"])
            self.draft.create(unit)
            self.properties.units[key] = unit
        values = {"kind": row.values.get("unit_kind"), "area": row.values.get("area")}
        self.set(unit, {name: value for name, value in values.items() if value is not None}, row)
        return unit

    def take_point(self, row: ParsedRow, place: Property | None, unit: Unit | None) -> bool:
        """Make or change the row's metering point."""
        code = row.values["point"]
        point = self.points.by_code[code]
        values = pick(row, *_POINT_NAMES)
        if "zone" in row.values:
            values["zone"] = self.take_zone(row.values["zone"])
        if "parent" in row.values:
            values["parent"] = self.points.get(row.values["parent"])
        if place is not None:
            values["property"] = place
        if unit is not None:
            values["unit"] = unit
        if point._state.adding:
            self.draft.create(point)
            self.set(point, values, row)
            return True
        return self.set(point, values, row)

    def take_zone(self, code: str) -> Zone:
        """Return the zone with this code, made when it is new."""
        zone = self.zones.get(code)
        if zone is None:
            zone = self.zones[code] = Zone(code=code)
            self.draft.create(zone)
        return zone

    def set(self, row: Owned, values: dict[str, Any], source: ParsedRow) -> bool:
        """Set columns; one line contradicting another about the same thing is an issue."""
        self.kept.append(row)
        for name, value in values.items():
            before = self.said.setdefault((id(row), name), (value, source.line))
            if before[0] != value:
                told = f"line {before[1]} says {before[0]!r} of the same {row._meta.model_name}"
                self.draft.issue(source, name, told, other_line=before[1])
                return False
        return self.draft.change(row, values)


def get_property_key(row: ParsedRow) -> tuple[Cadastre | None, str | None]:
    """Return the cadastral number (set by `check_cadastre`) and own number of the row's property."""
    return row.values.get("_cadastre"), row.values.get("property_code")


def has_property(row: ParsedRow) -> bool:
    """Say whether the row names a property."""
    return any(key is not None for key in get_property_key(row))


def check_cadastre(draft: Draft, row: ParsedRow) -> bool:
    """Put the row's cadastral number together; an issue when it is not whole."""
    values = row.values
    try:
        if "cadastre" in values:
            values["_cadastre"] = parse_cadastre(values["cadastre"], municipality=values.get("municipality", ""))
        elif "gnr" in values or "bnr" in values:
            parts = (values["municipality"], values["gnr"], values["bnr"])
            values["_cadastre"] = Cadastre(*parts, values.get("fnr", 0), values.get("snr", 0))
    except ValueError as error:
        draft.issue(row, "cadastre", f"expected {error}")
        return False
    except KeyError as error:
        draft.issue(row, "gnr", f"expected {error.args[0]} as well: municipality, gnr and bnr go together")
        return False
    return True


def _check_whole(draft: Draft, row: ParsedRow, points: Points) -> bool:
    """Say whether the row names a place and everything its parts need."""
    values = row.values
    if not has_property(row) and ("point" not in values or "unit" in values):
        draft.issue(row, "cadastre", "expected a cadastral number or a property number")
    elif ("latitude" in values) != ("longitude" in values):
        draft.issue(row, "latitude", "expected both latitude and longitude")
    elif "point" in values and values["point"] not in points.by_code:
        return _check_new_point(draft, row)
    return row.line not in draft.bad_lines


def _check_new_point(draft: Draft, row: ParsedRow) -> bool:
    if "medium" not in row.values:
        draft.issue(row, "medium", f"expected one of {', '.join(get_media())} for a new metering point")
    elif get_media()[row.values["medium"]].identifier == "gsrn" and "gsrn" not in row.values:
        draft.issue(row, "gsrn", "expected 18 digits: a point of this medium needs its GSRN")
    return row.line not in draft.bad_lines


def build(draft: Draft, rows: Sequence[ParsedRow], _now: datetime) -> None:
    """Make and change properties, units, zones and points."""
    organisation_id = draft.actor.organisation_id
    points = Points.read(organisation_id)
    good = [row for row in rows if check_cadastre(draft, row) and _check_whole(draft, row, points)]
    with_point = find_repeats(
        draft, [row for row in good if "point" in row.values], lambda row: row.values["point"], "point"
    )
    numbered = find_repeats(
        draft, [row for row in with_point if "gsrn" in row.values], lambda row: row.values["gsrn"], "gsrn"
    )
    _check_gsrn_free(draft, numbered, points)
    good = [row for row in good if row.line not in draft.bad_lines]
    good = drop_orphans_and_loops(draft, good, points)
    for row in good:
        code = row.values.get("point")
        if code is not None and code not in points.by_code:
            points.by_code[code] = MeteringPoint(code=code, gsrn=row.values.get("gsrn", ""))
    builder = _builder(draft, points)
    for row in good:
        changed = builder.take(row)
        draft.unchanged += not changed and row.line not in draft.bad_lines


def _builder(draft: Draft, points: Points) -> Builder:
    """Read what is registered; each point gets the very objects, so that comparing asks nothing."""
    properties = Properties.read(draft.actor.organisation_id)
    zones = {zone.code: zone for zone in Zone.objects.of(draft.actor.organisation_id)}
    places = {row.pk: row for row in properties.by_key.values()}
    units = {row.pk: row for row in properties.units.values()}
    by_id = {row.pk: row for row in zones.values()}
    for point in points.by_code.values():
        if point.property_id is not None:
            point.property = places[point.property_id]
        if point.unit_id is not None:
            point.unit = units[point.unit_id]
        if point.zone_id is not None:
            point.zone = by_id[point.zone_id]
    return Builder(draft, properties, points, zones)


def _check_gsrn_free(draft: Draft, rows: Sequence[ParsedRow], points: Points) -> None:
    for row in rows:
        other = points.by_gsrn.get(row.values["gsrn"])
        if other is not None and other.code != row.values["point"]:
            draft.issue(row, "gsrn", f"metering point {other.code} has it already")


PLACES = Kind(
    name="places",
    columns=_COLUMNS,
    right=Right.CHANGE_PLACES,
    order=(Property, Unit, Zone, MeteringPoint),
    versions=("places",),
    build=build,
)
