# SPDX-License-Identifier: Apache-2.0
"""BMeters Hydroclima 2 heat cost allocators: standard records, then a frame behind DIF 0F.

Frame 10 (RFM-TX of version 53) and frame 11 (version 85, "KA1") begin alike: status,
time and date of the module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_record, read_word
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload, Record

_CENTI = Fraction(1, 100)
_NO_TEMPERATURE = 0x8000


@dataclass(frozen=True, slots=True)
class _Part:
    """One number of a frame: where it stands behind 0F, its bytes, key and unit."""

    offset: int
    length: int
    key: str
    unit: str


# The key's last byte numbers the parts of one kind.
_AMBIENT, _MAXIMUM, _LAST_AMBIENT, _LAST_HEATER, _HEATER = "02FF41", "02FF42", "02FF43", "02FF44", "02FF45"
_TOTAL, _STATUS = "03FF31", "02FF10"

_FRAMES: dict[int, tuple[int, tuple[_Part, ...]]] = {
    0x10: (
        24,
        (
            _Part(1, 2, _STATUS, ""),
            _Part(7, 2, _AMBIENT, "c"),
            _Part(9, 2, _MAXIMUM, "c"),
            _Part(15, 2, _LAST_AMBIENT, "c"),
            _Part(17, 2, _LAST_HEATER, "c"),
            _Part(21, 3, _TOTAL, "hca"),
        ),
    ),
    0x11: (
        47,
        (
            _Part(1, 2, _STATUS, ""),
            _Part(9, 2, _HEATER, "c"),
            _Part(11, 2, _AMBIENT, "c"),
            _Part(13, 2, _MAXIMUM, "c"),
            _Part(17, 2, _LAST_HEATER, "c"),
            _Part(19, 2, _LAST_AMBIENT, "c"),
            *(_Part(21 + 2 * number, 2, f"02FF2{number + 1}", "hca") for number in range(4)),
            *(_Part(29 + 2 * number, 2, f"02FF5{number + 1}", "c") for number in range(3)),
            _Part(44, 3, _TOTAL, "hca"),
        ),
    ),
}
_QUANTITIES = {"c": "external_temperature", "hca": "heat_cost_allocation", "": "manufacturer_specific"}


def parse_payload(clear: Clear) -> Payload:
    """The standard records and those of the frame behind 0F; an unknown or short frame is an error."""
    records = clear.records
    if records.manufacturer_data is None:
        return records
    start, end = records.manufacturer_data
    own, error = _parse_frame(clear.payload, start, end)
    return replace(
        records,
        records=(*records.records, *own),
        structure=(*records.structure, (start, min(start + 1, end))),
        error=records.error or error,
    )


def _parse_frame(payload: bytes, start: int, end: int) -> tuple[list[Record], TelegramError | None]:
    length, parts = _FRAMES.get(payload[start] if start < end else -1, (0, ()))
    if not parts or end - start < length:
        detail = f"hydroclimav2: {payload[start:end].hex().upper()[:8]}… is no whole frame 10 or 11"
        return [], TelegramError(Outcome.BAD_PAYLOAD, detail, offset=start)
    return [_build_part(payload, start, part) for part in parts], None


def _build_part(payload: bytes, start: int, part: _Part) -> Record:
    at = start + part.offset
    return build_record(
        payload,
        (at, at + part.length),
        key=part.key,
        quantity=_QUANTITIES[part.unit],
        unit=part.unit,
        scale=_CENTI if part.unit == "c" else 1,
    )


def compute_temperature(data: bytes) -> float | None:
    """Hundredths of a degree; None where the period was not measured."""
    raw = read_word(data)
    return None if raw == _NO_TEMPERATURE else raw / 100
