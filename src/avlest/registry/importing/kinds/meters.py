# SPDX-License-Identifier: Apache-2.0
"""Lists of meters, with or without their keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from avlest.registry.identifiers import (
    parse_dev_eui,
    parse_manufacturer,
    parse_meter_key,
    parse_serial,
)
from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft, find_repeats
from avlest.registry.importing.kinds.base import Kind, column, pick
from avlest.registry.importing.kinds.sealing import Sealer
from avlest.registry.importing.lookups import Meters
from avlest.registry.importing.values import canonical, text, whole
from avlest.registry.models import Meter, MeterKey
from avlest.registry.rights import Right

MANUFACTURER = column("meter.manufacturer", canonical(parse_manufacturer))
SERIAL = column("meter.serial", canonical(parse_serial), required=True)
KEY = column("meter.key", canonical(parse_meter_key), secret=True)
PRINTED_NUMBER = column("meter.printed_number", text(40))
MODEL = column("meter.model", text(100))
_ATTRIBUTES = (
    PRINTED_NUMBER,
    column("meter.dev_eui", canonical(parse_dev_eui)),
    column("meter.version", whole(0, 255)),
    column("meter.device_type", whole(0, 255)),
    column("meter.family", text(60)),
    MODEL,
    column("meter.size_class", text(20)),
    column("meter.production_year", whole(1950, 2199)),
)
_NAMES = tuple(c.name for c in _ATTRIBUTES)


def build(draft: Draft, rows: Sequence[ParsedRow], now: datetime) -> None:
    """Make unknown meters, change known ones where the file says otherwise, set keys."""
    known = Meters.read(draft.actor.organisation_id)
    sealer = Sealer.read(draft, now) if any("key" in row.values for row in rows) else None
    named = [row for row in rows if "manufacturer" in row.values or _name_maker(draft, row, known)]
    for row in find_repeats(draft, named, _identify, "serial"):
        before = known.by_address.get(_identify(row))
        changed = _take(draft, row, before, known)
        if sealer is not None and "key" in row.values:
            changed |= sealer.take(known.by_address[_identify(row)], row.values["key"])
        draft.unchanged += not changed


def _identify(row: ParsedRow) -> tuple[str, str]:
    return row.values["manufacturer"], row.values["serial"]


def _name_maker(draft: Draft, row: ParsedRow, known: Meters) -> bool:
    """Fill in the maker of a known meter; a new one needs it in the file."""
    found = known.by_serial.get(row.values["serial"], [])
    if len(found) == 1:
        row.values["manufacturer"] = found[0].manufacturer
        return True
    draft.issue(row, "manufacturer", "expected the maker's three letters, such as KAM, for a new meter")
    return False


def _take(draft: Draft, row: ParsedRow, meter: Meter | None, known: Meters) -> bool:
    values = pick(row, *_NAMES)
    if meter is not None:
        return draft.change(meter, values)
    maker, serial = _identify(row)
    fresh = Meter(manufacturer=maker, serial=serial, **values)
    draft.create(fresh)
    known.add(fresh)
    return True


METERS = Kind(
    name="meters",
    columns=(MANUFACTURER, SERIAL, KEY, *_ATTRIBUTES),
    right=Right.CHANGE_METERS,
    order=(Meter, MeterKey),
    versions=("meters", "keys"),
    build=build,
)
