# SPDX-License-Identifier: Apache-2.0
"""What payload readers share: records over spans of a maker's own payload, and dates.

A record built here is as real as one of EN 13757-3: its data are bytes of the payload, so
the columnar decoder can slice them out of many telegrams at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from fractions import Fraction

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Coding, Function, Payload, Record, VifMeaning

FILLER = 0x2F
Span = tuple[int, int]


def build_record(
    payload: bytes,
    span: Span,
    *,
    key: str,
    coding: Coding = Coding.UINT,
    quantity: str = "manufacturer_specific",
    unit: str = "",
    scale: Fraction | int = 1,
    storage: int = 0,
) -> Record:
    """A record whose data are `payload[span]`, under the DIF/VIF (hex) that fits it best.

    `value in unit = number sent * scale`.  Where no standard VIF says what it is, `key`
    is one with the manufacturer's VIF (FF).
    """
    start, end = span
    return Record(
        key=bytes.fromhex(key),
        offset=start,
        data_offset=start,
        data_length=end - start,
        function=Function.INSTANT,
        storage=storage,
        tariff=0,
        subunit=0,
        coding=coding,
        meaning=VifMeaning(quantity, unit, Fraction(scale), ()),
        data=payload[start:end],
    )


def build_payload(
    records: Sequence[Record],
    *,
    structure: Sequence[Span] = (),
    error: TelegramError | None = None,
) -> Payload:
    """A payload of these records; `structure` spans the bytes that decided their places."""
    return Payload(tuple(records), tuple(structure), None, more_follows=False, error=error)


def skip_fillers(payload: bytes) -> int:
    """The number of idle fillers (2F) in front: what deciphering leaves there."""
    return len(payload) - len(payload.lstrip(bytes([FILLER])))


def require_length(payload: bytes, needed: int, *, family: str) -> None:
    """Raise BAD_PAYLOAD when the payload is shorter than the family's shape."""
    if len(payload) < needed:
        raise TelegramError(
            Outcome.BAD_PAYLOAD,
            f"{family}: the payload has {len(payload)} bytes, at least {needed} are expected",
            offset=len(payload),
        )


def read_word(data: bytes) -> int:
    """The first two bytes as one number, least significant first."""
    return int.from_bytes(data[:2], "little")


def read_bcd(byte: int) -> int:
    """Two decimal digits of one byte; a nibble above nine counts as it is."""
    return (byte >> 4) * 10 + (byte & 0x0F)


def format_date(year: int, month: int, day: int) -> str | None:
    """`YYYY-MM-DD`, or None for a day the calendar does not have."""
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return None
