# SPDX-License-Identifier: Apache-2.0
"""Apator E.ITN heat cost allocators.

Fifteen bytes are the reading; they follow the CI field at once, or a byte A0, or (CI B6)
a counted preamble and a byte A0.  That A0, CI field or byte, is the high half of the
season's start.
"""

from __future__ import annotations

from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import Span, build_payload, build_record, format_date, read_word
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload, Record

_READING = 15
_MARK = 0xA0
_WITH_PREAMBLE = 0xB6
_DEGREE = Fraction(1, 256)


def parse_payload(clear: Clear) -> Payload:
    """Allocation and room temperature of this and the previous season, and three dates."""
    payload, at = clear.payload, find_reading(clear, _READING)
    return build_payload(
        [
            build_record(payload, (at, at + 1), key="01FF6C"),
            _build_allocation(payload, (at + 3, at + 5), storage=1),
            build_record(payload, (at + 5, at + 7), key="326C"),
            _build_allocation(payload, (at + 7, at + 9), storage=0),
            build_record(payload, (at + 9, at + 11), key="026C"),
            _build_temperature(payload, (at + 11, at + 13), storage=1),
            _build_temperature(payload, (at + 13, at + 15), storage=0),
        ],
        structure=[(0, min(at, 1)), (max(at - 1, 0), at)],
    )


def _build_allocation(payload: bytes, span: Span, *, storage: int) -> Record:
    key = ("026E", "426E")[storage]
    return build_record(payload, span, key=key, quantity="heat_cost_allocation", unit="hca", storage=storage)


def _build_temperature(payload: bytes, span: Span, *, storage: int) -> Record:
    key = ("0265", "4265")[storage]
    return build_record(
        payload, span, key=key, quantity="external_temperature", unit="c", scale=_DEGREE, storage=storage
    )


def find_reading(clear: Clear, length: int) -> int:
    """Where a reading of `length` bytes starts; raises BAD_PAYLOAD where there is none."""
    payload = clear.payload
    at = payload[0] + 2 if clear.ci == _WITH_PREAMBLE and payload else len(payload) - length
    framed = at == 0 or (at > 0 and payload[at - 1 : at] == bytes([_MARK]))
    if not framed or len(payload) - at != length:
        raise TelegramError(
            Outcome.BAD_PAYLOAD, f"apatoreitn: no reading of {length} bytes in a payload of {len(payload)}"
        )
    return at


def format_day(data: bytes) -> str | None:
    """Day in bits 0-4, month in bits 5-8, years since 2000 in bits 9-13; None where all are zero."""
    word = read_word(data)
    return format_date(2000 + (word >> 9 & 0x1F), word >> 5 & 0x0F, word & 0x1F)


def format_season_start(data: bytes) -> str | None:
    """The same for the start of the season, whose high byte is always A0."""
    return format_day(bytes([data[0], _MARK]))
