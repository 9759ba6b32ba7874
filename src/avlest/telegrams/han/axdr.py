# SPDX-License-Identifier: Apache-2.0
"""DLMS/COSEM data as A-XDR bytes: every type of the Data choice, read into Python values.

One tag byte, then the value (IEC 62056-6-2, common data types; IEC 61334-6 for the
encoding).  The Python form keeps what the reader of a push list needs to know:

========================================  =================================
type                                      Python value
========================================  =================================
null-data, don't-care                     ``None``
integers, enum, delta integers            ``int``
boolean                                   ``bool``
float32, float64                          ``float``
octet-string, date-time, date, time       ``bytes``
visible-string, utf8-string               ``str``
bit-string                                `BitString`
bcd                                       ``int`` (two digits, as a byte)
array, compact-array                      ``list``
structure                                 ``tuple``
========================================  =================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final, TypeAlias

from avlest.telegrams.outcomes import Outcome, TelegramError

MAX_DEPTH: Final = 12
"""Deepest nesting read; push lists use two or three levels."""


@dataclass(frozen=True, slots=True)
class BitString:
    """A bit string: `bits` counted from the top bit of the first byte of `data`."""

    bits: int
    data: bytes


Value: TypeAlias = "bool | int | float | str | bytes | BitString | list[Value] | tuple[Value, ...] | None"
Read: TypeAlias = "tuple[Value, int]"

ARRAY: Final = 0x01
STRUCTURE: Final = 0x02
OCTETS: Final = 0x09
COMPACT_ARRAY: Final = 0x13

_NUMBERS: Final = {
    0x05: Struct(">i"), 0x06: Struct(">I"), 0x0F: Struct(">b"), 0x10: Struct(">h"),
    0x11: Struct(">B"), 0x12: Struct(">H"), 0x14: Struct(">q"), 0x15: Struct(">Q"),
    0x16: Struct(">B"), 0x17: Struct(">f"), 0x18: Struct(">d"), 0x0D: Struct(">B"),
    0x1C: Struct(">b"), 0x1D: Struct(">h"), 0x1E: Struct(">i"),
    0x1F: Struct(">B"), 0x20: Struct(">H"), 0x21: Struct(">I"),
}  # fmt: skip
_FIXED: Final = {tag: (packer.unpack_from, packer.size) for tag, packer in _NUMBERS.items()}
_OCTETS: Final = {0x19: 12, 0x1A: 5, 0x1B: 4}


def decode_value(data: bytes, offset: int = 0) -> tuple[Value, int]:
    """Read one value of `data` from `offset`; returns it and the offset behind it.

    Raises `TelegramError` BAD_RECORDS where the bytes end inside the value, hold an
    unknown type or nest deeper than `MAX_DEPTH`.
    """
    return _read(data, offset, 0)


def decode_length(data: bytes, offset: int) -> tuple[int, int]:
    """Read a length or count (one byte below 80, else 81-84 and that many bytes)."""
    first = data[offset] if offset < len(data) else -1
    if 0 <= first < 0x80:
        return first, offset + 1
    if first < 0:
        raise _ends(offset, "a length")
    size = first & 0x7F
    end = offset + 1 + size
    if not 1 <= size <= 4 or end > len(data):
        raise _bad(offset, f"length byte {first:02X} is not a length of 1 to 4 bytes")
    return int.from_bytes(data[offset + 1 : end], "big"), end


def _read(data: bytes, offset: int, depth: int) -> Read:
    try:
        tag = data[offset]
    except IndexError:
        raise _ends(offset, "a value") from None
    return _read_untagged(data, offset + 1, tag, depth)


def _read_untagged(data: bytes, offset: int, tag: int, depth: int) -> Read:
    fixed = _FIXED.get(tag)
    if fixed is not None:
        end = offset + fixed[1]
        if end > len(data):
            raise _ends(offset, f"a value of type {tag}")
        return fixed[0](data, offset)[0], end
    reader = _READERS.get(tag)
    if reader is None:
        raise _bad(offset - 1, f"type {tag} is not a DLMS data type")
    return reader(data, offset, depth)


def _read_null(data: bytes, offset: int, depth: int) -> Read:
    return None, offset


def _read_bool(data: bytes, offset: int, depth: int) -> Read:
    raw, end = _take(data, offset, 1)
    return raw != b"\x00", end


def _read_octets(data: bytes, offset: int, depth: int) -> tuple[bytes, int]:
    length = data[offset] if offset < len(data) else 0xFF
    start = offset + 1
    if length >= 0x80:
        length, start = decode_length(data, offset)
    end = start + length
    if end > len(data):
        raise _ends(start, f"a string of {length} bytes")
    return data[start:end], end


def _read_visible(data: bytes, offset: int, depth: int) -> Read:
    raw, end = _read_octets(data, offset, depth)
    return raw.decode("latin-1"), end


def _read_utf8(data: bytes, offset: int, depth: int) -> Read:
    raw, end = _read_octets(data, offset, depth)
    try:
        return raw.decode("utf-8"), end
    except UnicodeDecodeError:
        raise _bad(offset, "a utf8-string is not UTF-8") from None


def _read_bits(data: bytes, offset: int, depth: int) -> Read:
    bits, start = decode_length(data, offset)
    raw, end = _take(data, start, (bits + 7) // 8)
    return BitString(bits, raw), end


def _read_items(data: bytes, offset: int, depth: int) -> tuple[list[Value], int]:
    """Elements of an array or structure.

    Numbers, structures and short octet strings, which push lists consist of, are read in
    this loop; everything else, and all that is wrong, goes to `_read`.
    """
    if depth >= MAX_DEPTH:
        raise _bad(offset, f"values nest deeper than {MAX_DEPTH} levels")
    count, offset = decode_length(data, offset)
    size = len(data)
    if count > size - offset:  # each element has at least its type byte
        raise _ends(offset, f"{count} elements")
    items: list[Value] = []
    value: Value
    for _ in range(count):
        tag = data[offset] if offset < size else -1
        if (number := _FIXED.get(tag)) is not None and (end := offset + 1 + number[1]) <= size:
            value = number[0](data, offset + 1)[0]
        elif tag == STRUCTURE:
            parts, end = _read_items(data, offset + 1, depth + 1)
            value = tuple(parts)
        elif (
            tag == OCTETS
            and offset + 1 < size
            and (end := offset + 2 + data[offset + 1]) <= size
            and end < offset + 130
        ):
            value = data[offset + 2 : end]
        else:
            value, end = _read(data, offset, depth + 1)
        items.append(value)
        offset = end
    return items, offset


def _read_structure(data: bytes, offset: int, depth: int) -> Read:
    items, end = _read_items(data, offset, depth)
    return tuple(items), end


def _read_compact(data: bytes, offset: int, depth: int) -> Read:
    """Compact array: one type description, then the elements without their tags."""
    description, offset = _read_description(data, offset, depth)
    raw, end = _read_octets(data, offset, depth)
    items: list[Value] = []
    at = 0
    while at < len(raw):
        value, at = _read_described(raw, at, description, depth + 1)
        items.append(value)
    return items, end


@dataclass(frozen=True, slots=True)
class _Description:
    """The type of one compact-array element: a tag, or a structure or array of others."""

    tag: int
    parts: tuple[_Description, ...] = ()


def _read_description(data: bytes, offset: int, depth: int) -> tuple[_Description, int]:
    """Read an element type; every type takes at least one byte, so reading always ends."""
    if depth >= MAX_DEPTH:
        raise _bad(offset, f"types nest deeper than {MAX_DEPTH} levels")
    raw, after = _take(data, offset, 1)
    tag = raw[0]
    if tag == ARRAY:
        return _describe_array(data, after, depth)
    if tag == STRUCTURE:
        return _describe_structure(data, after, depth)
    if tag in (0x00, 0xFF, COMPACT_ARRAY):
        raise _bad(offset, f"type {tag} cannot be the element of a compact array")
    return _Description(tag), after


def _describe_array(data: bytes, offset: int, depth: int) -> tuple[_Description, int]:
    raw, after = _take(data, offset, 2)
    part, after = _read_description(data, after, depth + 1)
    count = _check_count(int.from_bytes(raw, "big"), data, offset)
    return _Description(ARRAY, (part,) * count), after


def _describe_structure(data: bytes, offset: int, depth: int) -> tuple[_Description, int]:
    count, after = decode_length(data, offset)
    parts: list[_Description] = []
    for _ in range(_check_count(count, data, offset)):
        part, after = _read_description(data, after, depth + 1)
        parts.append(part)
    return _Description(STRUCTURE, tuple(parts)), after


def _check_count(count: int, data: bytes, offset: int) -> int:
    if not 1 <= count <= len(data):
        raise _bad(offset, f"a compact array cannot hold elements of {count} parts")
    return count


def _read_described(data: bytes, offset: int, kind: _Description, depth: int) -> Read:
    """Read a value whose type is known and whose tag is therefore not sent."""
    if kind.tag in (ARRAY, STRUCTURE):
        items: list[Value] = []
        for part in kind.parts:
            value, offset = _read_described(data, offset, part, depth + 1)
            items.append(value)
        return (items if kind.tag == ARRAY else tuple(items)), offset
    return _read_untagged(data, offset, kind.tag, depth)


def _fixed_octets(size: int) -> Callable[[bytes, int, int], Read]:
    def read(data: bytes, offset: int, depth: int) -> Read:
        return _take(data, offset, size)

    return read


def _take(data: bytes, offset: int, size: int) -> tuple[bytes, int]:
    end = offset + size
    if end > len(data):
        raise _ends(offset, f"{size} bytes")
    return data[offset:end], end


def _ends(offset: int, what: str) -> TelegramError:
    return _bad(offset, f"the data end inside {what}")


def _bad(offset: int, detail: str) -> TelegramError:
    return TelegramError(Outcome.BAD_RECORDS, f"{detail} (byte {offset})", offset=offset)


_READERS: Final[dict[int, Callable[[bytes, int, int], Read]]] = {
    0x00: _read_null,
    ARRAY: _read_items,
    STRUCTURE: _read_structure,
    0x03: _read_bool,
    0x04: _read_bits,
    OCTETS: _read_octets,
    0x0A: _read_visible,
    0x0C: _read_utf8,
    COMPACT_ARRAY: _read_compact,
    **{tag: _fixed_octets(size) for tag, size in _OCTETS.items()},
    0xFF: _read_null,
}
