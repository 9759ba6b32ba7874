# SPDX-License-Identifier: Apache-2.0
"""Figures of a world's use: shapes of days and years, nights, and how homes differ.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.behaviour.clock import derive_hours, to_hour
from avlest.simulate.behaviour.emissions import choose_step
from avlest.simulate.behaviour.flows import Flow, build_plan, iterate_flows
from avlest.simulate.chance import Integers
from avlest.simulate.contracts import World

Shares = npt.NDArray[np.float64]

NIGHT: Final = (2, 3)
"""Hours of the civil day that count as night: from 2 until 4 o'clock."""
_HOURS_A_YEAR: Final = 8_760
_GROUPS: Final = {
    "home_water": "homes", "flat_cold": "flats", "flat_hot": "flats", "cabin_water": "cabins", "sum_water": "mains",
    "flat_heat": "heat", "home_power": "power",
}  # fmt: skip


@dataclass(slots=True)
class Sums:
    """Use of one group of points, in whole units (litres, watt-hours), as it adds up."""

    clock: Shares  # (2, 24): working day, free day
    month: Shares  # (13,)
    point: dict[int, float]
    quiet_hours: int = 0
    hours: int = 0
    busy: Shares = field(default_factory=lambda: np.zeros(24))  # hours with any flow, by the clock
    night: float = 0.0
    night_hours: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a world comes to; shapes are shares of a mean hour (1 is the mean)."""

    homes: int
    hours: int
    working_day: Shares
    free_day: Shares
    months: Shares
    yearly: Shares  # litres a year of each home, ascending
    litres_a_person: float
    quiet_share: float
    night_litres: float
    night_ratio: float
    half_share: float
    network_loss: float
    zone_minimum: float
    zone_day: Shares  # a working day of the mains together
    hot_share: float
    kwh_a_house: float
    heat_months: Shares
    free_day_ratio: float
    alone: Shares  # share of hours, by the clock, in which a home of one person lets water out


def derive_figures(world: World) -> Figures:
    """Go through a world's time and add up what its homes really used, farms' animals left out."""
    sums = _add_up(world)
    homes, flats = sums["homes"], sums["flats"]
    hours = to_hour(world.stop) - to_hour(world.start)
    people = _count_people(world, homes.point)
    yearly = np.sort(np.array(list(homes.point.values()))) * _HOURS_A_YEAR / hours
    counts = _count_days(world)
    shape = homes.clock / np.maximum(counts, 1)[:, None]
    mean = homes.clock.sum() / hours
    return Figures(
        homes=len(yearly),
        hours=hours,
        working_day=shape[0] / mean,
        free_day=shape[1] / mean,
        months=_compare_months(homes.month, world),
        yearly=yearly,
        litres_a_person=float(yearly.sum() / 365 / people),
        quiet_share=homes.quiet_hours / max(homes.hours, 1),
        night_litres=homes.night / max(homes.night_hours, 1),
        night_ratio=homes.night / max(homes.night_hours, 1) / (homes.clock.sum() / max(homes.hours, 1)),
        half_share=derive_half_share(yearly),
        network_loss=_derive_loss(world, sums),
        zone_minimum=float(sums["mains"].clock.sum(axis=0).min() * 24 / sums["mains"].clock.sum()),
        zone_day=sums["mains"].clock[0] / counts[0] * hours / sums["mains"].clock.sum(),
        hot_share=_derive_hot_share(world, flats.point),
        kwh_a_house=float(np.mean(list(sums["power"].point.values()) or [0]) * _HOURS_A_YEAR / hours / 1000),
        heat_months=_compare_months(sums["heat"].month, world),
        alone=sums["alone"].busy * 24 / max(sums["alone"].hours, 1),
        free_day_ratio=float(shape[1].sum() / max(shape[0].sum(), 1e-9)),
    )


def _add_up(world: World) -> dict[str, Sums]:
    groups = {name: Sums(np.zeros((2, 24)), np.zeros(13), {}) for name in {*_GROUPS.values(), "alone"}}
    alone = world.loads.filter(pl.col("people") == 1)["point"].cast(pl.Int64).to_numpy()
    loads = dict(zip(world.loads["point"].to_list(), world.loads["load"].to_list(), strict=True))
    farms = _find_farms(world)
    plan, end = build_plan(world), to_hour(world.stop)
    step = choose_step(len(world.points), None)
    for at in range(to_hour(world.start), end, step):
        for flow in iterate_flows(plan, derive_hours(at, min(at + step, end))):
            group = _GROUPS.get(loads[int(flow.points[0])])
            kept = ~np.isin(flow.points, farms)
            if group is not None and kept.any():
                _add(groups[group], flow, kept)
            if group == "homes":
                _add_busy(groups["alone"], flow, kept & np.isin(flow.points, alone))
    return groups


def _find_farms(world: World) -> Integers:
    farms = world.properties.filter(pl.col("kind") == "farm").select("property")
    points = world.points.join(farms, on="property", how="semi")["point"]
    return points.cast(pl.Int64).to_numpy()


def _add(sums: Sums, flow: Flow, kept: npt.NDArray[np.bool_]) -> None:
    used = flow.used[kept] // 1000 if flow.second is None else flow.used[kept]
    total = used.sum(axis=0).astype(np.float64)
    hours = flow.hours
    np.add.at(sums.clock, (hours.is_free.astype(np.int64), hours.clock), total)
    np.add.at(sums.month, hours.month, total)
    for point, amount in zip(flow.points[kept].tolist(), used.sum(axis=1).tolist(), strict=True):
        sums.point[point] = sums.point.get(point, 0.0) + amount
    night = np.isin(hours.clock, NIGHT)
    sums.quiet_hours += int((used == 0).sum())
    sums.hours += used.size
    sums.night += float(total[night].sum())
    sums.night_hours += int(night.sum()) * len(used)


def _add_busy(sums: Sums, flow: Flow, kept: npt.NDArray[np.bool_]) -> None:
    """Count hours with any flow, a millilitre or more."""
    np.add.at(sums.busy, flow.hours.clock, (flow.used[kept] > 0).sum(axis=0))
    sums.hours += int(kept.sum()) * len(flow.hours)


def _count_people(world: World, points: dict[int, float]) -> int:
    rows = world.loads.filter(pl.col("point").is_in(list(points)))
    return int(rows["people"].sum())


def _count_days(world: World) -> Shares:
    """How many working and free hours of the day there are of each, on average over the clock."""
    hours = derive_hours(to_hour(world.start), to_hour(world.stop))
    free = float(hours.is_free.sum()) / 24
    return np.array([len(hours) / 24 - free, free])


def _compare_months(month: Shares, world: World) -> Shares:
    """Mean hour of each month over the mean hour of all (0 where the world has none), January first."""
    hours = derive_hours(to_hour(world.start), to_hour(world.stop))
    counts = np.bincount(hours.month, minlength=13)
    mean = month.sum() / max(counts.sum(), 1)
    rates = np.divide(month, counts, out=np.zeros(13), where=counts > 0)
    compared: Shares = rates[1:] / max(mean, 1e-9)
    return compared


def derive_half_share(yearly: Shares) -> float:
    """The share of homes, the largest first, that together use half of all."""
    largest = np.cumsum(np.sort(yearly)[::-1])
    return float((np.searchsorted(largest, largest[-1] / 2) + 1) / len(yearly)) if len(yearly) else 0.0


def _derive_loss(world: World, sums: dict[str, Sums]) -> float:
    """Per cent of what goes through the main meters that no other meter counts."""
    mains = list(sums["mains"].point)
    rows = world.loads.filter(pl.col("point").is_in(mains))
    hours = to_hour(world.stop) - to_hour(world.start)
    leaks = world.events.filter(pl.col("kind") == "network_leak").with_columns(
        hours=(pl.col("ends_at").fill_null(world.stop) - pl.col("starts_at")).dt.total_hours()
    )
    steady = float(rows["size"].sum()) / 1000 * hours + float(rows["area"].sum()) * hours / 24
    broken = float((leaks["size"] * leaks["hours"]).sum()) / 1000
    return 100 * (steady + broken) / max(sum(sums["mains"].point.values()), 1e-9)


def _derive_hot_share(world: World, points: dict[int, float]) -> float:
    hot = set(world.loads.filter(pl.col("load") == "flat_hot")["point"].to_list())
    total = sum(points.values())
    return 100 * sum(amount for point, amount in points.items() if point in hot) / total if total else 0.0
