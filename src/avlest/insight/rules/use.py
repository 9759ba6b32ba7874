# SPDX-License-Identifier: Apache-2.0
"""HIGH_DAY, NO_CONSUMPTION, AWAY_FLOW and BACKFLOW (rules §5.2).  Pure."""

from __future__ import annotations

import dataclasses

import numpy as np

from avlest.insight.contracts import AlarmKind, Meaning
from avlest.insight.rules.days import Days, last_columns, sum_days
from avlest.insight.rules.grid import Flags, Integers
from avlest.insight.rules.latch import Signals
from avlest.insight.rules.scene import Amount, Found, Rate, Rule, Scene, cut, first_needed
from avlest.insight.rules.specs import AwayFlow, Backflow, HighDay, NoConsumption
from avlest.insight.rules.trailing import count_last
from avlest.insight.rules.windows import Window, pick_median

_KNOWN_SHARE = 0.8
"""So much of a quiet time must have been measured to call it quiet."""


def find_high_day(scene: Scene, spec: HighDay) -> Signals:
    """Decided when the local day is over: its measured hours alone are more than the limit."""
    grid = scene.grid
    opens = np.zeros((len(grid.series), grid.width - grid.start), bool)
    days, ends = sum_days(grid, slice(None)), last_columns(grid)
    asked = np.flatnonzero(ends >= grid.start)
    rows, places = np.nonzero(days.sums[:, asked] > spec.minimum)
    same = asked[places][:, None] - 7 * np.arange(1, spec.weeks + 1)
    picked = np.maximum(same, 0)
    known = (same >= 0) & (days.known[rows[:, None], picked] >= spec.known_hours)
    usual = pick_median(days.sums[rows[:, None], picked], known)
    enough = known.sum(axis=1) >= spec.known_days
    now = days.sums[rows, asked[places]]
    second, middle = _find_habit(days, rows, asked[places], spec)
    unusual = (now > second * spec.habit) & (now > np.maximum(usual, middle) * spec.factor)
    opens[rows, ends[asked[places]] - grid.start] = enough & unusual
    return Signals(opens, np.zeros_like(opens))


def _find_habit(days: Days, rows: Integers, day: Integers, spec: HighDay) -> tuple[Integers, Integers]:
    """Of all days of the weeks before the second highest (twice makes a habit) and the median; 0 without habits."""
    if not spec.habit:
        return np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    before = day[:, None] - np.arange(1, 7 * spec.weeks + 1)
    known = (before >= 0) & (days.known[rows[:, None], np.maximum(before, 0)] >= spec.known_hours)
    sums = np.where(known, days.sums[rows[:, None], np.maximum(before, 0)], 0)
    return np.sort(sums, axis=1)[:, -2], pick_median(sums, known)


def look_high_day(window: Window, spec: HighDay, limit: Integers) -> Found:
    """All measured hours count; since-when is local midnight, set by the day itself."""
    return window.trusted, np.zeros_like(window.trusted)


def find_no_consumption(scene: Scene, spec: NoConsumption) -> Signals:
    """Not one measured flow in so many days, and enough of them measured."""
    grid, width = scene.grid, spec.days * 24
    begin = first_needed(grid, width)
    trusted = grid.trusted[:, begin:]
    flowing = trusted & (grid.values[:, begin:] != 0)
    still = cut(count_last(flowing, width), grid, begin) == 0
    enough = cut(count_last(trusted, width), grid, begin) >= spec.known_share * width
    now = cut(trusted, grid, begin)
    return Signals(now & still & enough & scene.occupied[:, None], cut(flowing, grid, begin))


def look_no_consumption(window: Window, spec: NoConsumption, limit: Integers) -> Found:
    """Measured hours without flow; any flow ends them."""
    flowing = window.trusted & (window.values != 0)
    return window.trusted & ~flowing, flowing


def find_away(scene: Scene, spec: AwayFlow) -> Signals:
    """Any flow while nobody is there; clears after a quiet time, or when people are back."""
    grid = scene.grid
    begin = first_needed(grid, spec.quiet_hours)
    trusted = grid.trusted[:, begin:]
    flowing = trusted & (grid.values[:, begin:] > spec.limit)
    away = scene.away[:, grid.start :]
    quiet = _find_quiet(scene, flowing, begin, spec.quiet_hours)
    return Signals(away & cut(flowing, grid, begin), quiet | ~away)


def look_away(window: Window, spec: AwayFlow, limit: Integers) -> Found:
    """Flow; a measured hour without ends the stretch."""
    flowing = window.trusted & (window.values > spec.limit)
    return flowing, window.trusted & ~flowing


def find_backflow(scene: Scene, spec: Backflow) -> Signals:
    """A register of backward flow grows; one step of the meter or less is its check valve."""
    grid = scene.grid
    begin = first_needed(grid, spec.quiet_hours)
    limit = np.maximum(scene.resolution, spec.limit)[:, None]
    flowing = grid.trusted[:, begin:] & (grid.values[:, begin:] > limit)
    return Signals(cut(flowing, grid, begin), _find_quiet(scene, flowing, begin, spec.quiet_hours))


def turn_around(scene: Scene) -> Scene:
    """A series of use as one of backward flow: what is negative ran backwards."""
    if scene.meaning is not Meaning.USE:
        return scene
    values = scene.grid.values
    backwards = np.maximum(-values, 0) if (values < 0).any() else np.zeros_like(values)
    return dataclasses.replace(scene, grid=dataclasses.replace(scene.grid, values=backwards))


def look_backflow(window: Window, spec: Backflow, limit: Integers) -> Found:
    """Backward flow; a measured hour without ends the stretch."""
    flowing = window.trusted & (window.values > 0)
    return flowing, window.trusted & ~flowing


def _find_quiet(scene: Scene, flowing: Flags, begin: int, hours: int) -> Flags:
    grid = scene.grid
    still = cut(count_last(flowing, hours), grid, begin) == 0
    known = cut(count_last(grid.trusted[:, begin:], hours), grid, begin) >= _KNOWN_SHARE * hours
    return np.asarray(still & known & cut(grid.trusted[:, begin:], grid, begin))


HIGH_DAY = Rule(AlarmKind.HIGH_DAY, find_high_day, look_high_day, Amount.ALL, Rate.NONE, is_event=True)
NO_CONSUMPTION = Rule(
    AlarmKind.NO_CONSUMPTION, find_no_consumption, look_no_consumption, Amount.NONE, Rate.NONE
)  # fmt: skip
AWAY = Rule(AlarmKind.AWAY_FLOW, find_away, look_away, Amount.ALL, Rate.MEAN)
BACKFLOW = Rule(AlarmKind.BACKFLOW, find_backflow, look_backflow, Amount.ALL, Rate.MEAN, prepare=turn_around)
