# SPDX-License-Identifier: Apache-2.0
"""A few hours or days taken out of a matrix, with all that stands before them.  Pure.

Rules look at every hour through narrow windows first; the eight weeks before are only gathered for the few hours that
could become an alarm.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from avlest.insight.contracts import LOOKBACK_DAYS
from avlest.insight.rules.grid import Flags, Grid, Integers
from avlest.insight.rules.trailing import NOTHING, last_index, run_length

BACK_HOURS = LOOKBACK_DAYS * 24
QUIET_HOURS = 6
"""Of a day's hours the quietest six: those of the night."""
_CHUNK = 2_000


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The last hours before and with some columns: `values`, `valued`, `trusted` (windows, width); the last column is
    the hour itself.  Hours before the matrix begins are unknown."""

    values: Integers
    valued: Flags
    trusted: Flags


def take_window(grid: Grid, rows: Integers, columns: Integers, width: int) -> Window:
    """Windows of `width` hours that end at (`rows`, `columns`)."""
    at = columns[:, None] + np.arange(1 - width, 1)
    inside = at >= 0
    flat = rows[:, None] * grid.width + np.maximum(at, 0)
    return Window(
        np.where(inside, grid.values.ravel()[flat], 0),
        inside & grid.valued.ravel()[flat],
        inside & grid.trusted.ravel()[flat],
    )


def split_chunks(count: int, size: int = _CHUNK) -> list[slice]:
    """Slices of at most `size`: wide windows of many hours at once would not fit in memory."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def walk_back(running: Flags, breaks: Flags) -> Integers:
    """How many columns before the last one the unbroken stretch of `running` begins.

    What is neither running nor a break is passed over, but a stretch never begins with it.
    """
    columns = np.arange(running.shape[1])
    last_break = last_index(breaks)[:, -1]
    after = running & (columns > last_break[:, None])
    first = np.where(after.any(axis=1), after.argmax(axis=1), running.shape[1] - 1)
    return np.asarray(running.shape[1] - 1 - first)


def end_known(trusted: Flags, max_gap: int) -> Flags:
    """Columns after which nothing is known for `max_gap` hours or more."""
    return np.asarray(run_length(~trusted) >= max_gap)


def pick_quantile(values: Integers, known: Flags, share: float) -> Integers:
    """The value below which `share` of the known ones of each row lie (nearest rank); 0 where none is known."""
    ordered = np.sort(np.where(known, values, NOTHING), axis=-1)
    count = known.sum(axis=-1)
    rank = np.clip(np.ceil(share * count).astype(np.int64) - 1, 0, None)
    picked = np.take_along_axis(ordered, rank[..., None], axis=-1)[..., 0]
    return np.where(count > 0, picked, 0)


def pick_median(values: Integers, known: Flags) -> Integers:
    """Median of the known ones of each row, of two middle ones their mean (floored); 0 where none is known."""
    ordered = np.sort(np.where(known, values, NOTHING), axis=-1)
    count = known.sum(axis=-1)
    low = np.clip((count - 1) // 2, 0, None)[..., None]
    high = np.clip(count // 2, 0, None)[..., None]
    first = np.take_along_axis(ordered, low, axis=-1)[..., 0]
    second = np.take_along_axis(ordered, np.minimum(high, values.shape[-1] - 1), axis=-1)[..., 0]
    return np.where(count > 0, first // 2 + second // 2 + (first % 2 + second % 2) // 2, 0)


def lowest_mean(window: Window, count: int) -> Integers:
    """Mean of the `count` lowest trusted flows of each window (floored); 0 where there is none.

    What runs all the time is what is left when nobody draws water: the quietest hours show it.
    """
    flowing = window.trusted & (window.values > 0)
    masked = np.where(flowing, window.values, NOTHING)
    lowest = np.partition(masked, min(count, masked.shape[1]) - 1, axis=1)[:, :count]
    there = lowest != NOTHING
    return np.asarray(np.where(there, lowest, 0).sum(axis=1) // np.maximum(there.sum(axis=1), 1))
