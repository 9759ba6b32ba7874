# SPDX-License-Identifier: Apache-2.0
"""Hourly values of many series as one matrix, and the civil time of its columns.  Pure."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.insight.contracts import TRUSTED_RANK

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOUR = 3_600_000_000
"""Microseconds of an hour."""


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """The columns of a matrix: hours from number `first` (hours since 1970) on, with their civil time.

    `hour` local hour of the day, `day` local days since 1970 (weekday: `(day + 3) % 7`, Monday 0), each of length m.
    """

    first: int
    hour: Integers
    day: Integers

    def __len__(self) -> int:
        return len(self.hour)


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """Series as rows, hours as columns: `values` (n, m) int64, 0 where there is none.

    `valued`: there is a value; `trusted`: it was read, not calculated (see `TRUSTED_RANK`).
    `start`: the column from which on alarms are asked for; what stands before is history.
    """

    series: Integers
    hours: Hours
    values: Integers
    valued: Flags
    trusted: Flags
    start: int

    @property
    def width(self) -> int:
        """How many hours there are."""
        return int(self.values.shape[1])


def make_hours(begin: datetime, end: datetime, zone: str) -> Hours:
    """Hours of `[begin, end)`; both UTC and on the hour."""
    instants = pl.datetime_range(begin, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)
    local = instants.dt.convert_time_zone(zone)
    days = local.dt.date().cast(pl.Int32).cast(pl.Int64).to_numpy()
    return Hours(count_hours(begin), local.dt.hour().cast(pl.Int64).to_numpy(), days)


def count_hours(instant: datetime) -> int:
    """Hours since 1970; `ValueError` for an instant without zone or not on the hour."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone, expected UTC")
    seconds = instant.timestamp()
    if seconds % 3600:
        raise ValueError(f"{instant} is not on the hour")
    return int(seconds) // 3600


def derive_cells(hourly: pl.DataFrame, series: Integers, first: int, width: int) -> pl.DataFrame:
    """Rows of `hourly` that fall into the matrix, as `row, column, value, trusted`, sorted by row; `series` ascend.

    Missing values are left out; of a quality below `TRUSTED_RANK` they are not trusted.
    """
    known = (
        hourly.lazy()
        .filter(pl.col("value").is_not_null())
        .select(
            "series",
            (pl.col("hour").dt.timestamp("us") // HOUR - first).alias("column"),
            "value",
            (pl.col("quality") >= TRUSTED_RANK).alias("trusted"),
        )
        .filter(pl.col("column").is_between(0, width - 1))
        .collect()
    )
    given = known["series"].to_numpy()
    row = np.searchsorted(series, given)
    mine = series[np.minimum(row, len(series) - 1)] == given if len(series) else np.zeros(len(given), bool)
    cells = known.with_columns(pl.Series("row", row)).filter(pl.Series(mine)).drop("series")
    return cells if cells["row"].is_sorted() else cells.sort("row")


def fill_grid(cells: pl.DataFrame, series: Integers, hours: Hours, start: int) -> Grid:
    """The matrix of `cells` (`row` counted from 0 within `series`)."""
    shape = (len(series), len(hours))
    values, valued, trusted = np.zeros(shape, np.int64), np.zeros(shape, bool), np.zeros(shape, bool)
    at = cells["row"].to_numpy() * shape[1] + cells["column"].to_numpy()
    values.ravel()[at] = cells["value"].to_numpy()
    valued.ravel()[at] = True
    trusted.ravel()[at] = cells["trusted"].to_numpy()
    return Grid(series, hours, values, valued, trusted, start)


def derive_instants(hours: Integers) -> pl.Series:
    """Instants of hour numbers."""
    return pl.Series(hours * HOUR, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def floor_hour(instant: datetime) -> datetime:
    """The full hour at or before an instant."""
    return instant - timedelta(minutes=instant.minute, seconds=instant.second, microseconds=instant.microsecond)
