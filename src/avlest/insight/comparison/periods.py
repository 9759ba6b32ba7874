# SPDX-License-Identifier: Apache-2.0
"""Which days are compared with which, and the use of those days (local days, half-open).  Pure."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl


class Days(NamedTuple):
    """Local days `[first, until)`."""

    first: date
    until: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.until - self.first).days


def derive_month_days(year: int, month: int, *, today: date) -> Days:
    """The days of a month; of the month in progress those that are over."""
    first = date(year, month, 1)
    end = _shift_months(first, 1)
    return Days(first, max(first, min(end, today)))


def derive_days_before(days: Days) -> Days:
    """The same days of the month before, where `days` begin a month (and no more than that month has); else as many
    days right before them.  A whole month is compared with the whole month before."""
    if days.first.day != 1:
        return Days(days.first - timedelta(days=days.length), days.first)
    if days.until.day == 1:
        months = (days.until.year - days.first.year) * 12 + days.until.month - days.first.month
        return Days(_shift_months(days.first, -months), days.first) if months else days
    first = _shift_months(days.first, -1)
    return Days(first, min(first + timedelta(days=days.length), days.first))


def derive_last_year(days: Days) -> Days:
    """The same days a year before: the same number in a month in progress; a 29 February counts as the 1 March."""
    return Days(_year_before(days.first), _year_before(days.until))


def _shift_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _year_before(day: date) -> date:
    if day.month == 2 and day.day == 29 and not calendar.isleap(day.year - 1):
        return date(day.year - 1, 3, 1)
    return day.replace(year=day.year - 1)


def sum_days(daily: pl.DataFrame, periods: Mapping[str, Days]) -> pl.DataFrame:
    """Use of many series in some periods: `series`, `period`, `value` (null: no day known), `days`, `known_days`.

    `daily` has `series`, `day`, `value`, `quality` (the table `daily`); a null value is not known.
    """
    frames = []
    for name, days in periods.items():
        inside = daily.filter(pl.col("day").is_between(days.first, days.until, closed="left"))
        frames.append(
            inside.group_by("series").agg(
                pl.lit(name).alias("period"),
                pl.when(pl.col("value").count() > 0).then(pl.col("value").sum()).alias("value"),
                pl.lit(days.length).cast(pl.Int64).alias("days"),
                pl.col("value").count().cast(pl.Int64).alias("known_days"),
            )
        )
    schema = {"series": pl.Int64, "period": pl.String, "value": pl.Int64, "days": pl.Int64, "known_days": pl.Int64}
    return pl.concat([pl.DataFrame(schema=schema), *frames]).sort("series", "period")
