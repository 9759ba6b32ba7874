# SPDX-License-Identifier: Apache-2.0
"""Sums of hours and days, and how sure they are.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from avlest.readings.quality import Quality

_UTC: Final = pl.Datetime("us", "UTC")
HOURS: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(), "hour": _UTC, "value": pl.Int64(), "quality": pl.Int16(), "rule": pl.String(),
    "known_at": _UTC,
}  # fmt: skip
DAYS: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(), "day": pl.Date(), "value": pl.Int64(), "quality": pl.Int16(), "hours_measured": pl.Int16(),
}  # fmt: skip
_COMPLETENESS: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(), "day": pl.Date(), "hours": pl.Int64(), "measured": pl.Int64(), "edited": pl.Int64(),
    "estimated": pl.Int64(), "missing": pl.Int64(), "quality": pl.Int16(),
}  # fmt: skip
_HOUR: Final = timedelta(hours=1)

IS_KNOWN: Final = pl.col("value").is_not_null()
IS_MEASURED: Final = IS_KNOWN & (pl.col("quality") >= Quality.CUSTOMER_READ)
"""Read by a meter or a person."""
IS_EDITED: Final = IS_KNOWN & pl.col("quality").is_between(Quality.DISCRETION, Quality.EDITED)
"""Set by a person's decision."""
IS_ESTIMATED: Final = IS_KNOWN & (pl.col("quality") < Quality.DISCRETION)
_GROUPS: Final = {"measured": IS_MEASURED, "edited": IS_EDITED, "estimated": IS_ESTIMATED}


def derive_totals(
    hours: pl.DataFrame, series_ids: Sequence[int], periods: Sequence[tuple[datetime, datetime]]
) -> pl.DataFrame:
    """One row a (series, period), by series and period; see `queries.get_totals` for the columns."""
    frame = pl.DataFrame(
        [(number, start, stop, (stop - start) // _HOUR) for number, (start, stop) in enumerate(periods)],
        schema={"period": pl.Int64(), "start": _UTC, "stop": _UTC, "hours": pl.Int64()},
        orient="row",
    )
    wanted = pl.DataFrame({"series": list(series_ids)}, schema={"series": pl.Int64()}).join(frame, how="cross")
    parts = [
        hours.filter(pl.col("hour") >= start, pl.col("hour") < stop)
        .group_by("series")
        .agg(*_sums())
        .with_columns(pl.lit(number, dtype=pl.Int64).alias("period"))
        for number, (start, stop) in enumerate(periods)
    ]
    sums = pl.concat(parts) if parts else hours.group_by("series").agg(*_sums()).with_columns(period=pl.lit(0))
    counts = ["hours_known", *(f"hours_{name}" for name in _GROUPS)]
    joined = wanted.join(sums, on=["series", "period"], how="left").with_columns(
        pl.col(*counts).fill_null(0), *(pl.col(f"value_{name}").fill_null(0) for name in _GROUPS)
    )
    missing = pl.col("hours") - pl.col("hours_known")
    quality = pl.when(missing == 0).then("lowest").otherwise(pl.lit(0, dtype=pl.Int16))
    return joined.select(
        "series", "period", "start", "stop", "value", quality.alias("quality"), "hours", *counts,
        missing.alias("hours_missing"), *(f"value_{name}" for name in _GROUPS),
    ).sort("series", "period")  # fmt: skip


def _sums() -> list[pl.Expr]:
    value = pl.col("value")
    known = pl.when(IS_KNOWN.any()).then(value.sum())
    groups = [test.sum().cast(pl.Int64).alias(f"hours_{name}") for name, test in _GROUPS.items()]
    amounts = [value.filter(test).sum().alias(f"value_{name}") for name, test in _GROUPS.items()]
    return [
        known.alias("value"),
        pl.col("quality").filter(IS_KNOWN).min().alias("lowest"),
        IS_KNOWN.sum().cast(pl.Int64).alias("hours_known"),
        *groups,
        *amounts,
    ]


def empty_completeness() -> pl.DataFrame:
    """No rows of `queries.get_completeness`."""
    return pl.DataFrame(schema=dict(_COMPLETENESS))


def derive_completeness(
    hours: pl.DataFrame, series_ids: Sequence[int], days: Sequence[date], lengths: Sequence[int]
) -> pl.DataFrame:
    """One row a (series, day); `hours` has a column `day`, `lengths` are the hours of each day."""
    calendar = pl.DataFrame({"day": list(days), "hours": list(lengths)}, schema={"day": pl.Date(), "hours": pl.Int64()})
    wanted = pl.DataFrame({"series": list(series_ids)}, schema={"series": pl.Int64()}).join(calendar, how="cross")
    counted = hours.group_by("series", "day").agg(
        *(test.sum().cast(pl.Int64).alias(name) for name, test in _GROUPS.items()),
        pl.col("quality").filter(IS_KNOWN).min().alias("lowest"),
    )
    joined = wanted.join(counted, on=["series", "day"], how="left").with_columns(pl.col(*_GROUPS).fill_null(0))
    missing = pl.col("hours") - pl.sum_horizontal(*_GROUPS)
    quality = pl.when(missing == 0).then("lowest").otherwise(pl.lit(0)).cast(pl.Int16)
    rows = joined.with_columns(missing.alias("missing"), quality.alias("quality"))
    return rows.select(pl.col(name).cast(dtype) for name, dtype in _COMPLETENESS.items()).sort("series", "day")


def sum_days(days: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Sums of some days for each row of `wanted` (`series, start, stop`) that has any: `row, value, lowest, …`."""
    numbered = wanted.select("series", "start", "stop").with_row_index("row")
    inside = numbered.join(days, on="series").filter(pl.col("day") >= pl.col("start"), pl.col("day") < pl.col("stop"))
    return inside.group_by("row").agg(
        pl.col("value").sum().alias("value"),
        IS_KNOWN.sum().cast(pl.Int64).alias("known"),
        pl.col("quality").filter(IS_KNOWN).min().alias("lowest"),
        pl.col("hours_measured").cast(pl.Int64).sum().alias("hours_measured"),
    )


def join_sums(parts: Sequence[pl.DataFrame], wanted: pl.DataFrame) -> pl.DataFrame:
    """Sums of several stretches of days as one; the rows and columns of `wanted`, in order, and those of the sums."""
    sums = (
        pl.concat(parts).group_by("row").agg(pl.col("value", "known", "hours_measured").sum(), pl.col("lowest").min())
    )
    days = (pl.col("stop") - pl.col("start")).dt.total_days().alias("days")
    joined = wanted.with_row_index("row").with_columns(days).join(sums, on="row", how="left", maintain_order="left")
    known = pl.col("known").fill_null(0)
    missing = pl.col("days") - known
    return joined.with_columns(
        pl.when(known > 0).then("value").alias("value"),
        pl.when(missing == 0).then("lowest").otherwise(pl.lit(0)).cast(pl.Int16).alias("quality"),
        missing.alias("days_missing"),
        pl.col("hours_measured").fill_null(0),
    ).drop("row", "known", "lowest")


def derive_day_totals(days: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Totals of days for each row of `wanted`; see `queries.get_day_totals`."""
    return join_sums([sum_days(days, wanted)], wanted)
