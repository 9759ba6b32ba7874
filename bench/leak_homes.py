# SPDX-License-Identifier: Apache-2.0
"""Households for bench/leaks.py: made-up ones of many habits, simulated ones, and the WEUSEDTO apartment.

What the made-up homes do is not what the rules look for: shift workers and night owls, babies, holidays, water
softeners and sprinklers that run at night, pools, guests.  All of it is a pure function of the seed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.contracts import EventKind
from avlest.simulate.truth import iterate_usage
from avlest.simulate.world import make_world

_STRIKES: Final = (
    EventKind.RUNNING_TOILET, EventKind.BURST, EventKind.FROST, EventKind.DRY_PIPE, EventKind.BACKFLOW,
    EventKind.VACANCY, EventKind.MOVE,
)  # fmt: skip
Litres = npt.NDArray[np.float64]

BEGIN: Final = dt.datetime(2025, 9, 30, 22, tzinfo=dt.UTC)
"""The first hour of made-up homes: 1 October, 00:00 in Oslo."""
FIXTURES: Final = {
    # Times a person and day, litres each time, spread of the litres.
    "toilet": (5.0, 7.0, 0.15),
    "tap": (12.0, 1.8, 0.8),
    "shower": (0.75, 55.0, 0.45),
    "washing": (0.22, 50.0, 0.2),
    "dishes": (0.25, 12.0, 0.2),
}
_WEUSEDTO_MILLILITRES: Final = ("Bidet", "Kitchenfaucet", "Shower", "Washbasin", "Washingmachine")
_WEUSEDTO_LITRES: Final = ("feed.Toilet.csv", "feed_Dishwasher30.MYD.csv")
_LONGEST_PAUSE_DAYS: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Homes:
    """Litres per hour (homes, hours) before leaks, and how many there are of each habit."""

    litres: Litres
    habits: dict[str, int]


def make_homes(count: int, days: int, seed: int) -> Homes:
    """`count` homes for `days` local days from `BEGIN` on (clock changes left out: habits follow the hour of UTC+1)."""
    rng = np.random.default_rng(seed)
    people = rng.choice([1, 2, 3, 4, 5, 6], count, p=[0.37, 0.29, 0.13, 0.13, 0.06, 0.02])
    habit = rng.choice(["day", "retired", "shift", "owl"], count, p=[0.62, 0.2, 0.1, 0.08])
    litres = np.zeros((count, days, 24))
    for home in range(count):
        present = _draw_presence(rng, days)
        for per_day, size, spread in FIXTURES.values():
            rate = per_day * people[home] * present[:, None] * _awake(rng, habit[home], days)
            times = rng.poisson(rate)
            drawn = rng.gamma(1 / spread**2, size * spread**2, times.shape) * times
            litres[home] += drawn
        _add_extras(rng, litres[home], present)
    counts = {name: int((habit == name).sum()) for name in ("day", "retired", "shift", "owl")}
    return Homes(litres.reshape(count, days * 24), counts)


def _awake(rng: np.random.Generator, habit: str, days: int) -> Litres:
    """Share of a day's use in each hour (days, 24)."""
    hour = np.arange(24)
    shape = np.where(hour < 6, 0.06, np.where(hour < 9, 2.2, np.where(hour < 16, 0.8, np.where(hour < 23, 1.7, 0.5))))
    if habit == "retired":
        shape = np.where(hour < 6, 0.12, np.where(hour < 22, 1.4, 0.4))
    if habit == "owl":
        shape = np.roll(shape, 4)
    week = np.tile(shape / shape.sum(), (days, 1))
    if habit == "shift":
        nights = np.repeat(rng.random(days // 7 + 1) < 0.33, 7)[:days]
        week[nights] = np.roll(week[nights], 11, axis=1)
    return week


def _draw_presence(rng: np.random.Generator, days: int) -> Litres:
    """1 where people are at home, 0 on holidays and some week-ends, 2 to 3 with guests."""
    present = np.ones(days)
    for _ in range(rng.poisson(2.5 * days / 365)):
        begin = rng.integers(0, days)
        present[begin : begin + rng.integers(2, 22)] = 0
    for _ in range(rng.poisson(4 * days / 365)):
        begin = rng.integers(0, days)
        present[begin : begin + rng.integers(1, 4)] = rng.uniform(1.5, 3.0)
    return present


def _add_extras(rng: np.random.Generator, litres: Litres, present: Litres) -> None:
    """What only some homes have."""
    days = len(litres)
    day = np.arange(days)
    summer = ((day + 273) % 365 > 135) & ((day + 273) % 365 < 240)
    if rng.random() < 0.04:  # a baby: bottles at night
        litres[:, :6] += rng.poisson(0.5, (days, 6)) * rng.gamma(2, 1.0, (days, 6)) * present[:, None].clip(0, 1)
    if rng.random() < 0.08:  # a water softener, every few nights
        litres[day % rng.integers(3, 6) == 0, 2] += 60
    if rng.random() < 0.25:  # a bath tub
        litres[rng.random(days) < 0.1 * present, 19] += 150
    if rng.random() < 0.3:  # a garden hose on dry days
        dry = summer & (rng.random(days) < 0.12)
        length = rng.integers(1, 3)
        litres[dry, 18 : 18 + length] += rng.uniform(200, 700)
    if rng.random() < 0.05:  # a sprinkler on a clock
        litres[summer & (day % 2 == 0), 3] += rng.uniform(150, 500)
    if rng.random() < 0.02:  # a pool, filled once a year
        begin = int(rng.choice(np.flatnonzero(summer))) if summer.any() else 0
        litres.ravel()[begin * 24 + 9 : begin * 24 + 21] += 600


def read_weusedto(folder: Path) -> list[tuple[dt.datetime, Litres]]:
    """The WEUSEDTO apartment in litres per hour: pieces of days with data, each with its first hour (UTC).

    Taps count millilitres a second, toilet and dishwasher litres each time; rows before 2019 are clocks not yet set.
    A pause of more than a few days in all feeds is a pause of the measurement and ends a piece.
    """
    parts = [_read_feed(folder / f"feed_{name}.MYD.csv", 1e-3) for name in _WEUSEDTO_MILLILITRES]
    parts += [_read_feed(folder / name, 1.0) for name in _WEUSEDTO_LITRES]
    rows = np.concatenate(parts)
    rows = rows[rows[:, 0] > dt.datetime(2019, 1, 1, tzinfo=dt.UTC).timestamp()]
    hour, litres = (rows[:, 0] // 3600).astype(np.int64), rows[:, 1]
    used = np.unique(hour // 24)
    pieces = np.split(used, np.flatnonzero(np.diff(used) > _LONGEST_PAUSE_DAYS) + 1)
    return [_cut_piece(hour, litres, int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


def _cut_piece(hour: npt.NDArray[np.int64], litres: Litres, first: int, until: int) -> tuple[dt.datetime, Litres]:
    inside = (hour >= first * 24) & (hour < until * 24)
    sums = np.bincount(hour[inside] - first * 24, litres[inside], (until - first) * 24)
    return dt.datetime.fromtimestamp(first * 86_400, dt.UTC), sums.astype(np.float64)


def _read_feed(file: Path, scale: float) -> npt.NDArray[Any]:
    """Seconds since 1970 and litres; the heading and lines cut short are left out."""
    rows = []
    for line in file.read_text("utf-8").splitlines():
        fields = re.split(r"[,\s]+", line.strip())
        try:
            rows.append((float(fields[0]), float(fields[1]) * scale))
        except (ValueError, IndexError):
            continue
    return np.array(rows)


def simulate_homes(count: int, days: int, seed: int) -> Litres:
    """What the houses and flats of a simulated municipality of `count` homes use (homes, hours), from `BEGIN` on.

    Those to which the simulation itself does something to do with water are left out, so that what is put in is all
    there is.
    """
    world = make_world(count, seed % 2**31, start=BEGIN, stop=BEGIN + dt.timedelta(days=days))
    struck = world.events.filter(pl.col("kind").is_in([str(kind) for kind in _STRIKES]))["point"]
    mains = world.points["parent"]
    others = pl.concat([struck.cast(pl.Int64), mains.cast(pl.Int64)]).drop_nulls().unique()
    chosen = world.loads.filter(
        pl.col("load").is_in(["home_water", "flat_cold"]), ~pl.col("point").cast(pl.Int64).is_in(others.implode())
    )["point"].unique()
    pieces = [piece.filter(pl.col("point").is_in(chosen.implode())) for piece in iterate_usage(world)]
    table = pl.concat(pieces).sort("point", "hour")
    return table["value"].to_numpy().reshape(len(chosen), -1) / 1000


def read_hours(used: Litres, leaked: Litres, minute: Litres, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """What is known of each hour (homes, hours), in thousandths, of meters that count whole litres and are read once an
    hour, each at its `minute` (homes, 1; as a part of the hour): the register at the full hour lies on the line between
    two readings.

    What people draw comes at some moment of its hour, a litre in a minute, 60 litres all through it; what leaks runs
    evenly.
    """
    length = np.clip(used / 60, 1 / 3600, 1)
    begin = rng.random(used.shape) * (1 - length)
    so_far = used * np.clip((minute - begin) / length, 0, 1) + leaked * minute
    before = np.cumsum(used + leaked, axis=1) - (used + leaked)
    readings = np.floor(before + so_far) * 1000
    last = np.floor(before[:, -1:] + used[:, -1:] + leaked[:, -1:]) * 1000
    between = readings[:, :-1] + (1 - minute) * np.diff(readings, axis=1)
    edges = np.concatenate([np.zeros((len(used), 1)), np.floor(between), last], axis=1)
    return np.diff(edges, axis=1).astype(np.int64)
