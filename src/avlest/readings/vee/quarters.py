# SPDX-License-Identifier: Apache-2.0
"""Quarter hours out of hours: as measured where there are readings, else split so that they sum to the hour.  Pure."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from avlest.readings.calendar import OSLO, local_day
from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import MS_HOUR, Integers, Mask, split_amounts, to_instants, to_integers, to_ms
from avlest.readings.vee.book import GAUGE, Book, find_places, make_book
from avlest.readings.vee.contracts import QUARTERS, VeeInputs
from avlest.readings.vee.engine import validate_readings
from avlest.readings.vee.findings import Findings
from avlest.readings.vee.gauges import fill_gauges
from avlest.readings.vee.grid import Grid, make_grid
from avlest.readings.vee.points import Points
from avlest.readings.vee.spans import MEASURED, Spans, derive_spans
from avlest.readings.vee.thresholds import load_thresholds

MS_QUARTER: Final = MS_HOUR // 4
_NEAR: Final = MS_QUARTER * 3 // 2


def derive_quarters(inputs: VeeInputs, hourly: pl.DataFrame, *, zone: ZoneInfo = OSLO) -> pl.DataFrame:
    """The quarters (`QUARTERS`) of hourly rows; four of them sum to the hour (of a gauge: each is a mean of its own).

    `inputs` as for the derivation of the hours. A quarter is measured where readings stand at most 22½ minutes apart
    and give the hour's own value; else the hour is split, by what the registers say or evenly, and is estimated (E2).
    """
    if not hourly.height:
        return pl.DataFrame(schema=QUARTERS)
    first, last = to_ms(hourly["hour"].sort().head(1))[0], to_ms(hourly["hour"].sort().tail(1))[0]
    day = hourly.select(local_day("hour", zone=zone).min()).item()
    book = make_book(inputs, thresholds=load_thresholds(), day=day if isinstance(day, dt.date) else dt.date.max)
    grid = _make_quarter_grid(inputs, book, int(first), int(last) + MS_HOUR)
    rows = hourly.filter(pl.col("series").is_in(book.ids.tolist())).sort("series", "hour")
    place, _ = find_places(book.ids, to_integers(rows["series"]))
    column = (to_ms(rows["hour"]) - grid.first) // MS_QUARTER
    return _split_hours(rows, book, grid, place, column)


def _make_quarter_grid(inputs: VeeInputs, book: Book, start: int, stop: int) -> Grid:
    points: Points = validate_readings(inputs, book, Findings(book.ids, load_thresholds()), horizon=stop)
    spans = derive_spans(points.keep(book.kind[book.feeds.series[points.feed]] != GAUGE), book)
    far = (spans.kind == MEASURED) & (spans.stop - spans.start > _NEAR) & (spans.amount != 0)
    quality = np.where(far, int(Quality.ESTIMATED), spans.quality)
    spans = Spans(spans.series, spans.start, spans.stop, spans.kind, spans.amount, quality)
    grid = make_grid(spans, rows=len(book.ids), start=start, stop=stop, step=MS_QUARTER, horizon=stop)
    fill_gauges(grid, points, book, horizon=stop)
    return grid


def _split_hours(rows: pl.DataFrame, book: Book, grid: Grid, place: Integers, column: Integers) -> pl.DataFrame:
    four = column[:, None] + np.arange(4)
    inside = np.clip(four, 0, grid.columns - 1)
    value, quality = grid.value[place[:, None], inside], grid.quality[place[:, None], inside]
    total = to_integers(rows["value"])
    known = rows["value"].is_not_null().to_numpy()
    own = (quality >= int(Quality.EDITED)).all(axis=1) & (value.sum(axis=1) == total)
    gauge = book.kind[place] == GAUGE
    own = np.where(gauge, (quality > 0).all(axis=1), own)
    weight = np.where((value >= 0).all(axis=1)[:, None], value, 0).ravel()
    split = split_amounts(total, weight, np.full(len(total), 4)).reshape(-1, 4)
    split = np.where(gauge[:, None], total[:, None], split)
    parts = np.where(own[:, None], value, split)
    return _to_frame(rows, parts, quality, own & known, known)


def _to_frame(rows: pl.DataFrame, parts: Integers, quality: np.ndarray, own: Mask, known: Mask) -> pl.DataFrame:
    hour_quality = rows["quality"].to_numpy()
    lower = np.minimum(hour_quality, int(Quality.ESTIMATED))
    # a person's decision on the hour holds for its quarters too
    decided = (hour_quality >= int(Quality.DISCRETION)) & rows["rule"].is_not_null().to_numpy()
    rank = np.where(own[:, None], quality, np.where(decided, hour_quality, lower)[:, None]).astype(np.int16)
    rule = pl.select(pl.when(pl.Series(own)).then(None).otherwise(rows["rule"].fill_null("E2")).alias("rule"))["rule"]
    four = np.repeat(np.arange(rows.height), 4)
    quarter = to_ms(rows["hour"])[four] + np.tile(np.arange(4) * MS_QUARTER, rows.height)
    frame = pl.DataFrame(
        {
            "series": rows["series"].gather(four),
            "quarter": to_instants(quarter),
            "value": pl.Series(parts.ravel()),
            "quality": rank.ravel(),
            "rule": rule.gather(four),
        }
    )
    blank = pl.Series(np.repeat(~known, 4))
    return frame.with_columns(
        value=pl.when(blank).then(None).otherwise("value"), quality=pl.when(blank).then(0).otherwise("quality")
    ).select(pl.col(name).cast(dtype) for name, dtype in QUARTERS.items())
