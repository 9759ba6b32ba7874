# SPDX-License-Identifier: Apache-2.0
"""Choose records and values that cover the fields of a meter family."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from avlest.catalogue.model import Family, Field, Selector, Span
from avlest.telegrams.encode.keys import build_key, derive_data_field, find_vif, find_vifes
from avlest.telegrams.encode.records import RecordSpec, encode_record
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.dif import VARIABLE
from avlest.telegrams.records.model import Coding, Function
from avlest.telegrams.records.parse import Header, find_header_end, parse_header
from avlest.telegrams.units import UNITS

# The VIF that meters mostly send for a quantity.
USUAL_VIFS = {
    "energy": "06", "volume": "13", "mass": "1b", "volume_flow": "3b", "mass_flow": "53", "power": "2b",
    "flow_temperature": "59", "return_temperature": "5d", "external_temperature": "65", "temperature_difference": "61",
    "pressure": "69", "on_time": "22", "operating_time": "26", "actuality_duration": "74", "averaging_duration": "70",
    "voltage": "fd48", "current": "fd59", "remaining_battery": "fd74", "operating_time_battery": "fd6d",
    "frequency": "fb2e", "relative_humidity": "fb1a", "reactive_energy": "fb02", "duration_since_readout": "fd2c",
}  # fmt: skip
# What a household's meters show: quantity -> unit, lowest and highest.
SENSIBLE: dict[str, tuple[str, float, float]] = {
    "energy": ("kwh", 1_000, 60_000),
    "reactive_energy": ("kvarh", 100, 9_000),
    "apparent_energy": ("kvah", 1_000, 60_000),
    "volume": ("m3", 20, 900),
    "volume_flow": ("m3h", 0.05, 2.2),
    "power": ("kw", 0.2, 9),
    "reactive_power": ("kvar", 0.1, 2),
    "apparent_power": ("kva", 0.2, 9),
    "flow_temperature": ("c", 55, 85),
    "return_temperature": ("c", 25, 45),
    "external_temperature": ("c", 4, 26),
    "temperature_difference": ("k", 5, 30),
    "voltage": ("v", 226, 238),
    "current": ("a", 0.5, 16),
    "frequency": ("hz", 49.9, 50.1),
    "relative_humidity": ("rh", 25, 65),
    "pressure": ("bar", 2, 6),
    "remaining_battery": ("d", 700, 4_000),
    "on_time": ("h", 500, 40_000),
    "operating_time": ("h", 500, 40_000),
    "heat_cost_allocation": ("hca", 10, 2_300),
    "actuality_duration": ("s", 1, 60),
    "mass": ("kg", 500, 9_000),
}
TWO_BYTES = ("temperature", "humidity", "pressure", "remaining_battery", "heat_cost", "rssi", "frequency", "voltage")
ROOM = 190
_WHOLE = (Coding.INT, Coding.UINT, Coding.BCD)
FIRST_DAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Item:
    """A record to be sent: header, what the header means, and the value put in."""

    spec: RecordSpec
    header: Header
    coding: Coding
    raw: Any

    @property
    def data(self) -> bytes:
        """The data bytes alone."""
        sent = encode_record(self.spec)[len(self.spec.key) :]
        return sent[1:] if self.header.length == VARIABLE else sent


def draw(*parts: object) -> int:
    """A number of 32 bits that is the same for the same words."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, parts)).encode()).digest()[:4], "big")


def plan_items(family: Family, *, with_flags: bool) -> list[Item]:
    """One or two records for every field that no other field's record feeds already."""
    items: dict[tuple[bytes, int], Item] = {}
    for key in family.when.has:
        items[key, 1] = make_item(family, None, key, with_flags=with_flags)
    for field in family.fields:
        if field.select is None:
            continue
        for occurrence in iterate_span(field.select.nth):
            for key in choose_keys(field, field.select):
                if (key, occurrence) not in items and key not in family.when.lacks:
                    items[key, occurrence] = make_item(family, field, key, with_flags=with_flags)
    return [items[place] for place in sorted(items, key=lambda place: place[1])]


def iterate_span(span: Span) -> range:
    """The first two numbers of a range."""
    return range(span.low, min(span.high, span.low + 1) + 1)


def choose_keys(field: Field, select: Selector) -> Iterator[bytes]:
    """The headers that feed a field: the one it names, or some made from what it wants."""
    if select.key is not None:
        yield select.key
        return
    vif = choose_vif(field, select)
    if vif is None:
        return
    try:
        vifes = find_vifes(tuple(sorted(select.modifiers or (), key=lambda name: (name.startswith("mfct_"), name))))
    except LookupError:  # a modifier that a payload reader gives: no standard record has it
        return
    data_field = choose_data_field(field, select, vif)
    for storage in iterate_span(select.storage):
        for tariff in iterate_span(select.tariff):
            for subunit in iterate_span(select.subunit):
                yield build_key(
                    data_field=data_field, vif=vif, vifes=vifes, function=Function(select.function or "instant"),
                    storage=storage, tariff=tariff, subunit=subunit,
                )  # fmt: skip


