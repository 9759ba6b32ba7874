# SPDX-License-Identifier: Apache-2.0
"""Dates and times of a meter's clock as the catalogue prints them.

The printed form shows the fields as the meter sent them: "2020-10-01", "2021-11-30 10:06",
with seconds where the clock has them (type I).  Placeholders are kept ("2000-00-00" of a
meter that never set its date), and so is a time whose "invalid" flag is set: meters set it
for a clock that was never synchronised, and it still says what the clock showed.  A day of
all ones ("every day") is null.  Whoever computes with a date uses `records.dates`, which
accepts valid days only.
Source: EN 13757-3:2018, annex A, types F, G, I, J.
"""

from __future__ import annotations

from datetime import time

from avlest.telegrams.records.model import Coding, Record
from avlest.telegrams.records.values import decode_value

DAY_AT = {Coding.DATE_G: 0, Coding.DATETIME_F: 2, Coding.DATETIME_I: 3}
"""Where the two bytes of the day stand in each type."""
MINUTE_AT = {Coding.DATETIME_F: 0, Coding.DATETIME_I: 1}
"""Where minute and, after it, hour stand."""
CENTURY = 2000


def format_instant(record: Record, kind: str) -> str | None:
    """The date (`kind` "date") or date and time of a record; None when it is invalid or no date."""
    data, coding = record.data, record.coding
    if coding is Coding.TIME_J:
        value = decode_value(record)
        return value.isoformat() if isinstance(value, time) else None
    at = DAY_AT.get(coding)
    if at is None or data[at : at + 2] == b"\xff\xff":
        return None
    low, high = data[at], data[at + 1]
    day = f"{CENTURY + (low >> 5 | (high & 0xF0) >> 1):04}-{high & 0x0F:02}-{low & 0x1F:02}"
    return day if kind == "date" else f"{day} {_format_clock(data, coding)}"


def _format_clock(data: bytes, coding: Coding) -> str:
    at = MINUTE_AT.get(coding)
    if at is None:
        return "00:00"
    clock = f"{data[at + 1] & 0x1F:02}:{data[at] & 0x3F:02}"
    return f"{clock}:{data[0] & 0x3F:02}" if coding is Coding.DATETIME_I else clock
