# SPDX-License-Identifier: Apache-2.0
"""When people are at home: habits of a household, and the days it is away.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.behaviour.clock import Hours, get_easter_week
from avlest.simulate.chance import Integers, choose, draw, get_stream, take_bits

AT_WORK, AT_HOME = 0, 1
SHIFTS: Final = (-2, -1, 0, 1, 2, 3)
"""Hours by which households live later than the profile."""

_ORDINARY, _SUMMER, _EASTER, _BREAK, _CHRISTMAS = range(5)
_AWAY_WEEK: Final = (1, 42, 22, 9, 14)  # per cent of households that are away in such a week
_AWAY_WEEKEND: Final = 7  # per cent of weekends in an ordinary week
_CABIN_WEEK: Final = (1, 45, 60, 20, 25)  # per cent of cabins in use
_CABIN_WEEKEND: Final = 26


@dataclass(frozen=True, slots=True)
class Households:
    """Who lives behind n points: `home` numbers chance is drawn by (points of one home share it), `people`."""

    home: Integers
    people: Integers

    def __len__(self) -> int:
        return len(self.home)


def derive_variants(seed: int, homes: Integers) -> Integers:
    """Which of the variants of `vary_profile` a household lives by."""
    words = draw(get_stream(seed, "habits"), homes)
    kind = (take_bits(words, 0, 8) < 82).astype(np.int64)  # about a third has somebody at home by day
    return kind * len(SHIFTS) + choose(words, (9, 21, 33, 21, 11, 5))


def vary_profile(profile: Integers, hours: Hours) -> Integers:
    """Shares of the day for each variant of household and each hour, shape (variants, hours).

    `profile`: shape (3, 24): a working day of those who go out, of those at home, and a free day.
    """
    rows = [
        np.where(hours.is_free, profile[2][(hours.clock - shift) % 24], profile[kind][(hours.clock - shift) % 24])
        for kind in (AT_WORK, AT_HOME)
        for shift in SHIFTS
    ]
    return np.stack(rows)


def _derive_seasons(days: Integers) -> Integers:
    """Which kind of holiday week each day lies in."""
    dates = days.astype("datetime64[D]")
    year = dates.astype("datetime64[Y]")
    of_year = (dates - year).astype(np.int64)
    kind = np.zeros(len(days), np.int64)
    kind[(of_year >= 180) & (of_year < 222)] = _SUMMER
    kind[((of_year >= 48) & (of_year < 57)) | ((of_year >= 275) & (of_year < 284))] = _BREAK
    kind[(of_year >= 356) | (of_year < 1)] = _CHRISTMAS
    for number in np.unique(year.astype(np.int64) + 1970).tolist():
        first, after = get_easter_week(number)
        kind[(days >= first) & (days < after)] = _EASTER
    return kind


def derive_presence(seed: int, homes: Integers, hours: Hours) -> Integers:
    """100 where a household is at home on a civil day, else 0; shape (homes, days)."""
    away = _derive_stays(seed, "away", homes, hours, week=_AWAY_WEEK, weekend=_AWAY_WEEKEND)
    return 100 - away


def derive_cabin_use(seed: int, cabins: Integers, hours: Hours) -> Integers:
    """100 where somebody is at the cabin, else 0; shape (cabins, days)."""
    return _derive_stays(seed, "cabin", cabins, hours, week=_CABIN_WEEK, weekend=_CABIN_WEEKEND)


def _derive_stays(
    seed: int, name: str, homes: Integers, hours: Hours, *, week: tuple[int, ...], weekend: int
) -> Integers:
    """Whole weeks by the kind of season, and weekends (Friday to Sunday) in any."""
    days = hours.days
    weeks = (days + 3) // 7
    weekday = (days + 3) % 7
    first = int(weeks[0])
    words = draw(get_stream(seed, name), homes[:, None], np.arange(first, int(weeks[-1]) + 1, dtype=np.int64)[None, :])[
        :, weeks - first
    ]
    limits = np.array(week, np.int64)[_derive_seasons(days)]
    whole = take_bits(words, 0, 20) * 100 >> 20 < limits
    short = (take_bits(words, 20, 20) * 100 >> 20 < weekend) & (weekday >= 4)
    return (whole | short) * np.int64(100)