def choose_vif(field: Field, select: Selector) -> bytes | None:
    """A VIF for the quantity (one of them) in the unit wanted."""
    if not select.quantities:
        return None
    quantity = sorted(select.quantities)[0]
    if select.quantities & {"date", "datetime"}:
        quantity = "datetime" if field.kind == "datetime" and "datetime" in select.quantities else quantity
        return bytes.fromhex({"date": "6c", "datetime": "6d"}[quantity])
    if select.units:
        return find_vif(quantity, unit=sorted(select.units)[0])
    return bytes.fromhex(USUAL_VIFS[quantity]) if quantity in USUAL_VIFS else find_vif(quantity)


def choose_data_field(field: Field, select: Selector, vif: bytes) -> int:
    """How many bytes, in which coding."""
    quantities = select.quantities or frozenset()
    if "date" in quantities or "datetime" in quantities or field.kind in ("date", "datetime"):
        return derive_data_field(Coding.INT, 2 if vif == b"\x6c" else 4)
    if field.lookups:
        highest = max((code for lookup in field.lookups for code, _ in lookup.names), default=0xFF)
        return derive_data_field(Coding.INT, next(n for n in (1, 2, 4, 8) if highest < 1 << 8 * n))
    if quantities & {"fabrication_number", "enhanced_identification"}:
        return derive_data_field(Coding.BCD, 4)
    if field.kind == "text":
        return derive_data_field(Coding.INT, 2)
    short = any(word in quantity for word in TWO_BYTES for quantity in quantities)
    return derive_data_field(Coding.INT, 2 if short else 4)


def make_item(family: Family, field: Field | None, key: bytes, *, with_flags: bool) -> Item:
    """The record with an invented value that suits its coding and the fields that read it."""
    vif_at, _ = find_header_end(key, 0, len(key))
    header = parse_header(key, vif_at)
    coding = header.coding
    if header.length == VARIABLE:
        coding = Coding.BINARY_VAR if field and (field.kind == "number" or field.lookups) else Coding.TEXT
    lookups = [
        lookup for other in family.fields if other.select and (other is field or other.select.key == key)
        for lookup in other.lookups
    ]  # fmt: skip
    if lookups and coding in (Coding.INT, Coding.UINT, Coding.BCD, Coding.BINARY_VAR):
        raw: Any = choose_flags(lookups) if with_flags else 0
    else:
        raw = choose_value(coding, header.length, draw(family.origin, key.hex()))
        raw = make_sensible(raw, header, coding, draw(family.origin, key.hex(), "value"))
    sent = raw - (1 << 8 * header.length) if coding is Coding.INT and raw >> 8 * header.length - 1 else raw
    length = 4 if coding is Coding.BINARY_VAR else None
    return Item(RecordSpec(key, sent, coding, length), header, coding, raw)


def choose_flags(lookups: Sequence[Any]) -> int:
    """Lowest and highest named bit, the first named code that is not zero, or a decimal weight."""
    flags = 0
    for lookup in lookups:
        codes = sorted(code for code, name in lookup.names if name and code and code & lookup.mask == code)
        if not codes:
            continue
        if lookup.kind == "decimal":
            return int(str(codes[0]), 16)
        flags |= codes[0] | codes[-1] if lookup.kind == "bits" else codes[0]
    return flags


def choose_value(coding: Coding, length: int, chance: int) -> Any:
    """A sensible value for a coding of some bytes."""
    match coding:
        case Coding.INT | Coding.UINT | Coding.BCD | Coding.BINARY_VAR:
            highest = {1: 60, 2: 2400, 3: 90_000}.get(length, 900_000)
            return 1 + chance % highest
        case Coding.REAL:
            return (1 + chance % 4000) / 4
        case Coding.DATE_G:
            return FIRST_DAY + timedelta(days=chance % 700)
        case Coding.DATETIME_F:
            return MeterTime(FIRST_DAY + timedelta(days=chance % 700), chance % 24, chance // 24 % 60)
        case Coding.DATETIME_I:
            day = FIRST_DAY + timedelta(days=chance % 700)
            return MeterTime(day, chance % 24, chance // 24 % 60, chance // 1440 % 60)
        case Coding.TEXT:
            return f"AV{chance % 10000:04}"
    return None


def make_sensible(raw: Any, header: Header, coding: Coding, chance: int) -> Any:
    """A number in the range that people expect of the quantity, if the coding can hold it; else `raw`."""
    meaning = header.meaning
    unit, low, high = SENSIBLE.get(meaning.quantity, ("", 0.0, 0.0))
    if not unit or meaning.unit not in UNITS or coding not in (*_WHOLE, Coding.REAL):
        return raw
    factor = UNITS[unit].factor / UNITS[meaning.unit].factor / meaning.scale
    number = (low + chance % 10_000 / 10_000 * (high - low)) * float(factor)
    if coding is Coding.REAL:
        return round(number * 4) / 4
    highest = 10 ** (2 * header.length) - 1 if coding is Coding.BCD else (1 << 8 * header.length - 1) - 1
    return round(number) if 1 <= round(number) <= highest else raw


def split_items(items: Sequence[Item], always: frozenset[bytes]) -> Iterator[list[Item]]:
    """The records in as few telegrams as hold them; each begins with those that every telegram must have."""
    kept = [item for item in items if item.spec.key in always]
    chunk, size = list(kept), sum(len(encode_record(item.spec)) for item in kept)
    for item in items:
        if item in kept:
            continue
        length = len(encode_record(item.spec))
        if size + length > ROOM and len(chunk) > len(kept):
            yield chunk
            chunk, size = list(kept), sum(len(encode_record(other.spec)) for other in kept)
        chunk.append(item)
        size += length
    yield chunk
