# SPDX-License-Identifier: Apache-2.0
"""Every byte of a payload in words, for `avlest explain`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from avlest.telegrams.records.dif import (
    GLOBAL_READOUT,
    IDLE_FILLER,
    MORE_FOLLOWS,
    VARIABLE_FIELD,
)
from avlest.telegrams.records.model import Coding, Function, Payload, Record, VifMeaning
from avlest.telegrams.records.profiles import parse_spacing
from avlest.telegrams.records.values import decode_value, scale_number
from avlest.telegrams.records.vif import PLAIN_TEXT, parse_vib
from avlest.telegrams.units import UNITS

Piece = tuple[int, int, str]
"""Half-open span of payload bytes, and what they say."""

_DATA_FIELDS: Final = {
    0x0: "no data",
    0x1: "8-bit integer",
    0x2: "16-bit integer",
    0x3: "24-bit integer",
    0x4: "32-bit integer",
    0x5: "32-bit real",
    0x6: "48-bit integer",
    0x7: "64-bit integer",
    0x8: "selection for readout",
    0x9: "2 BCD digits",
    0xA: "4 BCD digits",
    0xB: "6 BCD digits",
    0xC: "8 BCD digits",
    0xD: "variable length",
    0xE: "12 BCD digits",
}

_FUNCTIONS: Final = {
    Function.INSTANT: "present value",
    Function.MAXIMUM: "maximum",
    Function.MINIMUM: "minimum",
    Function.ERROR: "value during an error",
}

_SPECIAL: Final = {
    0x0F: "manufacturer data follows to the end",
    MORE_FOLLOWS: "manufacturer data follows to the end, and more records in the next telegram",
    IDLE_FILLER: "filler",
    GLOBAL_READOUT: "request for everything the meter can send",
}

_SHOWN_DECIMALS: Final = 9
COMPACT_HEAD: Final = 4


def _words(name: str) -> str:
    return name.replace("_", " ")


def describe_unit(unit: str) -> str:
    """The label of a unit as people read it, empty where there is none."""
    return UNITS[unit].label if unit in UNITS else unit


def format_number(number: Fraction | float) -> str:
    """A number in plain decimal digits, without trailing zeros."""
    if isinstance(number, Fraction) and number.denominator == 1:
        return str(number.numerator)
    return f"{float(number):.{_SHOWN_DECIMALS}f}".rstrip("0").rstrip(".")


def describe_meaning(meaning: VifMeaning) -> str:
    """Quantity, modifiers, unit and step of a VIF with its VIFEs, on one line."""
    parts = [_words(meaning.quantity)]
    if meaning.text:
        parts[0] = f'"{meaning.text}" (plain text)'
    parts += [_words(name) for name in meaning.modifiers]
    text = ", ".join(parts)
    label = describe_unit(meaning.unit)
    if meaning.scale != 1 or label:
        text += f" [{format_number(meaning.scale)} {label}".rstrip() + "]"
    if meaning.offset:
        text += f" plus {format_number(meaning.offset)}"
    return text


def _describe_dif(record: Record) -> str:
    return f"DIF: {_DATA_FIELDS[record.key[0] & 0x0F]}, {_FUNCTIONS[record.function]}"


def _describe_number(name: str, value: int) -> str:
    return f", {name} {value}" if value else ""


def _find_vif(key: bytes) -> int:
    at = 0
    while key[at] & 0x80:
        at += 1
    return at + 1


def _describe_places(record: Record) -> str:
    text = _describe_number("storage", record.storage)
    text += _describe_number("tariff", record.tariff)
    return text + _describe_number("subunit", record.subunit)


def _vif_lengths(vib: bytes) -> Iterator[int]:
    """Byte counts of the VIF proper and of each VIFE behind it."""
    if vib[0] & 0x7F == PLAIN_TEXT:
        first = 2 + vib[1]
    elif vib[0] == 0xFD and len(vib) > 2 and vib[1] == 0xFD:
        first = 3
    elif vib[0] in (0xFB, 0xFD, 0xEF):
        first = min(2, len(vib))
    else:
        first = 1
    yield first
    yield from (1 for _ in vib[first:])


def _describe_vife(vife: int, before: bytes, after: bytes) -> str:
    """What one VIFE adds: the difference between the meaning without it and with it."""
    if vife & 0x7F == 0x7F and len(after) == len(before) + 1:
        return "VIFE: manufacturer specific from here on"
    old, new = parse_vib(before).meaning, parse_vib(after).meaning
    added = new.modifiers[len(old.modifiers) :]
    if added:
        return f"VIFE: {', '.join(_words(name) for name in added)}"
    if vife == 0xFC:
        return "VIFE: one of the extended table follows"
    if old.scale == new.scale and old.offset != new.offset:
        return f"VIFE: plus {format_number(new.offset - old.offset)}"
    return f"VIFE: times {format_number(new.scale / old.scale)}"


def _describe_vib(record: Record, start: int, vib: bytes) -> Iterator[Piece]:
    position = 0
    for index, length in enumerate(_vif_lengths(vib)):
        end = position + length
        if index:
            text = _describe_vife(vib[position], vib[:position], vib[:end])
        else:
            text = f"VIF: {describe_meaning(parse_vib(vib[:end]).meaning)}"
        yield start + position, start + end, text
        position = end


def _describe_header(record: Record) -> Iterator[Piece]:
    at = record.offset
    split = _find_vif(record.key)
    places = _describe_places(record)
    yield at, at + 1, _describe_dif(record) + ("" if split > 1 else places)
    if split > 1:
        yield at + 1, at + split, "DIFE: " + (places.removeprefix(", ") or "storage 0")
    yield from _describe_vib(record, at + split, record.key[split:])


def describe_data(record: Record) -> str:
    """The value of a record in words: number with unit, date, text, or what is wrong."""
    if record.coding is Coding.RAW:
        return _describe_raw(record)
    value = decode_value(record)
    if value is None:
        return "no data" if not record.data else "no valid value"
    number = scale_number(record)
    if number is None:
        return repr(value) if isinstance(value, str) else str(value)
    return f"{format_number(number)} {describe_unit(record.meaning.unit)}".rstrip()


def _describe_raw(record: Record) -> str:
    if "profile" not in " ".join(record.meaning.modifiers) or len(record.data) < 2:
        return f"{len(record.data)} bytes as they are"
    spacing = parse_spacing(record.data[0], record.data[1])
    step = f"every {spacing.count} {_words(spacing.unit)}"
    return f"profile, {step}, {len(record.data) - 2} bytes of entries"


def _has_header(record: Record) -> bool:
    """Whether the header bytes are in the payload: not in compact frames, nor in makers' own."""
    return record.offset >= 0 and record.data_offset - record.offset >= len(record.key) > 0


