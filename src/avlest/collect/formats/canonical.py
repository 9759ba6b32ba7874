# SPDX-License-Identifier: Apache-2.0
"""Readings that no telegram carries (typed in, walked by, from a file): their one JSON form.  Pure.

The payload of a `Heard` of the road "reading" is `{"readings": [...]}`, the readings of one
meter or point, keys sorted, values as decimal text so that no digit is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from avlest.collect.formats.fields import Fields, parse_json
from avlest.collect.formats.model import FormatError
from avlest.collect.heard import READING, Heard
from avlest.registry.importing.columns import parse_unit_name
from avlest.telegrams.units import UnitError, get_unit

QUALITIES: Final = ("measured", "estimated", "manual", "final_estimated", "temporary")
DIRECTIONS: Final = ("", "import", "export")
MOST_PER_MESSAGE: Final = 96
"""Readings that one message holds at most: a day of quarters."""
LONGEST_ADDRESS: Final = 32
_MOST_DIGITS: Final = 15
_AHEAD: Final = timedelta(days=1)
_NEEDS = "a decimal number of at most 15 digits"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a meter (`meter`: serial) or of a metering point (`point`: its identifier).

    `value` in `unit` is the state of the register at `at`; with `since` it is the amount used in
    [`since`, `at`).  `quantity` is empty where the file does not say: it follows from the unit.
    """

    at: datetime
    value: Decimal
    meter: str = ""
    point: str = ""
    quantity: str = ""
    unit: str = ""
    since: datetime | None = None
    direction: str = ""
    quality: str = "manual"
    note: str = ""


def to_heard(readings: Sequence[Reading], *, received_at: datetime, source: str, gateway: str = "") -> Heard:
    """Return readings of one meter or point as the message that goes to the inbox."""
    first = readings[0]
    if any((other.meter, other.point) != (first.meter, first.point) for other in readings):
        raise FormatError("readings of different meters, expected one meter or point in a message", field="readings")
    address = first.meter or first.point
    return Heard(received_at, source, READING, dump_readings(readings), gateway=gateway, address=address)


def write_meter_address(meter_id: int) -> str:
    """Return the address of one meter of the register: two organisations may have meters with one serial.

    No serial has a colon, so that it is taken for no other.
    """
    return f"meter:{meter_id}"


def dump_readings(readings: Sequence[Reading]) -> bytes:
    """Return the canonical JSON of some readings."""
    rows = [
        {
            "at": reading.at.isoformat(),
            "direction": reading.direction,
            "meter": reading.meter,
            "note": reading.note,
            "point": reading.point,
            "quality": reading.quality,
            "quantity": reading.quantity,
            "since": reading.since.isoformat() if reading.since else "",
            "unit": reading.unit,
            "value": format(reading.value, "f"),
        }
        for reading in readings
    ]
    return json.dumps({"readings": rows}, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def load_readings(payload: bytes) -> tuple[Reading, ...]:
    """Return the readings of a message; `FormatError` names the field that is wrong."""
    fields = Fields(parse_json(payload))
    utc = ZoneInfo("UTC")
    return tuple(parse_reading_fields(item, at=None, zone=utc) for item in fields.get_objects("readings"))


def parse_reading_fields(item: Fields, *, at: datetime | None, zone: ZoneInfo) -> Reading:
    """Return one reading of a JSON object; `at` is its time where it says none.

    Raises `FormatError` naming the field and what is expected.
    """
    meter, point = _word(item, "meter", LONGEST_ADDRESS), _word(item, "point", LONGEST_ADDRESS)
    if not meter and not point:
        raise item.fail("meter", "the serial of a meter, or a point")
    when = _instant(item, "at", zone) or at
    if when is None or (at is not None and when > at + _AHEAD):
        raise item.fail("at", "a time such as 2026-01-31T12:00:00Z that is not ahead")
    since = _instant(item, "since", zone)
    if since is not None and since >= when:
        raise item.fail("since", "a time before at")
    return Reading(
        at=when,
        value=parse_value(item),
        meter=meter,
        point=point,
        quantity=_word(item, "quantity", 40),
        unit=_unit(item),
        since=since,
        direction=_choice(item, "direction", DIRECTIONS, ""),
        quality=_choice(item, "quality", QUALITIES, "manual"),
        note=item.get_text("note")[:500],
    )


def parse_value(item: Fields) -> Decimal:
    """Return the value of a reading, exact."""
    raw: Any = item.values.get("value")
    try:
        # A float's shortest text is what the sender wrote.
        value = Decimal(raw if isinstance(raw, str) else repr(raw)) if not isinstance(raw, bool) else Decimal("NaN")
    except InvalidOperation as error:
        raise item.fail("value", _NEEDS) from error
    if not value.is_finite() or len(value.as_tuple().digits) > _MOST_DIGITS or not -12 <= value.adjusted() <= 15:
        raise item.fail("value", _NEEDS)
    return value


def _instant(item: Fields, name: str, zone: ZoneInfo) -> datetime | None:
    text = item.get_text(name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise item.fail(name, "a time such as 2026-01-31T12:00:00Z") from error


def _unit(item: Fields) -> str:
    name = item.get_text("unit")
    try:
        return get_unit(parse_unit_name(name)).name
    except UnitError as error:
        raise item.fail("unit", "a unit such as m3 or kwh") from error


def _word(item: Fields, name: str, most: int) -> str:
    text = item.get_text(name).strip()
    if len(text) > most or not text.isprintable():
        raise item.fail(name, f"at most {most} printable characters")
    return text


def _choice(item: Fields, name: str, choices: tuple[str, ...], default: str) -> str:
    value = item.get_text(name) or default
    if value not in choices:
        raise item.fail(name, f"one of {', '.join(choice for choice in choices if choice)}")
    return value
