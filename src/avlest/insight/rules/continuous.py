# SPDX-License-Identifier: Apache-2.0
"""CONTINUOUS_FLOW and its week: no hour without flow (rules §5.2).  Pure."""

from __future__ import annotations

import dataclasses

import numpy as np

from avlest.insight.contracts import AlarmKind
from avlest.insight.rules.chance import confirm
from avlest.insight.rules.days import normal_quiet, spread_days
from avlest.insight.rules.grid import Flags, Grid, Integers
from avlest.insight.rules.latch import Signals
from avlest.insight.rules.scene import Amount, Found, Rate, Rule, Scene, cut, first_needed
from avlest.insight.rules.specs import ContinuousFlow
from avlest.insight.rules.trailing import NOTHING, count_last, min_last, sum_last
from avlest.insight.rules.windows import Window, end_known

_SLOWEST = 3_000
"""The slowest leak (3 L/h) that a coarse meter is asked to show: so long may one of its steps take."""
_LONGEST_STEP = 4


def find_continuous(scene: Scene, spec: ContinuousFlow) -> Signals:
    """Opens when the least of the last `hours` measured hours is above the limit; clears at one hour that is not.

    With a meter of coarse steps an hour counts with those before it, as long as the slowest leak takes for a step.
    """
    grid, steps = scene.grid, count_steps(scene.resolution)
    begin = first_needed(grid, spec.hours + _LONGEST_STEP)
    values, trusted = grid.values[:, begin:].copy(), grid.trusted[:, begin:]
    for step in np.unique(steps[steps > 1]):
        values[steps == step] = sum_last(values[steps == step], int(step))
    limit = derive_limit(scene, spec)
    least = cut(min_last(np.where(trusted, values, NOTHING), spec.hours), grid, begin)
    enough = cut(count_last(trusted, spec.hours), grid, begin) >= spec.known_hours
    now = cut(trusted, grid, begin)
    quiet = now & (cut(values, grid, begin) <= limit)
    return Signals(_confirm(scene, spec, now & enough & (least > limit), steps), quiet)


def _confirm(scene: Scene, spec: ContinuousFlow, opens: Flags, steps: Integers) -> Flags:
    """Of the hours that would open an alarm, those that chance does not explain."""
    rows, column = np.nonzero(opens) if spec.chance else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    if not len(rows):
        return opens
    confirmed = np.zeros_like(opens)
    chosen, place = np.unique(rows, return_inverse=True)
    confirmed[rows, column] = confirm(_take_rows(scene.grid, chosen, steps), place, column + scene.grid.start, spec)
    return confirmed


def _take_rows(grid: Grid, rows: Integers, steps: Integers) -> Grid:
    """Some rows of a matrix; with a meter of coarse steps an hour counts with those before it."""
    values = grid.values[rows]
    for step in np.unique(steps[rows][steps[rows] > 1]):
        values[steps[rows] == step] = sum_last(values[steps[rows] == step], int(step))
    return dataclasses.replace(
        grid, series=grid.series[rows], values=values, valued=grid.valued[rows], trusted=grid.trusted[rows]
    )


def count_steps(resolution: Integers) -> Integers:
    """How many hours one step of each meter may take at the slowest leak."""
    return np.clip(-(-resolution // _SLOWEST), 1, _LONGEST_STEP)


def derive_limit(scene: Scene, spec: ContinuousFlow) -> Integers:
    """What counts as no flow at each column asked for: (1, 1) for all, or (n, k) by each series' own quiet hours."""
    if not spec.adaptive:
        return np.full((1, 1), spec.limit, np.int64)
    normal, known = normal_quiet(scene.grid, slice(None))
    own = np.maximum((normal * spec.adaptive).astype(np.int64), spec.limit)
    return spread_days(np.where(known, own, NOTHING - 1), scene.grid)


def look_continuous(window: Window, spec: ContinuousFlow, limit: Integers) -> Found:
    """Flow above the limit; a measured hour without, or a long time without values, breaks it."""
    flowing = window.trusted & (window.values > limit[:, None])
    return flowing, (window.trusted & ~flowing) | end_known(window.trusted, spec.max_gap)


def normal_flow(scene: Scene, rows: Integers, spec: ContinuousFlow) -> Integers:
    """What runs there all the time as a rule; nothing where the limit does not adapt."""
    if not spec.adaptive:
        return np.zeros((len(rows), scene.grid.width - scene.grid.start), np.int64)
    normal, _ = normal_quiet(scene.grid, rows)
    return spread_days(normal, scene.grid)


def make_rule(kind: AlarmKind) -> Rule:
    """The rule of `kind`: they differ in their thresholds only."""
    return Rule(kind, find_continuous, look_continuous, Amount.ABOVE_NORMAL, Rate.QUIET, normal_flow)
