# SPDX-License-Identifier: Apache-2.0
"""Sums of daily series over stretches of days, for many series at once.  Pure.

The rows of a store come sorted by (series, day), so every stretch is a range of rows: two binary searches and a
difference of running sums, whatever the number of series.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_STEP = 100_000
"""More days than any series has: makes one number of series and day that sorts as they do."""


def derive_span_sums(daily: pl.DataFrame, spans: pl.DataFrame, *, read_from: int) -> pl.DataFrame:
    """Return `spans` (series, start, stop) with the sum of their days and how sure it is.

    `daily` has series, day, value, quality, one row a (series, day), sorted.  Added: `total` (thousandths of the
    series' unit, of the days known), `days`, `days_read` (quality at least `read_from`), `days_estimated`,
    `days_missing` (no row or no value), `quality` (the lowest of the known days; null where none is).
    """
    numbers = daily["series"].unique(maintain_order=True)
    rows = _Rows(daily, numbers)
    series = pl.DataFrame({"series": numbers, "at": np.arange(len(numbers), dtype=np.int64)})
    at = spans.join(series, on="series", how="left", maintain_order="left")["at"].fill_null(-1).to_numpy()
    start, stop = (spans[name].cast(pl.Int32).cast(pl.Int64).to_numpy() for name in ("start", "stop"))
    low, high = rows.find(at, start), rows.find(at, stop)
    days = stop - start
    known = rows.known[high] - rows.known[low]
    read = rows.derive_read(read_from)
    read_days = read[high] - read[low]
    return spans.with_columns(
        total=pl.Series(rows.sums[high] - rows.sums[low]),
        days=pl.Series(days, dtype=pl.Int32),
        days_read=pl.Series(read_days, dtype=pl.Int32),
        days_estimated=pl.Series(known - read_days, dtype=pl.Int32),
        days_missing=pl.Series(days - known, dtype=pl.Int32),
        quality=rows.derive_lowest(low, high),
    )


class _Rows:
    """Daily rows as arrays with running sums; index n stands before row n."""

    def __init__(self, daily: pl.DataFrame, numbers: pl.Series) -> None:
        series = daily["series"].to_numpy()
        fresh = np.ones(len(series), bool)
        fresh[1:] = series[1:] != series[:-1]
        position = np.cumsum(fresh) - 1
        self._key = position * _STEP + daily["day"].cast(pl.Int32).cast(pl.Int64).to_numpy()
        if len(numbers) != int(fresh.sum()) or bool(np.any(np.diff(self._key) <= 0)):
            raise ValueError("daily rows must be sorted by series and day, one row each")
        there = daily["value"].is_not_null().to_numpy()
        self._quality = np.where(there, daily["quality"].fill_null(0).to_numpy().astype(np.int64), 0)
        self._there = there
        self.sums = _running(daily["value"].fill_null(0).to_numpy())
        self.known = _running(there.astype(np.int64))

    def find(self, at: Ints, day: Ints) -> Ints:
        """The first row of a series on or after a day; 0 for a series without rows."""
        return np.where(at < 0, 0, np.searchsorted(self._key, at * _STEP + day))

    def derive_read(self, least: int) -> Ints:
        """Running count of days whose quality is that of a reading."""
        return _running((self._there & (self._quality >= least)).astype(np.int64))

    def derive_lowest(self, low: Ints, high: Ints) -> pl.Series:
        """The lowest quality among the known days of each range; null where there is none."""
        lowest = np.full(len(low), 1 << 15, np.int64)
        filled = np.nonzero(high > low)[0]
        if len(filled):
            values = np.append(np.where(self._there, self._quality, 1 << 15), 1 << 15)
            edges = np.stack([low[filled], high[filled]], axis=1).ravel()
            lowest[filled] = np.minimum.reduceat(values, edges)[::2]
        return pl.Series(np.where(lowest < 1 << 15, lowest, -1)).replace(-1, None).cast(pl.Int16)


def _running(values: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(values.astype(np.int64))])