def describe_record(record: Record) -> tuple[Piece, ...]:
    """(start, end, text) for every byte of a record, in order and without gaps.

    Offsets are those of the payload the record was parsed from.  Where its header is not in
    the payload (compact frames, makers' own layouts), its meaning is told with the data.
    """
    pieces: list[Piece] = []
    has_header = _has_header(record)
    if has_header:
        pieces += _describe_header(record)
    has_lvar = record.key[:1] != b"" and record.key[0] & 0x0F == VARIABLE_FIELD
    if has_lvar and record.offset != record.data_offset:
        at = record.data_offset - 1
        pieces.append((at, at + 1, f"LVAR: {record.data_length} bytes, {record.coding.value}"))
    if record.data_length:
        name = "" if has_header else f"{describe_meaning(record.meaning)}: "
        end = record.data_offset + record.data_length
        pieces.append((record.data_offset, end, name + describe_data(record)))
    return tuple(pieces)


def _is_structure(parsed: Payload, at: int) -> bool:
    return any(start <= at < end for start, end in parsed.structure)


def _describe_gap(payload: bytes, start: int, end: int, parsed: Payload) -> Iterator[Piece]:
    """Bytes no record covers: fillers, markers, manufacturer data, what was not read."""
    at = start
    while at < end and payload[at] in _SPECIAL and _is_structure(parsed, at):
        dif, stop = payload[at], at + 1
        while dif == IDLE_FILLER and stop < end and payload[stop] == IDLE_FILLER and _is_structure(parsed, stop):
            stop += 1
        yield at, stop, _SPECIAL[dif]
        at = stop
    if at == end:
        return
    if parsed.manufacturer_data is not None and at >= parsed.manufacturer_data[0]:
        yield at, end, "manufacturer data"
    else:
        yield at, end, f"not read: {parsed.error.detail}" if parsed.error else "not read"


def _describe_compact_head(payload: bytes) -> tuple[Piece, ...]:
    return (
        (0, 2, f"format signature {int.from_bytes(payload[:2], 'little'):04X}"),
        (2, 4, f"CRC of the full frame {int.from_bytes(payload[2:4], 'little'):04X}"),
    )


def describe_payload(payload: bytes, parsed: Payload) -> tuple[Piece, ...]:
    """(start, end, text) for every byte of a payload, in order and without gaps.

    `parsed` is what `parse_records` or `parse_compact` made of `payload`; records that a
    payload reader laid over a maker's own layout may overlap, and their pieces then do.
    """
    pieces: list[Piece] = []
    at = 0
    described = (describe_record(record) for record in parsed.records)
    for record_pieces in sorted(filter(None, described)):
        start = record_pieces[0][0]
        if start == COMPACT_HEAD and not pieces and parsed.records[0].offset < 0:
            pieces += _describe_compact_head(payload)
            at = start
        if start > at:
            pieces += _describe_gap(payload, at, start, parsed)
        pieces += record_pieces
        at = max(at, record_pieces[-1][1])
    if at < len(payload):
        pieces += _describe_gap(payload, at, len(payload), parsed)
    return tuple(pieces)
