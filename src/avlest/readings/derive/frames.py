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

MOST_SERIES: Final = 256
"""Series in one task."""
_NEAR: Final = dt.timedelta(days=2)
_LONG_DAYS: Final = 45


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

    Windows end at years.  Long ones are widened to whole months, so that many series share a window; what is derived
    does not depend on the window.
    """
    rows = _cut_at_years(touched)
    long = (pl.col("stop") - pl.col("start")).dt.total_days() > _LONG_DAYS
    start = pl.when(long).then(pl.col("start").dt.month_start()).otherwise(pl.col("start"))
    past = (pl.col("stop") - pl.duration(days=1)).dt.month_end() + pl.duration(days=1)
    stop = pl.when(long).then(past).otherwise(pl.col("stop"))
    rows = rows.with_columns(start.alias("start"), stop.alias("stop")).sort("start", "stop", "series")
    for (first, last), part in rows.group_by(["start", "stop"], maintain_order=True):
        ids = part["series"].unique().sort().to_list()
        for at in range(0, len(ids), MOST_SERIES):
            yield _day(first), _day(last), ids[at : at + MOST_SERIES]


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
