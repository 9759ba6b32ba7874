# SPDX-License-Identifier: Apache-2.0
"""How likely it is that a home has no hour without flow for so long by chance alone.  Pure.

A quiet home has dry hours every night; a home of six has three or four a day and may miss them all.  What each home's
own hours of the day were like in the eight weeks before says how much a stretch without a dry hour means.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avlest.insight.rules.days import NORMAL_DAYS, split_days
from avlest.insight.rules.grid import Grid, Integers
from avlest.insight.rules.specs import ContinuousFlow, NightFlow
from avlest.insight.rules.trailing import NOTHING, last_index
from avlest.insight.rules.windows import QUIET_HOURS, Window, lowest_mean, pick_median, split_chunks, take_window

Reals = npt.NDArray[np.float64]

_CHUNK = 50_000
_KNOWN_DAYS = 14
_EVEN = 2_000
_EVEN_SHARE = 4
"""A meter of whole litres that is read at any minute shows even flow as this much more or less."""
_PRIOR_DRY = 1.0
_PRIOR_HOURS = 4.0
"""Of a home of which nothing is known yet every fourth hour is taken to be dry, as sure as four days would say it."""


def confirm_nights(grid: Grid, rows: Integers, columns: Integers, spec: NightFlow) -> npt.NDArray[np.bool_]:
    """Whether no dry hour in the nights up to each (row, column), the last hour of one, is more than chance."""
    width = 24 * spec.nights
    result = np.zeros(len(rows), bool)
    wanted, place = np.unique(rows, return_inverse=True)
    weights = derive_weights(grid, wanted, spec.limit)
    _, position = split_days(grid)
    for part in split_chunks(len(rows), _CHUNK):
        back = np.maximum(columns[part][:, None] + np.arange(1 - width, 1), 0)
        hour = grid.hours.hour[back]
        measured = take_window(grid, rows[part], columns[part], width).trusted
        inside = measured & (hour >= spec.from_hour) & (hour < spec.to_hour)
        day = position[columns[part]] - position[grid.start]
        weight = weights[place[part][:, None], day[:, None], hour]
        result[part] = np.where(inside, weight, 0.0).sum(axis=1) <= np.log(spec.chance)
    return result


def confirm(grid: Grid, rows: Integers, columns: Integers, spec: ContinuousFlow) -> npt.NDArray[np.bool_]:
    """Whether each (row, column), the end of a stretch without a dry hour, is more than chance.

    Either is a stretch that long as unlikely as `spec.chance`, or the quietest hours of the last day run at
    `spec.fast_rate` or more above what is usual there in the quietest of these hours, or the whole day ran
    evenly, as it never does where somebody is.
    """
    result = np.zeros(len(rows), bool)
    wanted, place = np.unique(rows, return_inverse=True)
    weights, table = derive_weights(grid, wanted, spec.limit), _table_days(grid, wanted)
    _, position = split_days(grid)
    for part in split_chunks(len(rows), _CHUNK):
        window = take_window(grid, rows[part], columns[part], spec.chance_hours)
        hour = grid.hours.hour[np.maximum(columns[part][:, None] + np.arange(1 - spec.chance_hours, 1), 0)]
        day = position[columns[part]]
        weight = weights[place[part][:, None], (day - position[grid.start])[:, None], hour]
        usual = _find_usual(table, place[part], day)
        last = slice(-spec.hours, None)
        day_window = Window(window.values[:, last], window.valued[:, last], window.trusted[:, last])
        fast = _is_fast(day_window, usual, hour[:, last], spec)
        result[part] = _is_unlikely(window, weight, spec) | fast | _is_even(day_window)
    return result


def _is_unlikely(window: Window, weight: Reals, spec: ContinuousFlow) -> npt.NDArray[np.bool_]:
    dry = window.trusted & (window.values <= spec.limit)
    since = np.arange(weight.shape[1]) > last_index(dry)[:, -1:]
    return np.asarray(np.where(since & window.trusted, weight, 0.0).sum(axis=1) <= np.log(spec.chance))


def _is_fast(window: Window, usual: Integers, hour: Integers, spec: ContinuousFlow) -> npt.NDArray[np.bool_]:
    expected = np.where(window.trusted, np.take_along_axis(usual, hour, axis=1), NOTHING)
    lowest = np.partition(expected, QUIET_HOURS - 1, axis=1)[:, :QUIET_HOURS]
    known = (lowest != NOTHING).all(axis=1)
    limit = np.where(known[:, None], lowest, 0).sum(axis=1) // QUIET_HOURS + spec.fast_rate
    return np.asarray(known & (lowest_mean(window, QUIET_HOURS) >= limit))


def _is_even(window: Window) -> npt.NDArray[np.bool_]:
    lowest = np.where(window.trusted, window.values, NOTHING).min(axis=1)
    highest = np.where(window.trusted, window.values, 0).max(axis=1)
    return np.asarray(highest - lowest <= np.maximum(lowest // _EVEN_SHARE, _EVEN))


def _table_days(grid: Grid, rows: Integers) -> Integers:
    """What was measured in each hour of each local day (rows, days, 24); `NOTHING` where nothing was."""
    begin, position = split_days(grid)
    table = np.full((len(rows), len(begin) * 24), NOTHING)
    table[:, position * 24 + grid.hours.hour] = np.where(grid.trusted[rows], grid.values[rows], NOTHING)
    return table.reshape(len(rows), len(begin), 24)


def _find_usual(table: Integers, rows: Integers, day: Integers) -> Integers:
    """The median of each hour of the day over the days before (len(rows), 24); 0 where too little is known."""
    pairs, place = np.unique(np.stack([rows, day]), axis=1, return_inverse=True)
    result = np.zeros((pairs.shape[1], 24), np.int64)
    for part in split_chunks(pairs.shape[1]):
        row, today = pairs[:, part]
        back = today[:, None] - np.arange(1, NORMAL_DAYS + 1)
        values = np.where((back >= 0)[:, :, None], table[row[:, None], np.maximum(back, 0)], NOTHING).swapaxes(1, 2)
        known = values != NOTHING
        result[part] = np.where(known.sum(axis=2) >= _KNOWN_DAYS, pick_median(values, known), 0)
    return result[place.ravel()]


def derive_weights(grid: Grid, rows: Integers, limit: int) -> Reals:
    """Logarithm of the chance that an hour of the day is not dry (rows, local days from `grid.start`'s on, 24).

    Of the days before that are known and lived in; a few made-up hours stand for what is not known yet.
    """
    begin, position = split_days(grid)
    trusted = grid.trusted[rows]
    dry = trusted & (grid.values[rows] <= limit)
    # A day without any flow says nothing of how people live: nobody was there.
    counts = np.logical_or.reduceat(trusted & ~dry, begin, axis=1)[:, position]
    slot = position * 24 + grid.hours.hour
    shape = (len(rows), len(begin), 24)
    often, hours = (_sum_slots(flags & counts, slot, shape) for flags in (dry, trusted))
    share = (_trail(often, grid, position) + _PRIOR_DRY) / (_trail(hours, grid, position) + _PRIOR_HOURS)
    return np.asarray(np.log1p(-np.minimum(share, 0.99)))


def _first_day(grid: Grid, position: Integers) -> int:
    return int(position[grid.start]) if grid.start < grid.width else int(position[-1]) + 1


def _sum_slots(flags: npt.NDArray[np.bool_], slot: Integers, shape: tuple[int, int, int]) -> Integers:
    """Per local day and hour of the day; the hour that a clock change repeats counts twice."""
    result = np.zeros((shape[0], shape[1] * shape[2]), np.int64)
    edges = np.flatnonzero(np.diff(slot, prepend=-1))
    result[:, slot[edges]] = np.add.reduceat(flags.astype(np.int64), edges, axis=1)
    return result.reshape(shape)


def _trail(counts: Integers, grid: Grid, position: Integers) -> Integers:
    """Sums of the `NORMAL_DAYS` days before each local day from `grid.start`'s on."""
    total = np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0), (0, 0)))
    days = np.arange(_first_day(grid, position), counts.shape[1])
    return np.asarray(total[:, days] - total[:, np.maximum(days - NORMAL_DAYS, 0)])
