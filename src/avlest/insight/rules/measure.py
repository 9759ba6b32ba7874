# SPDX-License-Identifier: Apache-2.0
"""Of alarms found: since when, until when, how much, at what rate.  Pure.

Amounts add up hour by hour with what was known at each hour, so that a day added to what is carried over gives the
same as all days at once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from avlest.insight.rules.grid import Grid, Integers
from avlest.insight.rules.latch import CARRIED, STILL_OPEN, Episodes
from avlest.insight.rules.scene import Amount, Rate, Rule, Scene
from avlest.insight.rules.windows import BACK_HOURS, QUIET_HOURS, lowest_mean, split_chunks, take_window, walk_back

_DAY = 24
_FLAT_CHUNK = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Carried:
    """Alarms open before the first hour asked for, per row of the grid (n,): `is_open`, and what was known of them.

    `since`, `opened` and `last` are hour numbers (hours since 1970).
    """

    is_open: np.ndarray[Any, np.dtype[np.bool_]]
    since: Integers
    opened: Integers
    last: Integers
    rate: Integers
    amount: Integers


@dataclasses.dataclass(frozen=True, slots=True)
class Measures:
    """One row per alarm (e,): row of the grid; hour numbers of the first hour, of the end of the hour that opened it,
    of the end of the last hour known, of the end of the hour that cleared it (`STILL_OPEN`); rate and amount."""

    row: Integers
    since: Integers
    opened: Integers
    last: Integers
    cleared: Integers
    rate: Integers
    amount: Integers

    def __len__(self) -> int:
        return len(self.row)


def measure(scene: Scene, rule: Rule, spec: Any, episodes: Episodes, carried: Carried) -> Measures:
    """Measures of `episodes`, whose columns count from `scene.grid.start`."""
    grid, rows = scene.grid, episodes.row
    was_open = episodes.opened == CARRIED
    opened = np.where(was_open, grid.start - 1, episodes.opened + grid.start)
    end = np.where(episodes.cleared == STILL_OPEN, grid.width - 1, episodes.cleared + grid.start)
    normal = _Normal.of(scene, rule, spec, rows)
    limit = normal.at_start(np.maximum(opened - grid.start, 0))
    since = _find_since(grid, rule, spec, rows, opened, limit)
    last = _find_last(grid, rule, spec, rows, end, limit)
    known_since = np.where(was_open, carried.since[rows], since + grid.hours.first)
    known_last = last + grid.hours.first + 1
    amount = _add_up(grid, rule, rows, np.where(was_open, grid.start, since), opened, end, normal)
    amount += np.where(was_open, carried.amount[rows], 0)
    return Measures(
        rows,
        known_since,
        np.where(was_open, carried.opened[rows], opened + grid.hours.first + 1),
        np.where(was_open, np.maximum(known_last, carried.last[rows]), known_last),
        np.where(episodes.cleared == STILL_OPEN, STILL_OPEN, end + grid.hours.first + 1),
        _find_rate(grid, rule, rows, since, last, end, was_open, carried, amount, known_since, normal),
        amount,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Normal:
    """What is normal at each hour asked for, for the rows that have alarms: `values` (r, k), `place` of each alarm."""

    values: Integers | None
    place: Integers

    @classmethod
    def of(cls, scene: Scene, rule: Rule, spec: Any, rows: Integers) -> _Normal:
        used, place = np.unique(rows, return_inverse=True)
        return cls(rule.normal(scene, used, spec) if rule.normal and len(used) else None, place)

    def at_start(self, columns: Integers) -> Integers:
        """At one column (from the first asked for) per alarm."""
        return np.zeros(len(columns), np.int64) if self.values is None else self.values[self.place, columns]

    def at(self, alarms: Integers, columns: Integers) -> Integers:
        """At a column (from the first asked for; before it: at the first) of some alarms."""
        if self.values is None:
            return np.zeros(len(alarms), np.int64)
        return np.asarray(self.values[self.place[alarms], np.maximum(columns, 0)])


def _find_since(grid: Grid, rule: Rule, spec: Any, rows: Integers, opened: Integers, limit: Integers) -> Integers:
    """Column at which each began: walked back from the hour that opened it, eight weeks at most."""
    if rule.is_event:
        return np.asarray(np.searchsorted(grid.hours.day, grid.hours.day[np.maximum(opened, 0)]))
    since = np.array(opened)
    for part in split_chunks(len(rows)):
        window = take_window(grid, rows[part], opened[part], BACK_HOURS)
        running, breaks = rule.look(window, spec, limit[part])
        since[part] = opened[part] - walk_back(running, breaks)
    return since


def _find_last(grid: Grid, rule: Rule, spec: Any, rows: Integers, end: Integers, limit: Integers) -> Integers:
    """Column of the last hour of which it is known to be so; before the matrix where there is none."""
    last = np.array(end)
    for part in split_chunks(len(rows)):
        window = take_window(grid, rows[part], end[part], BACK_HOURS)
        running, _ = rule.look(window, spec, limit[part])
        back = np.where(running.any(axis=1), running[:, ::-1].argmax(axis=1), BACK_HOURS)
        last[part] = end[part] - back
    return last


def _add_up(
    grid: Grid, rule: Rule, rows: Integers, begin: Integers, opened: Integers, end: Integers, normal: _Normal
) -> Integers:
    """Thousandths from `begin` to `end`, both included."""
    if rule.amount is Amount.NONE:
        return np.zeros(len(rows), np.int64)
    total = np.zeros(len(rows), np.int64)
    for alarms, columns in _flatten(begin, end):
        value = np.maximum(grid.values[rows[alarms], columns], 0)
        if rule.amount is Amount.ABOVE_NORMAL:
            decided = np.maximum(columns, opened[alarms])
            usual = normal.at(alarms, decided - grid.start)
            rate = _quiet_rates(grid, rows[alarms], decided, usual)
            value = np.minimum(np.maximum(value - usual, 0), rate)
        np.add.at(total, alarms, value)
    return total


def _flatten(begin: Integers, end: Integers) -> list[tuple[Integers, Integers]]:
    """Numbers of alarms and their columns, hour by hour, in pieces that fit in memory."""
    length = np.maximum(end - begin + 1, 0)
    alarms = np.repeat(np.arange(len(begin)), length)
    offset = np.arange(len(alarms)) - np.repeat(np.cumsum(length) - length, length)
    columns = begin[alarms] + offset
    return [(alarms[part], columns[part]) for part in split_chunks(len(alarms), _FLAT_CHUNK)]


def _quiet_rates(grid: Grid, rows: Integers, columns: Integers, usual: Integers) -> Integers:
    """What ran all the time in the day that ends at each hour, above what is usual."""
    keys = rows * grid.width + columns
    different, place = np.unique(keys, return_inverse=True)
    window = take_window(grid, different // grid.width, different % grid.width, _DAY)
    return np.asarray(np.maximum(lowest_mean(window, QUIET_HOURS)[place] - usual, 0))


def _find_rate(
    grid: Grid,
    rule: Rule,
    rows: Integers,
    since: Integers,
    last: Integers,
    end: Integers,
    was_open: np.ndarray[Any, np.dtype[np.bool_]],
    carried: Carried,
    amount: Integers,
    known_since: Integers,
    normal: _Normal,
) -> Integers:
    """Thousandths per hour, as `rule.rate` says; 0 where it has none."""
    if rule.rate is Rate.MEAN:
        return np.asarray(amount // np.maximum(end + grid.hours.first + 1 - known_since, 1))
    if rule.rate is Rate.HIGHEST:
        begin = np.where(was_open, grid.start, since)
        highest = np.where(was_open, carried.rate[rows], 0)
        for alarms, columns in _flatten(begin, end):
            known = grid.trusted[rows[alarms], columns]
            np.maximum.at(highest, alarms, np.where(known, grid.values[rows[alarms], columns], 0))
        return highest
    if rule.rate is Rate.QUIET:
        there = np.maximum(last, 0)
        usual = normal.at(np.arange(len(rows)), there - grid.start)
        fresh = _quiet_rates(grid, rows, there, usual)
        return np.where(was_open & (last < grid.start), carried.rate[rows], fresh)
    return np.zeros(len(rows), np.int64)
