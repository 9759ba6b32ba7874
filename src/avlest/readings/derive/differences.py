# SPDX-License-Identifier: Apache-2.0
"""What derivation changed: only rows that differ from those that stand are appended.  Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from avlest.readings.tables.schemas import DAILY, HOURLY, TableSpec

CORRECTIONS: Final = {
    "series": pl.Int64(),
    "day": pl.Date(),
    "before": pl.Int64(),
    "after": pl.Int64(),
    "before_quality": pl.Int16(),
    "after_quality": pl.Int16(),
}


def find_differences(old: pl.DataFrame, new: pl.DataFrame, *, spec: TableSpec, known_at: dt.datetime) -> pl.DataFrame:
    """Rows to append so that the table says `new` where it said `old`; both hold one row for each (series, time).

    A row that stands and has no successor is followed by one without value: a table cannot forget, but it can be told.
    """
    if old.is_empty():
        return new
    told = [name for name in spec.columns if name != "known_at"]
    changed = new.join(old, on=told, how="anti", nulls_equal=True)
    gone = old.filter(pl.col("value").is_not_null()).join(new, on=[spec.id_column, spec.time_column], how="anti")
    if gone.is_empty():
        return changed
    emptied = gone.select(_emptied(name, dtype, spec=spec, known_at=known_at) for name, dtype in spec.columns.items())
    return pl.concat([changed.select(list(spec.columns)), emptied])


def _emptied(name: str, dtype: pl.DataType, *, spec: TableSpec, known_at: dt.datetime) -> pl.Expr:
    if name in (spec.id_column, spec.time_column):
        return pl.col(name)
    given = {"quality": 0, "known_at": known_at, "rule": "missing", "hours_measured": 0}
    return pl.lit(given.get(name), dtype=dtype).alias(name)


def find_hourly_differences(old: pl.DataFrame, new: pl.DataFrame, *, known_at: dt.datetime) -> pl.DataFrame:
    """Rows to append to `hourly`."""
    return find_differences(old, new, spec=HOURLY, known_at=known_at)


def find_daily_differences(old: pl.DataFrame, new: pl.DataFrame, *, known_at: dt.datetime) -> pl.DataFrame:
    """Rows to append to `daily`."""
    return find_differences(old, new, spec=DAILY, known_at=known_at)


def find_corrections(old: pl.DataFrame, changed: pl.DataFrame, frozen: pl.DataFrame) -> pl.DataFrame:
    """Days that were frozen and now have another value, as `CORRECTIONS`.

    `old`: rows of `daily` that stood, `changed`: those that follow, `frozen`: `series, until` (Date, exclusive).  A day
    nothing was told about before was not billed: it is no correction.
    """
    days = changed.join(frozen, on="series").filter(pl.col("day") < pl.col("until"))
    stood = old.select("series", "day", pl.col("value").alias("before"), pl.col("quality").alias("before_quality"))
    both = days.join(stood, on=["series", "day"]).rename({"value": "after", "quality": "after_quality"})
    differs = both.filter(pl.col("before").ne_missing(pl.col("after")))
    return differs.select(list(CORRECTIONS)).sort("series", "day")


def empty_frozen() -> pl.DataFrame:
    """No series is frozen."""
    return pl.DataFrame(schema={"series": pl.Int64(), "until": pl.Date()})
