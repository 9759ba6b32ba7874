# SPDX-License-Identifier: Apache-2.0
"""Apator E.ITN 40 heat cost allocators: twenty-seven words of two bytes.

They are framed like the fifteen bytes of the E.ITN 30.
"""

from __future__ import annotations

from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.apatoreitn import find_reading
from avlest.catalogue.payloads.build import build_payload, build_record, format_date, read_word
from avlest.telegrams.records.model import Coding, Payload, Record

_WORDS = 27
_SEASON_START, _RADIATOR, _ROOM, _MONTHS, _SEASONS, _TODAY, _STATUS = 1, 2, 3, 4, 20, 24, 26
_SIXTEENTH = Fraction(1, 16)


def parse_payload(clear: Clear) -> Payload:
    """Dates, temperatures, sixteen months and four seasons (present one first), and the status."""
    payload, at = clear.payload, find_reading(clear, 2 * _WORDS)
    return build_payload(
        [
            build_record(payload, (at + 2 * _SEASON_START, at + 2 * _SEASON_START + 2), key="426C"),
            _build_temperature(payload, at + 2 * _RADIATOR, "025D", "return_temperature"),
            _build_temperature(payload, at + 2 * _ROOM, "0265", "external_temperature"),
            *(_build_allocation(payload, at, word, "02FF20") for word in range(_MONTHS, _SEASONS)),
            *(_build_allocation(payload, at, word, "02FF6E") for word in range(_SEASONS, _TODAY)),
            build_record(payload, (at + 2 * _TODAY, at + 2 * _TODAY + 2), key="026C"),
            build_record(payload, (at + 2 * _STATUS, at + 2 * _STATUS + 2), key="02FD17", quantity="error_flags"),
        ],
        structure=[(0, min(at, 1)), (max(at - 1, 0), at)],
    )


def _build_temperature(payload: bytes, at: int, key: str, quantity: str) -> Record:
    return build_record(
        payload, (at, at + 2), key=key, coding=Coding.INT, quantity=quantity, unit="c", scale=_SIXTEENTH
    )


def _build_allocation(payload: bytes, at: int, word: int, key: str) -> Record:
    span = (at + 2 * word, at + 2 * word + 2)
    return build_record(payload, span, key=key, quantity="heat_cost_allocation", unit="hca")


def format_day(data: bytes) -> str | None:
    """Day in bits 0-4, month in bits 5-8, years since 2000 above; the season's start has no year."""
    word = read_word(data)
    return format_date(2000 + (word >> 9), word >> 5 & 0x0F, word & 0x1F)
