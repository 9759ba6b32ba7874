# SPDX-License-Identifier: Apache-2.0
"""What time it is for people: hours of the civil day, free days, holidays.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.chance import Integers

ZONE: Final = "Europe/Oslo"
_SUNDAY: Final = 6
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Consecutive hours: `hours` since 1970 (UTC); of the civil time at their start `clock` (0-23), `day` (since
    1970), `month` (1-12), `year`; `is_free`: weekend or public holiday; `day_index` counts the days from 0."""

    hours: Integers
    clock: Integers
    day: Integers
    weekday: Integers
    month: Integers
    year: Integers
    is_free: npt.NDArray[np.bool_]

    @property
    def first(self) -> int:
        """The first hour."""
        return int(self.hours[0])

    def __len__(self) -> int:
        return len(self.hours)

    @property
    def day_index(self) -> Integers:
        """Which day of `days` each hour belongs to."""
        index: Integers = self.day - self.day[0]
        return index

    @property
    def days(self) -> Integers:
        """All civil days of these hours, since 1970."""
        return np.arange(int(self.day[0]), int(self.day[-1]) + 1)


def to_hour(instant: datetime) -> int:
    """The hour since 1970 that begins at this instant; `ValueError` unless it is a whole one."""
    hour, rest = divmod(int(instant.timestamp()), 3600)
    if rest or instant.microsecond:
        raise ValueError(f"expected a whole hour, got {instant.isoformat()}")
    return hour


def derive_hours(first: int, stop: int) -> Hours:
    """The hours from `first` until before `stop`, in civil time."""
    hours = np.arange(first, stop, dtype=np.int64)
    local = pl.Series(hours * 3_600_000_000).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(ZONE)
    day = local.dt.date().cast(pl.Int32).cast(pl.Int64).to_numpy()
    weekday = (day + 3) % 7  # 1970 began on a Thursday
    year = local.dt.year().cast(pl.Int64).to_numpy()
    holidays = np.array([d for y in range(int(year[0]), int(year[-1]) + 1) for d in get_holidays(y)], np.int64)
    return Hours(
        hours=hours,
        clock=local.dt.hour().cast(pl.Int64).to_numpy(),
        day=day,
        weekday=weekday,
        month=local.dt.month().cast(pl.Int64).to_numpy(),
        year=year,
        is_free=(weekday >= _SUNDAY - 1) | np.isin(day, holidays),
    )


@lru_cache(maxsize=64)
def derive_easter(year: int) -> date:
    """Easter Sunday (the anonymous Gregorian computus)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def get_holidays(year: int) -> tuple[int, ...]:
    """The public holidays of Norway and the two eves, as days since 1970."""
    easter = derive_easter(year)
    moving = [easter + timedelta(days) for days in (-3, -2, 0, 1, 39, 49, 50)]
    fixed = [date(year, *day) for day in ((1, 1), (5, 1), (5, 17), (12, 24), (12, 25), (12, 26), (12, 31))]
    return tuple(sorted((day - _EPOCH).days for day in (*moving, *fixed)))


def get_easter_week(year: int) -> tuple[int, int]:
    """The Saturday before Palm Sunday and the day after Easter Monday, as days since 1970."""
    easter = (derive_easter(year) - _EPOCH).days
    return easter - 8, easter + 2
