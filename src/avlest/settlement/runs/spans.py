# SPDX-License-Identifier: Apache-2.0
"""Sums of daily series over stretches of days, for many series at once.  Pure.

The rows of a store come sorted by (series, day), so every stretch is a range of rows, found by two binary searches and
summed in one pass, whatever the number of series.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_STEP = 100_000
"""More days than any series has: makes one number of series and day that sorts as they do."""
_NO_QUALITY = 1 << 15


def derive_span_sums(daily: pl.DataFrame, spans: pl.DataFrame, *, read_from: int) -> pl.DataFrame:
    """Return `spans` (series, start, stop) with the sum of their days and how sure it is.

    `daily` has series, day, value, quality, one row a (series, day), sorted; `ValueError` otherwise.  Added: `total`
    (thousandths of the series' unit, of the days known), `days`, `days_read` (quality at least `read_from`),
    `days_estimated`, `days_missing` (no row or no value), `quality` (the lowest of the known days; null where none is),
    `quality_read` (the lowest of the days read), and the days of `days_estimated` that stand before the first and after
    the last day of which an hour was read: `edge_before`, `edge_after` (both all of them where there is no such day).
    `daily` may have `hours_measured`.
    """
    key = _derive_key(daily)
    numbers = daily["series"].to_numpy()[_find_first(key)]
    wanted = spans["series"].fill_null(-1).to_numpy()
    at = np.searchsorted(numbers, wanted)
    there = at < len(numbers)
    there[there] = numbers[at[there]] == wanted[there]
    start, stop = (spans[name].cast(pl.Int32).cast(pl.Int64).to_numpy() for name in ("start", "stop"))
    low = np.where(there, np.searchsorted(key, at * _STEP + start), 0)
    high = np.where(there, np.searchsorted(key, at * _STEP + stop), 0)
    known = daily["value"].is_not_null().to_numpy()
    quality = np.where(known, daily["quality"].fill_null(0).to_numpy(), 0).astype(np.int64)
    ranges = _Ranges(low, high)
    known_days = ranges.reduce(np.add, known.astype(np.int64), 0)
    read_days = ranges.reduce(np.add, (quality >= read_from).astype(np.int64), 0)
    lowest = ranges.reduce(np.minimum, np.where(known, quality, _NO_QUALITY), _NO_QUALITY)
    is_read = quality >= read_from
    least_read = ranges.reduce(np.minimum, np.where(is_read, quality, _NO_QUALITY), _NO_QUALITY)
    before, after = _find_edges(daily, known, is_read, ranges=(low, high), unread=known_days - read_days)
    return spans.with_columns(
        total=pl.Series(ranges.reduce(np.add, daily["value"].fill_null(0).to_numpy(), 0)),
        days=pl.Series(stop - start, dtype=pl.Int32),
        days_read=pl.Series(read_days, dtype=pl.Int32),
        days_estimated=pl.Series(known_days - read_days, dtype=pl.Int32),
        days_missing=pl.Series(stop - start - known_days, dtype=pl.Int32),
        quality=_to_quality(lowest),
        quality_read=_to_quality(least_read),
        edge_before=pl.Series(before, dtype=pl.Int32),
        edge_after=pl.Series(after, dtype=pl.Int32),
    )


def _to_quality(lowest: Ints) -> pl.Series:
    return pl.Series(np.where(lowest < _NO_QUALITY, lowest, -1)).replace(-1, None).cast(pl.Int16)


def _find_edges(
    daily: pl.DataFrame,
    known: NDArray[np.bool_],
    is_read: NDArray[np.bool_],
    *,
    ranges: tuple[Ints, Ints],
    unread: Ints,
) -> tuple[Ints, Ints]:
    """Known days before the first and after the last day with a read hour, of the ranges that have unread days."""
    before, after = np.zeros(len(unread), np.int64), np.zeros(len(unread), np.int64)
    rows = np.flatnonzero(unread)
    if not len(rows):
        return before, after
    low, high = (edge[rows] for edge in ranges)
    touched = is_read
    if "hours_measured" in daily.columns:
        touched = is_read | (known & (daily["hours_measured"].fill_null(0).to_numpy() > 0))
    places = np.append(np.flatnonzero(touched), len(known))
    first = np.minimum(places[np.searchsorted(places, low)], high)
    last = places[np.maximum(np.searchsorted(places, high) - 1, 0)] + 1
    last = np.where((last > low) & (last <= high), last, low)
    counted = np.concatenate([[0], np.cumsum(known)])
    before[rows], after[rows] = counted[first] - counted[low], counted[high] - counted[last]
    return before, after


def _derive_key(daily: pl.DataFrame) -> Ints:
    """One number per row that rises from row to row: the position of its series, and its day."""
    series = daily["series"].to_numpy()
    fresh = np.empty(len(series), np.int64)
    fresh[:1] = 0
    np.not_equal(series[1:], series[:-1], out=fresh[1:])
    key = np.cumsum(fresh) * _STEP + daily["day"].cast(pl.Int32).to_numpy()
    if bool((series[1:] < series[:-1]).any()) or bool((key[1:] <= key[:-1]).any()):
        raise ValueError("daily rows must be sorted by series and day, one row each")
    return np.asarray(key, np.int64)


def _find_first(key: Ints) -> NDArray[np.intp]:
    """The first row of each series."""
    position = key // _STEP
    return np.flatnonzero(np.diff(position, prepend=-1))


class _Ranges:
    """Ranges of rows `[low, high)`, reduced at once."""

    def __init__(self, low: Ints, high: Ints) -> None:
        self._filled = np.flatnonzero(high > low)
        self._edges = np.stack([low[self._filled], high[self._filled]], axis=1).ravel()
        self._count = len(low)

    def reduce(self, how: np.ufunc, values: Ints, nothing: int) -> Ints:
        """Sum or least of each range; `nothing` for an empty one."""
        result = np.full(self._count, nothing, np.int64)
        if len(self._filled):
            # The end of the last range may lie behind the last row, where `reduceat` needs one.
            result[self._filled] = how.reduceat(np.append(values, nothing), self._edges)[::2]
        return result
