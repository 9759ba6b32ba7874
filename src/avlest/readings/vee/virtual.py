# SPDX-License-Identifier: Apache-2.0
"""Virtual series by formula: Σ factor × part, hour by hour, with quality from the parts.  Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from avlest.readings.quality import Quality
from avlest.readings.vee.contracts import FINDINGS, HOURLY, Severity

TERMS: Final = {"series": pl.Int64(), "part": pl.Int64(), "factor": pl.Int64(), "floor_at_zero": pl.Boolean()}
"""One row a part of a virtual series: `factor` 1 or -1 (any whole number); `floor_at_zero` the same in all rows of a
series: an hour below zero becomes zero, which is told (rules §1.9)."""


def derive_virtual(terms: pl.DataFrame, hourly: pl.DataFrame, *, known_at: dt.datetime) -> pl.DataFrame:
    """Hours (`HOURLY`, rule `virtual`) of virtual series from the hours of their parts.

    An hour has the lowest quality of its parts; it is missing (null) when a part is missing or has no row. Whether an
    hour is cut at zero is found by `find_negative`: sums over days do not hide it.
    """
    sums = _sum_parts(terms, hourly)
    complete = (pl.col("known") == pl.col("needed")) & (pl.col("quality") > 0)
    cut = pl.when(pl.col("floor_at_zero") & (pl.col("total") < 0)).then(0).otherwise(pl.col("total"))
    frame = sums.with_columns(
        value=pl.when(complete).then(cut),
        quality=pl.when(complete).then("quality").otherwise(int(Quality.MISSING)),
        rule=pl.when(complete).then(pl.lit("virtual")).otherwise(pl.lit("missing")),
        known_at=pl.lit(known_at).dt.convert_time_zone("UTC"),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in HOURLY.items()).sort("series", "hour")


def _sum_parts(terms: pl.DataFrame, hourly: pl.DataFrame) -> pl.DataFrame:
    needed = terms.group_by("series").agg(needed=pl.len(), floor_at_zero=pl.col("floor_at_zero").any())
    rows = hourly.select(part="series", hour="hour", value="value", quality="quality")
    joined = terms.select("series", "part", "factor").join(rows, on="part")
    sums = joined.group_by("series", "hour").agg(
        total=(pl.col("factor") * pl.col("value")).sum(),
        known=pl.col("value").is_not_null().sum(),
        quality=pl.col("quality").min(),
    )
    return sums.join(needed, on="series")


def find_negative(terms: pl.DataFrame, hourly: pl.DataFrame) -> pl.DataFrame:
    """Findings (V15) for the runs of hours in which the parts taken off exceed the rest: a task for a person.

    One for each virtual series: from the first to the last such hour; `value` is what they are below zero in all.
    """
    below = _sum_parts(terms, hourly).filter((pl.col("total") < 0) & (pl.col("known") == pl.col("needed")))
    frame = below.group_by("series").agg(
        start=pl.col("hour").min(), stop=pl.col("hour").max() + pl.duration(hours=1), value=pl.col("total").sum()
    )
    frame = frame.with_columns(
        rule=pl.lit("V15"), severity=pl.lit(Severity.TASK.value), limit=pl.lit(0),
        detail=pl.lit("parts exceed the whole"),
        action=pl.lit(""),
    )  # fmt: skip
    return frame.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS.items()).sort("series")
