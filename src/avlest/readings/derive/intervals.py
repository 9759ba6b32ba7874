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
    marked = _mark_quarters(readings.sort("register", "at"))
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


def _mark_quarters(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `__hour`, and whether the amount is that of a quarter: `__quarters`.

    One amount alone at the full hour is that of the last quarter, with three missing, when quarters stand within a day
    around it; else it is that of the hour.
    """
    hour = (pl.col("at") - pl.duration(microseconds=1)).dt.truncate(_HOUR)
    rows = rows.with_columns(hour.alias("__hour"))
    between = (pl.col("at").dt.minute() != 0).any().over("register", "__hour")
    quarter_hour = pl.when(between).then("__hour")
    rows = rows.with_columns(between.alias("__between"), quarter_hour.alias("__seen"))
    before, after = pl.col("__seen").forward_fill().over("register"), pl.col("__seen").backward_fill().over("register")
    among = (after - before < pl.duration(days=1)).fill_null(value=False)
    return rows.with_columns((pl.col("__between") | among).alias("__quarters")).drop("__between", "__seen")
