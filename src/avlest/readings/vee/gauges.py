# SPDX-License-Identifier: Apache-2.0
"""Momentary values to hours: the mean of the readings of the hour, a line across short gaps.  Pure."""

from __future__ import annotations

import numpy as np

from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import MS_HOUR, Integers, Mask, find_starts, round_half_up
from avlest.readings.vee.book import GAUGE, NEVER_MS, Book
from avlest.readings.vee.grid import CODE, Grid
from avlest.readings.vee.points import READING, Points


def fill_gauges(grid: Grid, points: Points, book: Book, *, horizon: int) -> None:
    """Fill the rows of gauges: mean of the readings in each hour, halves away from zero."""
    gauges = np.flatnonzero(book.kind == GAUGE)
    if not len(gauges):
        return
    series = book.feeds.series[points.feed]
    rows = np.flatnonzero((book.kind[series] == GAUGE) & (points.type == READING))
    value = np.zeros((len(book.ids), grid.columns), np.int64)
    found = np.full(value.shape, -1, np.int8)
    _fill_means(value, found, series[rows], points.at[rows] // grid.step - grid.first // grid.step, points, rows)
    exists = _find_existing(grid, book, horizon=horizon)
    _bridge(grid, book, gauges, value[gauges], found[gauges], exists[gauges])


def _fill_means(
    value: Integers, found: np.ndarray, series: Integers, column: Integers, points: Points, rows: Integers
) -> None:
    inside = (column >= 0) & (column < value.shape[1])
    series, column, rows = series[inside], column[inside], rows[inside]
    starts = find_starts(series, column)
    if not len(starts):
        return
    counts = np.diff(np.append(starts, len(rows)))
    total = np.add.reduceat(points.value[rows], starts)
    quality = np.minimum(np.minimum.reduceat(points.quality[rows], starts), int(Quality.MEASURED))
    sign = np.where(total < 0, -1, 1)
    value[series[starts], column[starts]] = sign * ((2 * np.abs(total) + counts) // (2 * counts))
    found[series[starts], column[starts]] = quality


def _find_existing(grid: Grid, book: Book, *, horizon: int) -> Mask:
    """Hours in which a series has a meter, up to the horizon."""
    exists = np.zeros((len(book.ids), grid.columns + 1), np.int64)
    feeds = book.feeds
    ends = np.minimum(np.where(feeds.ends == NEVER_MS, horizon, feeds.ends), horizon)
    low = np.clip(feeds.starts // grid.step - grid.first // grid.step, 0, grid.columns)
    high = np.clip(-(-ends // grid.step) - grid.first // grid.step, low, grid.columns)
    np.add.at(exists, (feeds.series, low), 1)
    np.add.at(exists, (feeds.series, high), -1)
    there: Mask = np.cumsum(exists[:, :-1], axis=1) > 0
    last = max(0, (horizon - grid.first) // grid.step)
    there[:, last:] = False
    return there


def _bridge(grid: Grid, book: Book, rows: Integers, value: Integers, found: np.ndarray, exists: Mask) -> None:
    """A line between the hours beside a gap of at most `gauge_gap_h`; longer gaps stay missing."""
    has = found >= 0
    column = np.broadcast_to(np.arange(grid.columns), has.shape)
    before = np.maximum.accumulate(np.where(has, column, -1), axis=1)
    after = np.minimum.accumulate(np.where(has, column, grid.columns)[:, ::-1], axis=1)[:, ::-1]
    most = book.limits["gauge_gap_h"][rows][:, None] * (MS_HOUR // grid.step)
    near = (before >= 0) & (after < grid.columns) & (after - before - 1 <= most)
    left = np.take_along_axis(value, np.maximum(before, 0), axis=1)
    right = np.take_along_axis(value, np.minimum(after, grid.columns - 1), axis=1)
    line = left + round_half_up((right - left) * ((column - before) / np.maximum(after - before, 1)))
    estimated = exists & ~has & near
    quality = np.where(has, found, np.where(estimated, int(Quality.ESTIMATED), int(Quality.MISSING)))
    grid.value[rows] = np.where(has, value, np.where(estimated, line, 0))
    grid.quality[rows] = np.where(exists, quality, -1).astype(np.int8)
    grid.rule[rows] = np.where(has, 0, np.where(estimated, CODE["E2"], CODE["missing"]))
