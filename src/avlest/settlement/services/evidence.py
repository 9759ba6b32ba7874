# SPDX-License-Identifier: Apache-2.0
"""What is known around missing days: the last use before them, and the same days of earlier years (rules §1.8)."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from avlest.readings.quality import READ
from avlest.readings.tables import Store
from avlest.settlement.runs.spans import derive_span_sums

WINDOW_DAYS, WINDOW_LEAST, WINDOW_GAP = 90, 30, 14
"""Rules §1.8 no. 1: the average of the last 30 to 90 days, across at most 14 days."""
HISTORY_LEAST = 300
"""Rules §1.8 no. 2: days of history that make a year."""
_YEARS = (1, 2, 3)
_KEYS = ("source", "point")
_DAILY = ("series", "day", "value", "quality", "hours_measured")


def read_daily(store: Store, series: pl.Series, start: date, stop: date) -> pl.DataFrame:
    """Return the stored days of some series: series, day, value, quality, hours_measured."""
    if not len(series):
        return pl.DataFrame(schema=dict(zip(_DAILY, (pl.Int64, pl.Date, pl.Int64, pl.Int16, pl.Int16), strict=True)))
    rows = store.read_range("daily", ids=series, start=start, stop=stop, columns=_DAILY)
    return rows.select(_DAILY)


def sum_spans(store: Store, spans: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return spans (`derive_spans`) with the sums of their days in a year, as stored."""
    return sum_and_keep(store, spans, year)[0]


def sum_and_keep(store: Store, spans: pl.DataFrame, year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what `sum_spans` does, and the days of the series that lack some, for `gather_evidence`."""
    series = spans["series"].drop_nulls().unique().sort()
    daily = read_daily(store, series, date(year, 1, 1), date(year + 1, 1, 1))
    sums = derive_span_sums(daily, spans, read_from=int(READ))
    lacking = sums.filter(pl.col("days_missing") > 0)["series"].drop_nulls().unique()
    return sums, daily.filter(pl.col("series").is_in(lacking.implode()))


def gather_evidence(store: Store, lacking: pl.DataFrame, daily: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return, per `source` and `point` of `lacking`, totals and days that missing days may be estimated by.

    `daily` are the days of the year of the series that lack some, sorted.  Columns `window_total`, `window_days`,
    `last_year_total`, … in thousandths of the price's unit; null where the way does not apply, or one before it does.
    """
    keys = lacking.select(*_KEYS, "series", "start", "stop", "days_missing", "unit")
    scale = lacking.select(scale=pl.col("unit").replace_strict({"l": 1000}, default=1, return_dtype=pl.Int64))["scale"]
    rows = keys.with_columns(scale=scale)
    rows = rows.join(_find_window(store, rows, daily, year), on=_KEYS, how="left", maintain_order="left")
    # Earlier years are read only for those that nothing nearer tells about: few of many.
    others = rows.filter(pl.col("window_total").is_null())
    return rows.join(_find_years(store, others, year), on=_KEYS, how="left", maintain_order="left").select(
        *_KEYS, "window_total", "window_days", "last_year_total", "last_year_days", "average_total", "average_days"
    )


def _find_window(store: Store, rows: pl.DataFrame, daily: pl.DataFrame, year: int) -> pl.DataFrame:
    """The last 90 days before the gap, where the gap is short."""
    short = rows.filter(pl.col("days_missing") <= WINDOW_GAP)
    daily = _add_autumn(store, short, daily, year)
    last = daily.drop_nulls("value").group_by("series").agg(last=pl.col("day").max())
    spans = (
        short.join(last, on="series", how="inner", maintain_order="left")
        .with_columns(stop=pl.col("last") + pl.duration(days=1))
        .with_columns(start=pl.col("stop") - pl.duration(days=WINDOW_DAYS))
    )
    sums = derive_span_sums(daily, spans, read_from=int(READ)).with_columns(
        known=pl.col("days") - pl.col("days_missing")
    )
    enough = sums.filter(pl.col("known") >= WINDOW_LEAST)
    return enough.select(*_KEYS, window_total=pl.col("total") // pl.col("scale"), window_days=pl.col("known"))


def _add_autumn(store: Store, rows: pl.DataFrame, daily: pl.DataFrame, year: int) -> pl.DataFrame:
    """Put the last months of the year before in front of the days of those whose window reaches into it."""
    first = date(year, 1, 1)
    reached = daily.filter(pl.col("day") >= first + timedelta(days=WINDOW_DAYS - 1)).drop_nulls("value")
    early = rows["series"].drop_nulls().unique().sort()
    early = early.filter(~early.is_in(reached["series"].unique().implode()))
    autumn = read_daily(store, early, date(year - 1, 10, 1), first)
    return pl.concat([autumn, daily]).sort("series", "day") if autumn.height else daily


def _find_years(store: Store, rows: pl.DataFrame, year: int) -> pl.DataFrame:
    """The same days of the year before, where it is known well, else the average of the years that are."""
    found = rows.select(*_KEYS)
    for back in _YEARS:
        found = found.join(_find_year(store, rows, back, year - back), on=_KEYS, how="left", maintain_order="left")
    totals, days = ([pl.col(f"{name}_{back}") for back in _YEARS] for name in ("total", "days"))
    return found.select(
        *_KEYS,
        last_year_total=totals[0],
        last_year_days=days[0],
        average_total=pl.sum_horizontal(totals),
        average_days=pl.sum_horizontal(days),
    )


def _find_year(store: Store, rows: pl.DataFrame, back: int, year: int) -> pl.DataFrame:
    series = rows["series"].drop_nulls().unique().sort()
    daily = read_daily(store, series, date(year, 1, 1), date(year + 1, 1, 1))
    known = daily.drop_nulls("value").group_by("series").len().filter(pl.col("len") >= HISTORY_LEAST)
    same = pl.col("start").dt.offset_by(f"-{back}y"), pl.col("stop").dt.offset_by(f"-{back}y")
    spans = rows.with_columns(start=same[0], stop=same[1]).join(known, on="series", how="semi", maintain_order="left")
    sums = derive_span_sums(daily, spans, read_from=int(READ)).with_columns(
        known=(pl.col("days") - pl.col("days_missing")).cast(pl.Int64)
    )
    return sums.filter(pl.col("known") > 0).select(
        *_KEYS, (pl.col("total") // pl.col("scale")).alias(f"total_{back}"), pl.col("known").alias(f"days_{back}")
    )
