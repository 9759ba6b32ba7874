# SPDX-License-Identifier: Apache-2.0
"""How complete the values of days are against Elhub's deadlines.  Pure.

Values of day D are due at 07:00 local time on D+1 (standard 2-0), and ready for billing on D+5 (standard 4-0): measured
or final, and an estimate counts from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

import polars as pl

from avlest.readings.calendar import OSLO

FIRST_DUE: Final = (timedelta(days=1), time(7))
BILLING_DUE: Final = (timedelta(days=5), time(0))

REPORT: Final[Mapping[str, pl.DataType]] = {
    "day": pl.Date(),
    "points": pl.Int64(),
    "complete": pl.Int64(),
    "measured": pl.Int64(),
    "hours": pl.Int64(),
    "hours_measured": pl.Int64(),
    "hours_estimated": pl.Int64(),
    "hours_missing": pl.Int64(),
    "first_due": pl.Boolean(),
    "first_met": pl.Boolean(),
    "billing_due": pl.Boolean(),
    "billing_met": pl.Boolean(),
}
"""One row a day: how many points have a value for each hour (`complete`) and how many of them only measured ones;
whether the deadlines have passed, and whether everything that is due is there."""


def derive_report(completeness: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """The report of days from `queries.get_completeness`, at an instant."""
    whole = pl.col("missing") == 0
    days = completeness.group_by("day").agg(
        pl.len().cast(pl.Int64).alias("points"),
        whole.sum().cast(pl.Int64).alias("complete"),
        (whole & (pl.col("measured") == pl.col("hours"))).sum().cast(pl.Int64).alias("measured_points"),
        pl.col("hours").sum(),
        pl.col("measured").sum().alias("hours_measured"),
        (pl.col("estimated") + pl.col("edited")).sum().alias("hours_estimated"),
        pl.col("missing").sum().alias("hours_missing"),
    )
    first = _passed(days["day"], FIRST_DUE, now=now).alias("first_due")
    billing = _passed(days["day"], BILLING_DUE, now=now).alias("billing_due")
    met = pl.col("complete") == pl.col("points")
    report = (
        days.rename({"measured_points": "measured"})
        .with_columns(first, billing)
        .with_columns(met.alias("first_met"), met.alias("billing_met"))
    )
    return report.select(pl.col(name).cast(dtype) for name, dtype in REPORT.items()).sort("day")


def _passed(days: pl.Series, due: tuple[timedelta, time], *, now: datetime) -> pl.Series:
    return pl.Series([now >= derive_deadline(day, due) for day in days.to_list()], dtype=pl.Boolean)


def derive_deadline(day: date, due: tuple[timedelta, time]) -> datetime:
    """The instant at which values of a day are due."""
    after, at = due
    return datetime.combine(day + after, at, OSLO)
