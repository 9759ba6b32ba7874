# SPDX-License-Identifier: Apache-2.0
"""Amounts of quarters as amounts of hours.  Pure.

A register of amounts says what was used in the time before `at`.  Elhub went from hours to quarters, so one
register may hold both.  Where a reading stands at a quarter that is no full hour, the amounts around it are those of
quarters.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_QUARTERS: Final = 4
_HOUR: Final = "1h"


def derive_hour_amounts(readings: pl.DataFrame) -> pl.DataFrame:
    """Return the readings of amounts with the four quarters of an hour as one; incomplete hours are left out.

    `readings`: columns of the table `readings`, one row for each (register, at).  The quality of an hour is the lowest
    of its quarters, its `known_at` the latest.
    """
    hour = (pl.col("at") - pl.duration(microseconds=1)).dt.truncate(_HOUR).alias("__hour")
    rows = readings.with_columns(hour)
    within = (pl.col("at").dt.minute() != 0).any()
    marked = rows.with_columns(within.over("register", "__hour").alias("__quarters"))
    # A lone amount at the full hour is that of a quarter when the day is one of quarters: three are missing.
    by_day = pl.col("__quarters").any().over("register", pl.col("__hour").dt.date())
    marked = marked.with_columns(by_day.alias("__quarters"))
    whole = marked.filter(~pl.col("__quarters")).drop("__hour", "__quarters")
    parts = marked.filter(pl.col("__quarters"))
    if parts.is_empty():
        return whole
    lowest = [pl.col(name).min() for name in ("quality",)]
    others = [pl.col(name).first() for name in readings.columns if name in ("status", "source")]
    summed = parts.group_by("register", "__hour").agg(
        pl.len().alias("__count"), pl.col("value").sum(), pl.col("known_at").max(), *lowest, *others
    )
    hours = summed.filter(pl.col("__count") == _QUARTERS).with_columns(pl.col("__hour").dt.offset_by(_HOUR).alias("at"))
    return pl.concat([whole, hours.select(whole.columns)]).sort("register", "at")
