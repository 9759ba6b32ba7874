# SPDX-License-Identifier: Apache-2.0
"""The use of all points, hour by hour: homes first, then the sums that main meters measure.  Pure.

Work goes through the points in blocks, from the deepest parts to the mains, so that a million meters need no more
memory than a block and the sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.behaviour.happenings import (
    Happening,
    Happenings,
    add_leaks,
    build_happenings,
    derive_measured,
    derive_occupied,
)
from avlest.simulate.behaviour.loads import LoadRows, Scene, derive_use
from avlest.simulate.chance import Integers
from avlest.simulate.contracts import World
from avlest.simulate.weather.hourly import Weather, derive_weather

CELLS: Final = 200_000
"""Points times hours of a block: what fits the caches."""
_PRIMARY_DROP: Final = 38_000  # thousandths °C between supply and return of district heat
_WATER: Final = 1_163  # mWh that warm a litre by a degree


@dataclass(frozen=True, slots=True)
class Segment:
    """Points of one load and depth, in the order of work from `first` on; `groups`: the sum's row, or -1."""

    first: int
    points: Integers
    rows: LoadRows
    groups: Integers
    sums: Integers  # the row of the sum that each point measures itself, or -1


@dataclass(frozen=True, slots=True)
class Plan:
    """How to go through the points of a world; `sums` is how many points measure sums of others."""

    seed: int
    segments: tuple[Segment, ...]
    happenings: Happenings
    sums: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A block: `points` (n,); per point and hour `used` (what really flowed) and, as the meter counts it, `measured`
    and `second` (see `loads.Use`); `happenings` of the block's rows."""

    points: Integers
    used: Integers
    measured: Integers
    second: Integers | None
    happenings: list[Happening]
    hours: Hours
    weather: Weather


def build_plan(world: World) -> Plan:
    """The order of work of a world."""
    return plan_work(world.seed, world.loads, world.events)


def plan_work(seed: int, all_loads: pl.DataFrame, events: pl.DataFrame, only: Integers | None = None) -> Plan:
    """The order of work through all points, or through `only` these (none of which measures the sum of others)."""
    loads = all_loads.sort("point")
    group = loads["group"].fill_null(-1).cast(pl.Int64).to_numpy() if len(loads) else np.empty(0, np.int64)
    number = loads.select(pl.col("point", "home", "people", "area", "size").cast(pl.Int64))
    depth = _derive_depth(group)
    names = loads["load"].to_numpy()
    order = np.lexsort((np.arange(len(loads)), names, -depth))
    if only is not None:
        order = order[np.isin(order, only)]
    measures = np.unique(group[group >= 0])
    sums = np.full(len(loads), -1, np.int64)
    sums[measures] = np.arange(len(measures))
    places = np.full(len(loads), -1, np.int64)
    places[order] = np.arange(len(order))
    columns = {name: number[name].to_numpy() for name in number.columns}
    cuts = np.flatnonzero((np.diff(depth[order]) != 0) | (names[order][1:] != names[order][:-1])) + 1
    segments, first = [], 0
    for chosen in np.split(order, cuts):
        rows = LoadRows(str(names[chosen[0]]), *(columns[name][chosen] for name in ("home", "people", "area", "size")))
        parents = np.where(group[chosen] >= 0, sums[group[chosen]], -1)
        segments.append(Segment(first, chosen, rows, parents, sums[chosen]))
        first += len(chosen)
    return Plan(seed, tuple(segments), build_happenings(events, places), len(measures))


def _derive_depth(group: Integers) -> Integers:
    """How many sums each point is part of."""
    depth, above = np.zeros(len(group), np.int64), group.copy()
    for _ in range(8):
        inside = above >= 0
        if not inside.any():
            return depth
        depth[inside] += 1
        above[inside] = group[above[inside]]
    raise ValueError("loads: points are part of each other's sums")


def iterate_flows(plan: Plan, hours: Hours) -> Iterator[Flow]:
    """The use of every point in these hours, in blocks; points that measure sums come after their parts."""
    weather = derive_weather(plan.seed, hours.hours)
    sums = np.zeros((plan.sums, len(hours)), np.int64)
    for segment in plan.segments:
        size = max(64, CELLS // len(hours))
        for start in range(0, len(segment.points), size):
            yield _derive_flow(plan, segment, slice(start, start + size), hours, weather, sums)


def _derive_flow(plan: Plan, segment: Segment, block: slice, hours: Hours, weather: Weather, sums: Integers) -> Flow:
    points, rows = segment.points[block], _cut(segment.rows, block)
    shape = (len(points), len(hours))
    first = segment.first + block.start
    happenings = plan.happenings.pick(first, first + len(points), hours)
    use = derive_use(rows, Scene(plan.seed, hours, weather, derive_occupied(happenings, shape)))
    used, shared, second = use.main, use.shared, use.second
    own = segment.sums[block]
    if (own >= 0).any():
        used = used + np.where((own >= 0)[:, None], sums[own], 0)
        shared = used
        second = None if second is None else _add_volume(rows.load, used, second)
    add_leaks(happenings, *((used,) if shared is used else (used, shared)))
    parent = segment.groups[block]
    inside = parent >= 0
    if inside.any():
        np.add.at(sums, parent[inside], shared[inside])
    return Flow(points, used, derive_measured(happenings, used), second, happenings, hours, weather)


def _cut(rows: LoadRows, block: slice) -> LoadRows:
    return LoadRows(rows.load, rows.home[block], rows.people[block], rows.area[block], rows.size[block])


def _add_volume(load: str, used: Integers, second: Integers) -> Integers:
    """A heat meter of a building counts the water that carries the heat."""
    return used * 1_000_000 // (_WATER * _PRIMARY_DROP // 1000) if load == "sum_heat" else second
