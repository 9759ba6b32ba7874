# SPDX-License-Identifier: Apache-2.0
"""Civil time: days, months and years of a place as periods of instants.  Pure.

Instants are UTC, periods half-open. A local day has 23, 24 or 25 hours (rules §0.4); a reading stamped 00:00 on
1 January belongs to the year that ended.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

OSLO: Final = ZoneInfo("Europe/Oslo")
HOUR_MS: Final = 3_600_000
_DAY: Final = dt.timedelta(days=1)
_HOUR: Final = dt.timedelta(hours=1)

Integers = npt.NDArray[np.int64]


class Period(NamedTuple):
    """From `start` to before `stop`, both UTC."""

    start: dt.datetime
    stop: dt.datetime

    def contains(self, instant: dt.datetime) -> bool:
        """Whether the instant lies in `[start, stop)`."""
        return self.start <= instant < self.stop

    @property
    def hours(self) -> int:
        """Whole hours of the period: 23, 24 or 25 for a day."""
        return (self.stop - self.start) // _HOUR


@lru_cache(maxsize=16_384)
def derive_day_start(day: dt.date, *, zone: ZoneInfo = OSLO) -> dt.datetime:
    """The instant (UTC) at which a local day begins: its first midnight.

    Where clocks skip midnight the day begins when the clock first shows it.
    """
    midnight = dt.datetime.combine(day, dt.time(), zone)
    instant = midnight.astimezone(dt.UTC)
    if instant.astimezone(zone).date() < day:
        instant += midnight.replace(fold=1).astimezone(dt.UTC) - instant
    return instant if instant.astimezone(zone).date() == day else _find_first_instant(day, zone=zone)


def _find_first_instant(day: dt.date, *, zone: ZoneInfo) -> dt.datetime:
    """The first whole minute of a day whose midnight does not exist."""
    low = dt.datetime.combine(day, dt.time(), dt.UTC) - _DAY
    minutes = 3 * 24 * 60
    for minute in range(minutes):
        if (low + dt.timedelta(minutes=minute)).astimezone(zone).date() >= day:
            return low + dt.timedelta(minutes=minute)
    raise ValueError(f"{day} does not exist in {zone.key}")


def derive_local_day(instant: dt.datetime, *, zone: ZoneInfo = OSLO) -> dt.date:
    """The local day an instant lies in. Raises `ValueError` for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; instants are UTC")
    return instant.astimezone(zone).date()


def derive_day(day: dt.date, *, zone: ZoneInfo = OSLO) -> Period:
    """A local day."""
    return Period(derive_day_start(day, zone=zone), derive_day_start(day + _DAY, zone=zone))


def derive_days(start: dt.datetime, stop: dt.datetime, *, zone: ZoneInfo = OSLO) -> list[dt.date]:
    """The local days that `[start, stop)` touches, ascending; none when it is empty."""
    if stop <= start:
        return []
    first = derive_local_day(start, zone=zone)
    last = derive_local_day(stop - dt.timedelta(microseconds=1), zone=zone)
    return [first + _DAY * n for n in range((last - first).days + 1)]


def derive_month(year: int, month: int, *, zone: ZoneInfo = OSLO) -> Period:
    """A local month; `month` is 1 to 12."""
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return Period(derive_day_start(dt.date(year, month, 1), zone=zone), derive_day_start(following, zone=zone))


def derive_year(year: int, *, zone: ZoneInfo = OSLO) -> Period:
    """A local calendar year."""
    return Period(
        derive_day_start(dt.date(year, 1, 1), zone=zone), derive_day_start(dt.date(year + 1, 1, 1), zone=zone)
    )


def derive_period(first: dt.date, last: dt.date, *, zone: ZoneInfo = OSLO) -> Period:
    """The local days `first` to `last`, both included."""
    return Period(derive_day_start(first, zone=zone), derive_day_start(last + _DAY, zone=zone))


def count_hours(day: dt.date, *, zone: ZoneInfo = OSLO) -> int:
    """Hours of a local day: 23, 24 or 25."""
    return derive_day(day, zone=zone).hours


def local_day(column: str, *, zone: ZoneInfo = OSLO) -> pl.Expr:
    """Polars: the local day (Date) of a UTC column."""
    return pl.col(column).dt.convert_time_zone(zone.key).dt.date()


def local_hour(column: str, *, zone: ZoneInfo = OSLO) -> pl.Expr:
    """Polars: the hour 0 to 23 on the local clock of a UTC column; in autumn one of them comes twice."""
    return pl.col(column).dt.convert_time_zone(zone.key).dt.hour()


def day_start(column: str, *, zone: ZoneInfo = OSLO) -> pl.Expr:
    """Polars: the instant (UTC, microseconds) at which the local day of a Date column begins."""
    midnight = pl.col(column).cast(pl.Datetime("us"))
    return midnight.dt.replace_time_zone(zone.key, ambiguous="earliest").dt.convert_time_zone("UTC")


def derive_offsets(instants: Integers, *, zone: ZoneInfo = OSLO) -> Integers:
    """What the local clock is ahead of UTC (milliseconds) at each instant (milliseconds since 1970)."""
    utc = pl.Series(instants).cast(pl.Datetime("ms", "UTC"))
    local = utc.dt.convert_time_zone(zone.key).dt.replace_time_zone(None)
    offsets: Integers = local.dt.epoch("ms").to_numpy() - instants
    return offsets
