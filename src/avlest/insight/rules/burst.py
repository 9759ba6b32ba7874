# SPDX-License-Identifier: Apache-2.0
"""BURST: far more in an hour than a household ever draws (rules §5.2).  Pure."""

from __future__ import annotations

import numpy as np

from avlest.insight.contracts import AlarmKind
from avlest.insight.rules.days import NORMAL_DAYS, split_days
from avlest.insight.rules.grid import Flags, Grid, Integers
from avlest.insight.rules.latch import Signals
from avlest.insight.rules.scene import Amount, Found, Rate, Rule, Scene, cut, first_needed
from avlest.insight.rules.specs import Burst
from avlest.insight.rules.trailing import run_length
from avlest.insight.rules.windows import Window, pick_quantile, split_chunks, take_window

_PERCENTILE = 0.99
_WEEK = 168
_WEEKS = 8


def find_burst(scene: Scene, spec: Burst) -> Signals:
    """One hour above the series' own limit, or several in a row above `run`; not what is habit at that hour."""
    grid = scene.grid
    begin = first_needed(grid, spec.run_hours)
    values, trusted = grid.values[:, begin:], grid.trusted[:, begin:]
    runs = cut(run_length(trusted & (values > spec.run)) >= spec.run_hours, grid, begin)
    now, known = cut(values, grid, begin), cut(trusted, grid, begin)
    opens = runs | (known & (now > spec.single))
    rows, places = np.nonzero(opens)
    opens[rows, places] = _confirm(grid, spec, rows, places + grid.start, runs[rows, places])
    return Signals(opens, known & (now < spec.clear))


def _confirm(grid: Grid, spec: Burst, rows: Integers, columns: Integers, in_run: Flags) -> Flags:
    """Of the hours that passed the fixed limits, those above the series' own limit that are no habit."""
    begin, position = split_days(grid)
    confirmed = np.zeros(len(rows), bool)
    for part in split_chunks(len(rows)):
        at, columns_of = rows[part], columns[part]
        before = take_window(grid, at, begin[position[columns_of]] - 1, NORMAL_DAYS * 24)
        now = grid.values[at, columns_of]
        high = in_run[part] | (now > np.maximum(_own_limit(before, spec), spec.single))
        confirmed[part] = high & (now > _take_habit(grid, at, columns_of) * spec.habit)
    return confirmed


def _own_limit(before: Window, spec: Burst) -> Integers:
    """What the eight weeks before allow for one hour: by their P99, and by the second highest hour they had."""
    enough = before.trusted.sum(axis=1) >= spec.known_hours
    values = np.where(before.trusted, before.values, 0)
    second = np.partition(values, -2, axis=1)[:, -2] * spec.habit
    own = np.maximum(pick_quantile(before.values, before.trusted, _PERCENTILE) * spec.factor, second)
    return np.where(enough, own, 0).astype(np.int64)


def _take_habit(grid: Grid, rows: Integers, columns: Integers) -> Integers:
    """The most that the same hour of the week, or one beside it, has had in eight weeks; twice makes a habit."""
    weeks = np.arange(1, _WEEKS + 1) * _WEEK
    most = np.zeros((len(rows), _WEEKS), np.int64)
    for beside in (-1, 0, 1):
        at = columns[:, None] - weeks + beside
        there = (at >= 0) & grid.trusted[rows[:, None], np.maximum(at, 0)]
        most = np.maximum(most, np.where(there, grid.values[rows[:, None], np.maximum(at, 0)], 0))
    return np.sort(most, axis=1)[:, -2]


def look_burst(window: Window, spec: Burst, limit: Integers) -> Found:
    """Hours of more than `run`; a measured hour of less breaks them."""
    flowing = window.trusted & (window.values > spec.run)
    return flowing, window.trusted & ~flowing


BURST = Rule(AlarmKind.BURST, find_burst, look_burst, Amount.ALL, Rate.HIGHEST)
