# SPDX-License-Identifier: Apache-2.0
"""Values at the ends of months: registers that are dated from one day, and monthly profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from avlest.catalogue.instants import DAY_AT
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.records.dates import decode_date_g
from avlest.telegrams.records.model import Record
from avlest.telegrams.records.profiles import Spacing, decode_profile, shift_time

_MONTH = Spacing(1, "month")


@dataclass(frozen=True, slots=True)
class MonthProfile:
    """The day a profile starts from and its entries; None where the meter has none.

    Entries that are sent as differences are summed from zero.
    """

    base: date
    entries: tuple[int | float | None, ...]

    @property
    def increments(self) -> tuple[int | float | None, ...]:
        """What each entry adds to the one before."""
        before = (0, *self.entries[:-1])
        return tuple(
            None if now is None or old is None else now - old for old, now in zip(before, self.entries, strict=True)
        )


def step_months(day: date, months: int) -> str | None:
    """`day` moved by `months` (negative: back), printed; the last day of a month stays the last day."""
    moved = shift_time(day, _MONTH, months)
    return None if moved is None else str(moved)


def find_day(records: Sequence[Record], storage: int) -> date | None:
    """The day (types G, F, I) that the records give for a storage number, if there is such a day.

    A clock that marks its time of day as invalid still has its day.
    """
    for record in records:
        at = DAY_AT.get(record.coding)
        if record.storage == storage and at is not None:
            return decode_date_g(record.data[at : at + 2])
    return None


def find_day_spans(records: Sequence[Record]) -> tuple[tuple[int, int], ...]:
    """The payload bytes of every day among the records: what values by `find_day` depend on."""
    return tuple(
        (record.data_offset + DAY_AT[record.coding], record.data_offset + DAY_AT[record.coding] + 2)
        for record in records
        if record.coding in DAY_AT
    )


def find_month_profile(records: Sequence[Record], modifier: str) -> MonthProfile | None:
    """The first profile of that kind with a step of one month and a valid day to start from.

    `modifier` is "compact_profile" or "inverse_compact_profile".  None where the telegram
    has no such profile.
    """
    for record in records:
        if modifier in record.meaning.modifiers:
            base = find_day(records, record.storage)
            try:
                profile = decode_profile(record, 0)
            except TelegramError:  # not of annex F's form: no monthly values, all other records stand
                continue
            if base and profile.spacing == _MONTH:
                return MonthProfile(base, profile.values)
    return None


def find_profile_spans(records: Sequence[Record], modifier: str) -> tuple[tuple[int, int], ...]:
    """The payload bytes of every profile of that kind and of the days it may start from.

    They are what values by `find_month_profile` depend on; the clock of the meter is not
    among them, so a meter has the same bytes for a month.
    """
    profiles = [record for record in records if modifier in record.meaning.modifiers]
    storages = {record.storage for record in profiles}
    days = find_day_spans([record for record in records if record.storage in storages])
    return (*days, *((record.data_offset, record.data_offset + record.data_length) for record in profiles))
