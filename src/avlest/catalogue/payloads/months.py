# SPDX-License-Identifier: Apache-2.0
"""Values at the ends of months: stepping through a calendar, and profiles spaced by months.

A compact profile (EN 13757-3:2018, annex F) is one record whose data are a spacing
control byte, a spacing value and then numbers of one size; date and value to start from
stand in the ordinary records of the same storage number.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from avlest.catalogue.instants import DAY_AT
from avlest.telegrams.records.dates import decode_date_g
from avlest.telegrams.records.model import Coding, Record
from avlest.telegrams.records.values import decode_number

_ONE_MONTH = 254
_DAYS_OR_MONTHS = 3
_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 6: 6, 7: 8, 9: 1, 10: 2, 11: 3, 12: 4, 14: 6}
_FIRST_BCD = 9


@dataclass(frozen=True, slots=True)
class MonthProfile:
    """The day a profile starts from and its numbers as sent, None where one is missing."""

    base: date
    numbers: tuple[int | None, ...]


def step_months(day: date, months: int) -> date:
    """`day` moved by `months` (negative: back); the last day of a month stays the last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = calendar.monthrange(year, month)[1]
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month, last if is_last else min(day.day, last))


def find_day(records: Sequence[Record], storage: int) -> date | None:
    """The day (types G, F, I) that the records give for a storage number, if there is such a day.

    A clock that marks its time of day as invalid still has its day.
    """
    for record in records:
        at = DAY_AT.get(record.coding)
        if record.storage == storage and at is not None:
            return decode_date_g(record.data[at : at + 2])
    return None


def find_month_profile(records: Sequence[Record], modifier: str) -> MonthProfile | None:
    """The first profile of that kind with a step of one month and a valid day to start from.

    `modifier` is "compact_profile" or "inverse_compact_profile".  None where the telegram
    has no such profile: its bytes then stay with their record.
    """
    for record in records:
        if modifier in record.meaning.modifiers and len(record.data) >= 2:
            base = find_day(records, record.storage)
            control, spacing = record.data[0], record.data[1]
            if base and control >> 4 & 3 == _DAYS_OR_MONTHS and spacing == _ONE_MONTH:
                return MonthProfile(base, split_numbers(record, control & 0x0F))
    return None


def split_numbers(record: Record, size: int) -> tuple[int | None, ...]:
    """The numbers behind the two spacing bytes; `size` is a DIF data field (0-F)."""
    width = _SIZES.get(size)
    if width is None:
        return ()
    coding = Coding.BCD if size >= _FIRST_BCD else Coding.INT
    numbers = []
    for at in range(2, len(record.data) - width + 1, width):
        chunk = record.data[at : at + width]
        number = decode_number(replace(record, coding=coding, data=chunk, data_length=width))
        numbers.append(number if isinstance(number, int) else None)
    return tuple(numbers)
