# SPDX-License-Identifier: Apache-2.0
"""NIGHT_FLOW: water runs while people sleep, more than it used to (rules §5.2).  Pure."""

from __future__ import annotations

import dataclasses

import numpy as np

from avlest.insight.contracts import AlarmKind
from avlest.insight.rules.chance import confirm_nights
from avlest.insight.rules.days import split_days, trail_normal
from avlest.insight.rules.grid import Flags, Grid, Integers
from avlest.insight.rules.latch import Signals
from avlest.insight.rules.scene import Amount, Found, Rate, Rule, Scene
from avlest.insight.rules.specs import NightFlow
from avlest.insight.rules.windows import Window, end_known, pick_median, pick_quantile

_MAX_GAP = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Nights:
    """Night hours of a grid: `values`, `trusted` (n, nights, hours of a night), `end` (nights,) the last column of each
    (-1: the night is not over), `day` (nights,) position of the local day."""

    values: Integers
    trusted: Flags
    end: Integers


def take_nights(grid: Grid, rows: Integers | slice, spec: NightFlow) -> Nights:
    """The hours `[from_hour, to_hour)` of every local day; a night of a clock change has one hour more or less."""
    begin, position = split_days(grid)
    width = spec.to_hour - spec.from_hour + 1
    at = np.full((len(begin), width), -1)
    inside = np.flatnonzero((grid.hours.hour >= spec.from_hour) & (grid.hours.hour < spec.to_hour))
    order = np.arange(len(inside)) - np.searchsorted(position[inside], position[inside])
    at[position[inside], order] = inside
    after = np.flatnonzero(grid.hours.hour == spec.to_hour - 1)
    end = np.full(len(begin), -1)
    end[position[after]] = after
    picked = np.maximum(at, 0)
    return Nights(grid.values[rows][:, picked], grid.trusted[rows][:, picked] & (at >= 0), end)


def find_night(scene: Scene, spec: NightFlow) -> Signals:
    """Decided at the end of each night."""
    grid = scene.grid
    shape = (len(grid.series), grid.width - grid.start)
    opens, clears = np.zeros(shape, bool), np.zeros(shape, bool)
    nights = take_nights(grid, slice(None), spec)
    asked = np.flatnonzero(nights.end >= grid.start)
    if not len(asked):
        return Signals(opens, clears)
    high, median, known = _find_high(nights, spec, asked)
    columns = nights.end[asked] - grid.start
    low, enough = trail_normal(median, known, first=int(asked[0]))
    limit = np.maximum(np.where(enough, low * spec.factor, 0).astype(np.int64), spec.limit)
    tonight = (slice(None), slice(int(asked[0]), int(asked[-1]) + 1))
    low_tonight = known[tonight] & (median[tonight] <= limit[:, : len(asked)])
    opens[:, columns] = _confirm(grid, high & ~low_tonight, columns, spec)
    clears[:, columns] = low_tonight
    return Signals(opens, clears)


def _confirm(grid: Grid, opens: Flags, columns: Integers, spec: NightFlow) -> Flags:
    """Of the nights that would open an alarm, those that chance does not explain."""
    rows, place = np.nonzero(opens) if spec.chance else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    if not len(rows):
        return opens
    confirmed = np.zeros_like(opens)
    confirmed[rows, place] = confirm_nights(grid, rows, columns[place] + grid.start, spec)
    return confirmed


def _find_high(nights: Nights, spec: NightFlow, asked: Integers) -> tuple[Flags, Integers, Flags]:
    """At the nights asked for, whether they are high; and of all nights the median and whether it is known."""
    median, known = pick_median(nights.values, nights.trusted), np.asarray(nights.trusted.any(axis=-1))
    back = asked[:, None] + np.arange(1 - spec.nights, 1)
    values, trusted = _gather(nights, back)
    lately = _pick(values, trusted, spec.share)
    enough = (trusted.sum(axis=-1) >= spec.known_hours) & (known[:, np.maximum(back, 0)] & (back >= 0)).all(axis=-1)
    rows, places = np.nonzero(enough & (lately > spec.limit) & _is_steady(values, trusted, spec))
    before = asked[places][:, None] + np.arange(1 - spec.nights - spec.history, 1 - spec.nights)
    inside = (before >= 0)[:, :, None] & nights.trusted[rows[:, None], np.maximum(before, 0)]
    former = nights.values[rows[:, None], np.maximum(before, 0)]
    flat = (len(rows), spec.history * nights.values.shape[-1])
    usual = pick_median(former.reshape(flat), inside.reshape(flat))
    high: Flags = np.zeros(lately.shape, bool)
    settled = inside.any(axis=-1).sum(axis=-1) >= spec.known_nights
    high[rows, places] = settled & (lately[rows, places] > usual * spec.factor)
    return high, median, known


def _is_steady(values: Integers, trusted: Flags, spec: NightFlow) -> Flags:
    if not spec.steady:
        return np.ones(values.shape[:-1], bool)
    quietest = pick_quantile(values, trusted, 0.0)
    allowed = np.maximum(quietest * spec.steady, spec.limit)
    return np.asarray(pick_median(values, trusted) - quietest <= allowed)


def _pick(values: Integers, trusted: Flags, share: float) -> Integers:
    return pick_median(values, trusted) if share == 0.5 else pick_quantile(values, trusted, share)


def _gather(nights: Nights, back: Integers) -> tuple[Integers, Flags]:
    shape = (nights.values.shape[0], len(back), back.shape[1] * nights.values.shape[2])
    values = nights.values[:, np.maximum(back, 0)]
    trusted = nights.trusted[:, np.maximum(back, 0)] & (back >= 0)[None, :, :, None]
    return values.reshape(shape), trusted.reshape(shape)


def normal_night(scene: Scene, rows: Integers, spec: NightFlow) -> Integers:
    """The low quartile of the nights before, at each column asked for."""
    nights = take_nights(scene.grid, rows, spec)
    median, known = pick_median(nights.values, nights.trusted), np.asarray(nights.trusted.any(axis=-1))
    _, position = split_days(scene.grid)
    asked = position[scene.grid.start :]
    if not len(asked):
        return np.zeros((len(rows), 0), np.int64)
    normal, _ = trail_normal(median, known, first=int(asked[0]))
    return np.asarray(normal[:, asked - asked[0]])


def look_night(window: Window, spec: NightFlow, limit: Integers) -> Found:
    """Flow above what is normal; an hour at or below it, or a long time without values, breaks it."""
    flowing = window.trusted & (window.values > limit[:, None])
    return flowing, (window.trusted & ~flowing) | end_known(window.trusted, _MAX_GAP)


NIGHT = Rule(AlarmKind.NIGHT_FLOW, find_night, look_night, Amount.ABOVE_NORMAL, Rate.QUIET, normal_night)
