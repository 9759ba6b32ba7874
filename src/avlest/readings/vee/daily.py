# SPDX-License-Identifier: Apache-2.0
"""Hours to local days.  Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from avlest.readings.calendar import OSLO, derive_day_start, derive_local_day, local_day
from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import MS_HOUR, Integers
from avlest.readings.vee.contracts import DAILY
from avlest.readings.vee.grid import Grid
from avlest.readings.vee.history import derive_local_hours

NIGHT_HOURS: Final = (2, 3, 4)
"""Hours of the local clock whose use is the night's."""


def derive_grid_days(
    grid: Grid,
    ids: Integers,
    gauges: Integers,
    *,
    days: list[dt.date],
    horizon: int,
    known_at: dt.datetime,
    zone: ZoneInfo,
) -> pl.DataFrame:
    """Days of a grid of hours that begins and ends with whole local days; only days that ended by the horizon."""
    starts = np.array([int(derive_day_start(day, zone=zone).timestamp()) * 1000 for day in days], np.int64)
    ends = np.append(starts[1:], grid.stop)
    done = int(np.count_nonzero(ends <= horizon))
    if not done or not len(ids):
        return pl.DataFrame(schema=dict(DAILY))
    first = (starts[:done] - grid.first) // MS_HOUR
    hours = int((ends[done - 1] - grid.first) // MS_HOUR)
    columns = _sum_days(grid.cut(grid.first, grid.first + hours * MS_HOUR), first, gauges, zone=zone)
    there = columns.pop("there").ravel()
    missing = columns.pop("missing").ravel()[there]
    frame = pl.DataFrame(
        {
            "series": np.repeat(ids, done)[there],
            "day": pl.Series(days[:done]).gather(np.tile(np.arange(done), len(ids))[there]),
            **{name: column.ravel()[there] for name, column in columns.items()},
        }
    )
    blank = pl.Series(missing)
    frame = frame.with_columns(
        *(pl.when(blank).then(None).otherwise(pl.col(name)).alias(name) for name in ("value", "night_value")),
        *(
            pl.when(pl.col("known_hours") == 0).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("min_hour", "max_hour")
        ),
        known_at=pl.lit(known_at).dt.convert_time_zone("UTC"),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in DAILY.items())


def _sum_days(grid: Grid, first: Integers, gauges: Integers, *, zone: ZoneInfo) -> dict[str, np.ndarray]:
    """Columns of the days as rectangles of series and days."""
    quality, value = grid.quality, grid.value
    exists, known = quality >= 0, quality > 0
    hours = grid.first // MS_HOUR + np.arange(grid.columns)
    night = np.isin(derive_local_hours(hours, zone=zone) % 24, NIGHT_HOURS)
    present = _add(exists, first)
    total = np.add.reduceat(value, first, axis=1)
    nights = np.add.reduceat(np.where(night, value, 0), first, axis=1)
    if len(gauges):
        total[gauges] = _mean(total[gauges], _add(known[gauges], first))
        nights[gauges] = _mean(nights[gauges], _add(known[gauges] & night, first))
    high = np.iinfo(np.int64).max
    return {
        "there": present > 0,
        "missing": _add(exists & ~known, first) > 0,
        "value": total,
        "quality": np.minimum.reduceat(np.where(exists, quality, np.int8(127)), first, axis=1),
        "min_hour": np.minimum.reduceat(np.where(known, value, high), first, axis=1),
        "max_hour": np.maximum.reduceat(np.where(known, value, -high), first, axis=1),
        "zero_hours": _add(known & (value == 0), first),
        "night_value": nights,
        "hours_measured": _add(quality >= int(Quality.CUSTOMER_READ), first),
        "known_hours": _add(known, first),
    }


def _add(mask: np.ndarray, first: Integers) -> np.ndarray:
    return np.add.reduceat(mask.view(np.int8), first, axis=1, dtype=np.int16)


def _mean(total: Integers, count: np.ndarray) -> Integers:
    """Mean with halves away from zero; 0 of nothing."""
    count = np.maximum(count.astype(np.int64), 1)
    mean: Integers = np.where(total < 0, -1, 1) * ((2 * np.abs(total) + count) // (2 * count))
    return mean


def derive_daily(
    hourly: pl.DataFrame, *, gauges: Collection[int] = (), known_at: dt.datetime, zone: ZoneInfo = OSLO
) -> pl.DataFrame:
    """Days (`DAILY`) of hourly rows in any order, for series that are not derived from registers (virtual ones).

    Every local day that has a row is made; give whole days.
    """
    value, known = pl.col("value"), pl.col("quality") > 0
    night = pl.col("local_hour").is_in(NIGHT_HOURS)
    is_gauge = pl.col("series").is_in(list(gauges))
    local = hourly.with_columns(
        day=local_day("hour", zone=zone), local_hour=pl.col("hour").dt.convert_time_zone(zone.key).dt.hour()
    )
    sums = local.group_by("series", "day").agg(
        total=value.sum(), count=known.sum().cast(pl.Int64), missing=(~known).any(), quality=pl.col("quality").min(),
        min_hour=value.min(), max_hour=value.max(), zero_hours=(value == 0).sum(),
        nights=value.filter(night).sum(), night_count=(known & night).sum().cast(pl.Int64),
        hours_measured=(pl.col("quality") >= int(Quality.CUSTOMER_READ)).sum(),
    )  # fmt: skip
    frame = sums.with_columns(
        value=pl.when("missing").then(None).when(is_gauge).then(_mean_of("total", "count")).otherwise("total"),
        night_value=pl.when("missing")
        .then(None)
        .when(is_gauge)
        .then(_mean_of("nights", "night_count"))
        .otherwise("nights"),
        known_at=pl.lit(known_at).dt.convert_time_zone("UTC"),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in DAILY.items()).sort("series", "day")


def _mean_of(total: str, count: str) -> pl.Expr:
    divisor = pl.max_horizontal(pl.col(count), pl.lit(1))
    return pl.col(total).sign() * ((2 * pl.col(total).abs() + divisor) // (2 * divisor))


def list_days(start: dt.date, stop: dt.date) -> list[dt.date]:
    """The days `[start, stop)`."""
    return [start + dt.timedelta(days=n) for n in range((stop - start).days)]


__all__ = ["NIGHT_HOURS", "derive_daily", "derive_grid_days", "derive_local_day", "list_days"]
