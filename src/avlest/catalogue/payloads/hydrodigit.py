# SPDX-License-Identifier: Apache-2.0
"""BMeters Hydrodigit water meters: standard records, then blocks behind DIF 0F.

The first byte behind 0F says which blocks follow, in this order: battery (01), fraud
(02), leak (80), backflow (04) and twelve months (10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_record, format_date, read_bcd
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload, Record

# bit in the contents byte, and the parts of the block: key and bytes
_BLOCKS: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = (
    (0x01, (("01FF01", 1),)),
    (0x02, (("01FF02", 1), ("03FF02", 3))),
    (0x80, (("03FF03", 3),)),
    (0x04, (("04933C", 4),)),
    (0x10, tuple((f"03FF{month:02X}", 3) for month in range(0x11, 0x1D))),
)
_BACKFLOW = "04933C"
_LITRE = Fraction(1, 1000)
_VOLTS = (3.7, 1.9, 2.1, 2.2, 2.3, 2.4, 2.5, 2.65, 2.8, 2.9, 3.05, 3.2, 3.35, 3.5, 3.7, 3.7)
_EMPTY = 10_000_000  # tens of litres; from here on (FFFFFF) the month was not recorded, printed 0


def parse_payload(clear: Clear) -> Payload:
    """The standard records, the contents byte, and the parts of every block that is whole."""
    records = clear.records
    if records.manufacturer_data is None or records.manufacturer_data[0] >= len(clear.payload):
        return records
    start, end = records.manufacturer_data
    own, error = parse_blocks(clear.payload, start, end)
    return replace(
        records,
        records=(*records.records, *own),
        structure=(*records.structure, (start, start + 1)),
        error=records.error or error,
    )


def parse_blocks(payload: bytes, start: int, end: int) -> tuple[list[Record], TelegramError | None]:
    """The contents byte at `start` and the parts it announces; an error where they break off."""
    parts, at = [build_record(payload, (start, start + 1), key="01FF05")], start + 1
    for key, length in iterate_parts(payload[start]):
        if at + length > end:
            detail = f"hydrodigit: {length} bytes are announced, {end - at} are there"
            return parts, TelegramError(Outcome.BAD_PAYLOAD, detail, offset=at)
        parts.append(build_part(payload, at, length, key))
        at += length
    return parts, None


def iterate_parts(contents: int) -> Iterator[tuple[str, int]]:
    """Key and length of every part of the blocks that a contents byte announces."""
    for bit, parts in _BLOCKS:
        if contents & bit:
            yield from parts


def build_part(payload: bytes, at: int, length: int, key: str) -> Record:
    """One part; the backflow is a volume in litres, the others are read by the functions below."""
    if key == _BACKFLOW:
        return build_record(payload, (at, at + length), key=key, quantity="volume", unit="m3", scale=_LITRE)
    return build_record(payload, (at, at + length), key=key)


def compute_voltage(data: bytes) -> float:
    """The battery's voltage by the low four bits."""
    return _VOLTS[data[0] & 0x0F]


def compute_month(data: bytes) -> float:
    """The register at a month's end in cubic metres."""
    raw = int.from_bytes(data, "little")
    return raw / 100 if raw < _EMPTY else 0.0


def format_day(data: bytes) -> str | None:
    """Year, month and day in BCD; None where nothing happened.

    The month's upper bits are not its own: only its tens digit counts.
    """
    year, month, day = data
    return format_date(2000 + read_bcd(year), read_bcd(month & 0x1F), read_bcd(day))
