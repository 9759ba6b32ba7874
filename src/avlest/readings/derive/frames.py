# SPDX-License-Identifier: Apache-2.0
"""Frames of derivation and the arithmetic of days on them.  Pure.

A frame of *touched* rows says which series are to be derived again in which local days: `series, start, stop`.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from avlest.readings.vee.contracts import FEEDS

TOUCHED: Final[Mapping[str, pl.DataType]] = {"series": pl.Int64(), "start": pl.Date(), "stop": pl.Date()}
SPANS: Final[Mapping[str, pl.DataType]] = {"series": pl.Int64(), "first_day": pl.Date()}
"""The first day each series is derived for: that of its first reading, or of its noted start value."""

MOST_SERIES: Final = 64
"""Series in one task, whatever its days."""
_NEAR: Final = dt.timedelta(days=2)
_LONG_DAYS: Final = 45
_SHARED_DAYS: Final = 14
_MOST_DAYS: Final = 64 * 366
"""Days of all series in one task, which bounds its memory."""
_MOST_SERIES_AT_ONCE: Final = 2048


def empty(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """No rows."""
    return pl.DataFrame(schema=dict(schema))


def pack(frame: pl.DataFrame) -> bytes:
    """A frame as bytes for the database."""
    target = io.BytesIO()
    frame.write_ipc(target, compression="zstd")
    return target.getvalue()


def unpack(body: bytes | memoryview, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame of `pack`; empty for no bytes."""
    return pl.read_ipc(io.BytesIO(bytes(body))) if len(body) else empty(schema)


def join_touched(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Touched rows of several causes as one, overlapping and near periods of a series joined."""
    rows = pl.concat([part.select(pl.col(n).cast(t) for n, t in TOUCHED.items()) for part in parts])
    rows = rows.filter(pl.col("start") < pl.col("stop")).sort("series", "start")
    if rows.is_empty():
        return rows
    reach = pl.col("stop").cum_max().over("series").shift().over("series")
    begins = (pl.col("start") > reach + _NEAR).fill_null(value=True)
    runs = rows.with_columns(begins.cum_sum().alias("run"))
    joined = runs.group_by("run", maintain_order=True).agg(
        pl.col("series").first(), pl.col("start").min(), pl.col("stop").max()
    )
    return joined.drop("run")


def clip_touched(touched: pl.DataFrame, spans: pl.DataFrame, *, last: dt.date) -> pl.DataFrame:
    """Touched rows within the days their series are derived for, before `last`; series without span drop out."""
    inside = touched.join(spans, on="series")
    start = pl.max_horizontal("start", "first_day")
    clipped = inside.select("series", start.alias("start"), pl.min_horizontal("stop", pl.lit(last)).alias("stop"))
    return clipped.filter(pl.col("start") < pl.col("stop"))


def group_touched(touched: pl.DataFrame) -> Iterator[tuple[dt.date, dt.date, list[int]]]:
    """Touched rows as windows with many series each: (first day, stop day, series), older days first.

    Windows end at years.  They are widened so that many series share one: long ones to whole months, short ones to
    those of others near them.  What is derived does not depend on the window.
    """
    rows = _cut_at_years(touched)
    length = (pl.col("stop") - pl.col("start")).dt.total_days()
    start = pl.col("start").dt.month_start()
    stop = (pl.col("stop") - pl.duration(days=1)).dt.month_end() + pl.duration(days=1)
    long = rows.filter(length > _LONG_DAYS).with_columns(start.alias("start"), stop.alias("stop"))
    short = _share_windows(rows.filter(length <= _LONG_DAYS))
    shared = pl.concat([long.select(list(TOUCHED)), short.select(list(TOUCHED))]).sort("start", "stop", "series")
    for (first, last), part in shared.group_by(["start", "stop"], maintain_order=True):
        begin, end = _day(first), _day(last)
        ids = part["series"].unique().sort().to_list()
        most = min(_MOST_SERIES_AT_ONCE, max(MOST_SERIES, _MOST_DAYS // (end - begin).days))
        for at in range(0, len(ids), most):
            yield begin, end, ids[at : at + most]


def _share_windows(rows: pl.DataFrame) -> pl.DataFrame:
    """Give windows that lie near each other one window: they begin and end within a few days, in the same year."""
    windows = rows.select("start", "stop").unique().sort("start", "stop").rows()
    shared: list[tuple[dt.date, dt.date, dt.date, dt.date]] = []
    cluster: list[tuple[dt.date, dt.date]] = []
    reach = dt.date.min
    for start, stop in [*windows, (dt.date.max, dt.date.max)]:
        if cluster and (start.year != cluster[0][0].year or (max(reach, stop) - cluster[0][0]).days > _SHARED_DAYS):
            shared.extend((*window, cluster[0][0], reach) for window in cluster)
            cluster, reach = [], dt.date.min
        cluster.append((start, stop))
        reach = max(reach, stop)
    names = ("start", "stop", "from", "to")
    table = pl.DataFrame(shared, schema=dict.fromkeys(names, pl.Date()), orient="row")
    return rows.join(table, on=["start", "stop"]).select(
        "series", pl.col("from").alias("start"), pl.col("to").alias("stop")
    )


def _day(value: object) -> dt.date:
    if not isinstance(value, dt.date):
        raise TypeError(f"{value!r} is no day")
    return value


def _cut_at_years(touched: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("start").dt.year()
    last = (pl.col("stop") - pl.duration(days=1)).dt.year()
    rows = touched.with_columns(pl.int_ranges(first, last + 1).alias("year")).explode("year")
    new_year, following = pl.date(pl.col("year"), 1, 1), pl.date(pl.col("year") + 1, 1, 1)
    return rows.select(
        "series",
        pl.max_horizontal("start", new_year).alias("start"),
        pl.min_horizontal("stop", following).alias("stop"),
    )


def find_changed_feeds(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Feeds that came, went or changed, both ways: which register fed which series when is what VEE stands on."""
    keys = [name for name in FEEDS if name in before.columns and name in after.columns]
    gone = before.join(after, on=keys, how="anti", nulls_equal=True)
    new = after.join(before, on=keys, how="anti", nulls_equal=True)
    return pl.concat([gone.select(keys), new.select(keys)])
