# SPDX-License-Identifier: Apache-2.0
"""Which days of which series must be derived again when readings arrive.  Pure.

A reading changes the hours between the readings before and after it; measured hours shape the estimates of the weeks
after them (profile) and of the days before them (level, drift). Derive ascending by day and append before going on, so
that later estimates find what earlier days have become.
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from avlest.readings.calendar import OSLO, derive_day_start, local_day
from avlest.readings.quality import READ
from avlest.readings.vee.arrays import Integers, to_integers, to_ms
from avlest.readings.vee.book import NEVER_MS, Book, make_book
from avlest.readings.vee.contracts import LONG_HISTORY, VeeInputs
from avlest.readings.vee.points import find_feeds
from avlest.readings.vee.thresholds import load_thresholds

TOUCHED: Final = {"series": pl.Int64(), "start": pl.Date(), "stop": pl.Date()}
"""Local days `[start, stop)` of a series, merged and sorted."""

CHANGES: Final = {"register": pl.Int64(), "first_at": pl.Datetime("us", "UTC"), "last_at": pl.Datetime("us", "UTC")}
"""New readings of a register lie in `[first_at, last_at]`."""

_BEFORE: Final = dt.timedelta(days=5)
"""Estimates end at most so long before an hour they looked at: three days of gap, one of context."""

_ANCHORS: Final = 3
_SETTLE: Final = dt.timedelta(days=3)


def find_unanchored(
    inputs: VeeInputs, *, start: dt.date, stop: dt.date, horizon: dt.datetime, zone: ZoneInfo = OSLO
) -> list[int]:
    """Series whose readings in `inputs` do not reach far enough beyond `[start, stop)` to derive it.

    Wanted are three good readings at least three days before the window and as many after it. A series without them
    needs a wider window of readings, until all there are have been loaded: then the answer does not matter.
    """
    book = make_book(inputs, thresholds=load_thresholds(), day=start)
    register, at = to_integers(inputs.readings["register"]), to_ms(inputs.readings["at"])
    feed, inside, _ = find_feeds(book, register, at)
    inside &= (inputs.readings["quality"] >= int(READ)).to_numpy()
    low, high = (int(derive_day_start(day, zone=zone).timestamp()) * 1000 for day in (start, stop))
    settle = int(_SETTLE.total_seconds()) * 1000
    before = _count(book, feed, inside & (at <= low - settle))
    after = _count(book, feed, inside & (at >= high + settle))
    begins, ends = _find_lives(book)
    end = int(horizon.timestamp() * 1000)
    short = (before < _ANCHORS) & (begins < low - settle) | (after < _ANCHORS) & (np.minimum(ends, end) > high + settle)
    found: list[int] = book.ids[short & (begins < high) & (ends > low)].tolist()
    return found


def _count(book: Book, feed: Integers, mask: np.ndarray) -> Integers:
    """Readings of each series where `mask` holds."""
    counts: Integers = np.bincount(book.feeds.series[feed[mask]], minlength=len(book.ids))
    return counts


def _find_lives(book: Book) -> tuple[Integers, Integers]:
    """From when to when each series has a meter."""
    begins, ends = np.full(len(book.ids), NEVER_MS), np.zeros(len(book.ids), np.int64)
    np.minimum.at(begins, book.feeds.series, book.feeds.starts)
    np.maximum.at(ends, book.feeds.series, book.feeds.ends)
    return begins, ends


def derive_touched(
    changes: pl.DataFrame, feeds: pl.DataFrame, readings: pl.DataFrame, *, horizon: dt.datetime, zone: ZoneInfo = OSLO
) -> pl.DataFrame:
    """The days (`TOUCHED`) whose hours lie between the readings before and after those that changed.

    `changes`: `CHANGES`; `feeds`: as in `VeeInputs`; `readings` (register, at): those of the registers around the
    changes, in any order. Where there is no reading before (after) a change, the feed's start (the horizon) bounds it.
    """
    spread = changes.join(feeds.select("series", "register", "starts_at", "ends_at"), on="register")
    spread = spread.filter(
        (pl.col("last_at") >= pl.col("starts_at"))
        & (pl.col("ends_at").is_null() | (pl.col("first_at") <= pl.col("ends_at")))
    )
    ordered = readings.select("register", pl.col("at").cast(pl.Datetime("us", "UTC"))).unique().sort("at")
    # three readings on each side: a verdict on a reading may look that far, and three days
    known = ordered.with_columns(
        at_before=pl.col("at").shift(_ANCHORS - 1).over("register"),
        at_after=pl.col("at").shift(1 - _ANCHORS).over("register"),
    )
    before = known.select("register", "at", "at_before")
    after = known.select("register", "at", "at_after")
    found = spread.sort("first_at").join_asof(
        before, left_on="first_at", right_on="at", by="register", strategy="backward", allow_exact_matches=False,
        check_sortedness=False,
    )  # fmt: skip
    found = found.sort("last_at").join_asof(
        after, left_on="last_at", right_on="at", by="register", strategy="forward", allow_exact_matches=False,
        check_sortedness=False, suffix="_next",
    )  # fmt: skip
    end = pl.lit(horizon).dt.cast_time_unit("us")
    bounded = found.with_columns(
        low=pl.max_horizontal(
            pl.coalesce("at_before", "starts_at"),
            pl.col("starts_at"),
        ),
        high=pl.min_horizontal(pl.coalesce("at_after", end), pl.coalesce("ends_at", end)),
    ).with_columns(
        low=pl.min_horizontal("low", pl.col("first_at") - _SETTLE),
        high=pl.max_horizontal("high", pl.col("last_at") + _SETTLE),
    )
    bounded = bounded.with_columns(
        low=pl.max_horizontal("low", "starts_at"), high=pl.min_horizontal("high", end)
    ).filter(pl.col("high") >= pl.col("low"))
    return merge_days(
        bounded.with_columns(start=local_day("low", zone=zone), stop=local_day("high", zone=zone) + pl.duration(days=1))
    )


def extend_touched(touched: pl.DataFrame, estimated: pl.DataFrame, *, zone: ZoneInfo = OSLO) -> pl.DataFrame:
    """Add the days of estimates that looked at touched hours.

    `estimated`: stored `hourly` rows (series, hour, quality, rule) of the touched series from a week before their first
    touched day to `LONG_HISTORY` after their last; rows as measured do no harm. What a person decided counts too: its
    amount was spread by a profile.
    """
    calculated = pl.col("quality") < int(READ)
    if "rule" in estimated.columns:
        calculated |= pl.col("rule").is_not_null()
    days = estimated.filter(calculated).select("series", day=local_day("hour", zone=zone)).unique()
    near = days.join(touched, on="series").filter(
        (pl.col("day") >= pl.col("start") - _BEFORE) & (pl.col("day") < pl.col("stop") + LONG_HISTORY)
    )
    more = near.select("series", start="day", stop=pl.col("day") + pl.duration(days=1))
    return merge_days(pl.concat([touched.select(list(TOUCHED)), more]))


def merge_days(frame: pl.DataFrame) -> pl.DataFrame:
    """Merge overlapping and adjacent runs of days of each series."""
    ordered = frame.select(list(TOUCHED)).sort("series", "start", "stop")
    reach = pl.col("stop").cast(pl.Int32).cum_max().over("series").shift(1).over("series")
    begins = reach.is_null() | (pl.col("start").cast(pl.Int32) > reach)
    merged = (
        ordered.with_columns(run=begins.cum_sum())
        .group_by("series", "run")
        .agg(pl.col("start").min(), pl.col("stop").max())
    )
    return merged.select(pl.col(name).cast(dtype) for name, dtype in TOUCHED.items()).sort("series", "start")
