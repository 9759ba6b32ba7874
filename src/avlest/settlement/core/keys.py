# SPDX-License-Identifier: Apache-2.0
"""Several columns as one whole number per row: sorting and grouping by one int64 is many times faster than by eight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from avlest.settlement.core.money import Ints

_LARGEST = 2**62
_NARROW = 4096
"""Columns with a wider range of values are numbered by their distinct values, if those are fewer."""

Ranks = Mapping[str, int]


def derive_key(frame: pl.DataFrame, columns: Sequence[str], ranks: Mapping[str, Ranks] | None = None) -> Ints | None:
    """A number per row whose order is that of the columns, left to right, and that is equal where all are equal.

    Null comes first.  Text is ordered by `ranks` of its column, else by its letters.  None where the columns have too
    many values for 62 bits; the caller then does it the slow way.
    """
    key, room = np.zeros(frame.height, np.int64), _LARGEST
    for name in columns:
        codes, width = _encode(frame[name], (ranks or {}).get(name))
        room //= max(width, 1)
        if not room:
            return None
        key = key * width + codes
    return key


def _encode(series: pl.Series, ranks: Ranks | None) -> tuple[Ints, int]:
    """The column as numbers from 0, and how many there may be."""
    if series.dtype in (pl.Categorical, pl.String):
        return _encode_text(series, ranks)
    numbers = series.to_physical().cast(pl.Int64)
    low, high = numbers.min(), numbers.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return np.zeros(len(series), np.int64), 1
    if high - low > _NARROW and series.n_unique() < _NARROW:
        distinct = numbers.unique().sort().to_numpy()
        filled = numbers.fill_null(low - 1).to_numpy()
        return np.asarray(np.searchsorted(distinct, filled), np.int64), len(distinct) + 1
    return numbers.fill_null(low - 1).to_numpy() - (low - 1), high - low + 2


def _encode_text(series: pl.Series, ranks: Ranks | None) -> tuple[Ints, int]:
    words = series.cast(pl.Categorical())
    distinct = words.unique()
    texts = distinct.cast(pl.String).to_list()
    order = ranks or {text: rank for rank, text in enumerate(sorted(text for text in texts if text is not None))}
    physical = distinct.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    lookup = np.zeros(int(physical.max(initial=0)) + 1, np.int64)
    last = max(order.values(), default=0) + 1
    for number, text in zip(physical, texts, strict=True):
        if text is not None:
            lookup[number] = order.get(text, last) + 1
    codes = lookup[words.to_physical().fill_null(0).to_numpy()]
    if series.null_count():
        codes = np.where(series.is_null().to_numpy(), 0, codes)
    return np.asarray(codes, np.int64), last + 2


def sort_by_key(frame: pl.DataFrame, columns: Sequence[str], ranks: Mapping[str, Ranks]) -> pl.DataFrame:
    """The frame in the order of the columns; equal rows stay in theirs."""
    key = derive_key(frame, columns, ranks)
    if key is None:
        slow = [_rank_text(frame[name], ranks.get(name)) for name in columns]
        order = np.lexsort([*reversed(slow)])
    else:
        order = np.argsort(key, kind="stable")
    return frame[order]


def _rank_text(series: pl.Series, ranks: Ranks | None) -> Ints:
    return _encode(series, ranks)[0]
