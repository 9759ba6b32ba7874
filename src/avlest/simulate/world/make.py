# SPDX-License-Identifier: Apache-2.0
"""Fjordvik kommune from a seed and a size.  Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import to_hour
from avlest.simulate.chance import Integers
from avlest.simulate.contracts import EventKind, World, check_world
from avlest.simulate.faults.planning import plan_faults
from avlest.simulate.life.meters import break_seals, exchange, plan_exchanges
from avlest.simulate.life.people import add_municipality, settle_people
from avlest.simulate.life.readings import plan_payments, plan_prices, type_readings
from avlest.simulate.names import list_organisation_numbers
from avlest.simulate.planned import Plan, Span
from avlest.simulate.tables import Tables
from avlest.simulate.world.cooperative import FLATS, build_cooperatives
from avlest.simulate.world.devices import choose_devices, describe_meters
from avlest.simulate.world.dwellings import (
    CABIN_SHARE,
    FARM_SHARE,
    Building,
    build_cabins,
    build_farms,
    build_homes,
    build_places,
    build_zones,
)
from avlest.simulate.world.gateways import build_gateways

NAME: Final = "Fjordvik kommune"
HOMES_A_COOPERATIVE: Final = 330
LEAST_HOMES: Final = 40
_LEAKAGE: Final = 6_600  # ml an hour and connection that the network loses: a third of what goes in
_LEAST_DAYS: Final = 1
_ROLLED_SHARE: Final = 45  # per cent of a year's use after which a zone's main meter rolls over
_YEAR_HOURS: Final = 8_760
_YEARLY: Final = 225_000_000  # ml a connection and year through a main, leakage included
_YEARLY_OF_PLACES: Final = 8_000_000_000  # ml a year of school, care home and co-operative, which lie in the first zone
_WRAP: Final = 100_000_000_000


def make_world(
    homes: int, seed: int, *, start: datetime, stop: datetime, eventful_from: datetime | None = None
) -> World:
    """A municipality of `homes` dwellings (flats and cabins included) over `[start, stop)`.

    Meters hang and count from `start` on; what is out of the ordinary happens from `eventful_from` on (by default
    from the start).  The same arguments give the same world on every machine.  Raises `ValueError` for less than
    `LEAST_HOMES` homes, instants that are no whole hours, or a time of less than a day.
    """
    if homes < LEAST_HOMES:
        raise ValueError(f"homes: a municipality has at least {LEAST_HOMES}, got {homes}")
    first = start if eventful_from is None else eventful_from
    if to_hour(first) < to_hour(start):
        raise ValueError(f"eventful_from: the world begins at {start.isoformat()}, got {first.isoformat()}")
    if to_hour(stop) - to_hour(first) < _LEAST_DAYS * 24:
        raise ValueError(f"stop: expected at least {_LEAST_DAYS} day after {first.isoformat()}, got {stop.isoformat()}")
    tables = Tables(seed, start, stop)
    plan = Plan(Span.of(first, stop))
    add_municipality(tables)
    _build_places(tables, homes, quiet_hours=to_hour(first) - to_hour(start))
    settle_people(tables, plan)
    frames = _live(tables, plan)
    names = [name for name in World.__slots__ if name not in _SCALARS]
    made: dict[str, pl.DataFrame] = {name: frames.get(name, tables.collect(name)) for name in names if name != "events"}
    world = World(NAME, list_organisation_numbers(1)[0], homes, seed, start, stop, **made, events=plan.collect())
    check_world(world)
    return world


_SCALARS: Final = ("name", "number", "homes", "seed", "start", "stop")


def _build_places(tables: Tables, homes: int, *, quiet_hours: int) -> None:
    """Everything that stays: places, points, meters, gateways."""
    building = Building(tables, homes, [])
    cooperatives = max(1, homes // HOMES_A_COOPERATIVE) if homes >= 2 * FLATS else 0
    rest = homes - cooperatives * FLATS
    cabins, farms = rest * CABIN_SHARE // 100, max(1, rest * FARM_SHARE // 100)
    houses = rest - cabins - farms
    zones, mains = build_zones(building, houses, _LEAKAGE)
    build_homes(building, houses, zones, mains)
    build_farms(building, farms, zones, mains)
    build_cabins(building, cabins, zones, mains)
    build_places(building, houses, zones, mains)
    if cooperatives:
        build_cooperatives(building, cooperatives, zones, mains)
    _hang_meters(building, mains, rest // max(len(zones) - 1, 1), quiet_hours)
    build_gateways(tables, len(zones))


def _hang_meters(building: Building, mains: Integers, connections: int, quiet_hours: int) -> None:
    """A meter at every point; the first zone's main is near the end of its digits.

    It comes to the end after the `quiet_hours` in which nobody listens: that a register has begun anew is known from
    the readings around it.
    """
    tables = building.tables
    columns = choose_devices(tables.seed, np.concatenate(building.devices))
    start_value = columns.pop("start_value")
    share = _ROLLED_SHARE + quiet_hours * 100 // _YEAR_HOURS
    start_value[mains[0]] = (_WRAP - (connections * _YEARLY + _YEARLY_OF_PLACES) * share // 100) // 1000 * 1000
    count = len(start_value)
    meters = tables.add("meters", columns, count=count)
    installation = {
        "meter": meters,
        "point": meters,
        "starts_at": tables.start,
        "start_value": start_value,
        "seal": [f"FV{number:06}" for number in range(count)],
        "installer": 1,
    }
    tables.add("installations", installation, count=count)


def _live(tables: Tables, plan: Plan) -> dict[str, pl.DataFrame]:
    """Everything that happens; returns the frames that come of it."""
    broken = plan_faults(tables, plan)
    exchange(tables, plan, plan_exchanges(tables, plan, broken), _describe_new(tables))
    break_seals(tables, plan)
    return {
        "typed_readings": type_readings(tables, plan),
        "payments": plan_payments(tables, plan),
        "prices": plan_prices(tables, plan),
        "meters": _set_key_times(tables.collect("meters"), plan),
    }


def _describe_new(tables: Tables) -> Any:
    """New meters are of the old one's model, except that iPERLs are not bought any more."""

    def describe(seed: int, old: Integers, first: int) -> dict[str, Any]:
        meters = tables.collect("meters")[old.tolist()]
        names = ("model", "road", "interval", "size_class")
        columns = {name: meters[name].to_numpy().astype(object) for name in names}
        columns["model"][columns["model"] == "iperl"] = "multical21"
        fresh = describe_meters(seed, np.arange(first, first + len(old)), columns)
        return {**fresh, "production_year": np.full(len(old), tables.stop.year - 1)}

    return describe


def _set_key_times(meters: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    late = plan.collect().filter(pl.col("kind") == EventKind.LATE_KEY).select("meter", late="ends_at")
    return (
        meters.join(late, on="meter", how="left", maintain_order="left")
        .with_columns(key_at=pl.col("late"))
        .select(meters.columns)
    )
