# SPDX-License-Identifier: Apache-2.0
"""What befalls telegrams between meter and gateway: lost, heard twice, corrupted, late clocks, dead gateways.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.chance import ONE, Integers, draw, get_stream, take_bits
from avlest.simulate.contracts import RANKS, EventKind, World

Flags = npt.NDArray[np.bool_]

_CORRUPT: Final = 26  # of 65536 telegrams: one in 2,500
_HANDED_ON: Final = 6
"""One of so many second copies is handed on: networks hold back what another gateway has brought."""
_WEAK_DAYS: Final = 60
_DAY: Final = 86_400_000_000
_HOUR: Final = 3_600_000_000
_DRIFT_ROUNDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Outage:
    """A gateway that hears nothing from `start` until before `stop` (µs since 1970)."""

    gateway: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Air:
    """Who hears whom, and when not: per meter (meters, ranks) gateway (-1: none), chance and level; `weak_from`,
    `drift_from` (µs) and `drift` (seconds in a million) per meter; outages, and the times a zone's `ams` is out."""

    seed: int
    gateways: Integers
    chances: Integers
    levels: Integers
    weak_from: Integers
    weak_to: Integers
    drift_from: Integers
    drift: Integers
    is_powered: Flags
    zone: Integers
    outages: tuple[Outage, ...]
    cuts: tuple[Outage, ...]


NEVER: Final = 1 << 62


def build_air(world: World) -> Air:
    """The air of a world."""
    count = len(world.meters)
    reach = world.reception.filter(pl.col("rank") < RANKS)
    meter, rank = reach["meter"].to_numpy().astype(np.int64), reach["rank"].to_numpy().astype(np.int64)
    tables = []
    for name, empty in (("gateway", -1), ("chance", 0), ("rssi", -120)):
        table = np.full((count, RANKS), empty, np.int64)
        table[meter, rank] = reach[name].to_numpy().astype(np.int64)
        tables.append(table)
    weak_from, weak_to, _ = _spread_events(world, EventKind.LOW_BATTERY)
    drift_from, _, drift = _spread_events(world, EventKind.CLOCK_DRIFT)
    cuts = world.events.filter(pl.col("kind") == EventKind.POWER_CUT)
    return Air(
        world.seed,
        tables[0],
        tables[1],
        tables[2],
        weak_from,
        weak_to,
        drift_from,
        drift,
        world.meters["road"].is_in(["han"]).to_numpy(),
        _find_zones(world),
        _read_outages(world.events.filter(pl.col("kind") == EventKind.DEAD_GATEWAY), "gateway")
        + _read_cut_gateways(world, cuts),
        _read_outages(cuts, "zone"),
    )


def _spread_events(world: World, kind: EventKind) -> tuple[Integers, Integers, Integers]:
    """Start, end and size of each meter's event of a kind."""
    count = len(world.meters)
    start, stop, size = np.full(count, NEVER), np.full(count, NEVER), np.zeros(count, np.int64)
    rows = world.events.filter((pl.col("kind") == kind) & pl.col("meter").is_not_null())
    meter = rows["meter"].to_numpy().astype(np.int64)
    start[meter] = rows["starts_at"].cast(pl.Int64).to_numpy()
    stop[meter] = rows["ends_at"].cast(pl.Int64).fill_null(NEVER).to_numpy()
    size[meter] = rows["size"].fill_null(0).to_numpy()
    return start, stop, size


def _find_zones(world: World) -> Integers:
    """The zone each meter hangs in, or -1."""
    zone = np.full(len(world.meters), -1, np.int64)
    hung = world.installations.select("meter", "point").join(world.points.select("point", "zone"), on="point")
    zone[hung["meter"].to_numpy().astype(np.int64)] = hung["zone"].cast(pl.Int64).fill_null(-1).to_numpy()
    return zone


def _read_outages(events: pl.DataFrame, column: str) -> tuple[Outage, ...]:
    rows = events.select(pl.col(column).cast(pl.Int64), pl.col("starts_at", "ends_at").cast(pl.Int64))
    return tuple(Outage(*row) for row in rows.iter_rows())


def _read_cut_gateways(world: World, cuts: pl.DataFrame) -> tuple[Outage, ...]:
    """Receivers in electricity meters are out while the power is."""
    inside = world.gateways.filter(pl.col("kind") == "ams").select("gateway", "zone")
    return _read_outages(cuts.drop("gateway").join(inside, on="zone").sort("gateway", "starts_at"), "gateway")


def find_silent(air: Air, meter: Integers, at: Integers) -> Flags:
    """Which telegrams are never sent: no power at an electricity meter, or a battery at its end."""
    silent: Flags = at >= air.weak_to[meter]
    for cut in air.cuts:
        silent |= air.is_powered[meter] & (air.zone[meter] == cut.gateway) & (at >= cut.start) & (at < cut.stop)
    return silent


def derive_air_columns(air: Air, meter: Integers, number: Integers, at: Integers) -> dict[str, pl.Series]:
    """The columns of `contracts.RADIO_FAULTS` for these telegrams (`at`: µs since 1970)."""
    words = draw(get_stream(air.seed, "air"), meter, number)
    gateway = air.gateways[meter]
    lanes = np.stack([take_bits(words, 16 * rank, 16) for rank in range(RANKS)], axis=1)
    chance = _weaken(air, meter, at)
    heard, again = lanes < chance, lanes * _HANDED_ON < chance
    for outage in air.outages:
        if len(at) and outage.start <= at.max() and outage.stop > at.min():
            heard &= ~((gateway == outage.gateway) & ((at >= outage.start) & (at < outage.stop))[:, None])
    heard &= (heard.cumsum(axis=1) == 1) | again
    copies = heard.sum(axis=1)
    best = np.argmax(heard, axis=1)
    rows = np.arange(len(meter))
    noise = take_bits(words, 56, 4) - 8
    drifting = np.maximum(at - air.drift_from[meter], 0) // 1_000_000 * air.drift[meter] // _DRIFT_ROUNDS
    return {
        "clock_offset": pl.Series(drifting).cast(pl.Int32),
        "lost": pl.Series(copies == 0),
        "heard_by": pl.Series((heard << np.arange(RANKS)).sum(axis=1)).cast(pl.UInt8),
        "corrupt": pl.Series(take_bits(words, 48, 16) < _CORRUPT),
        "gateway": pl.Series(np.where(copies > 0, gateway[rows, best], -1)).replace(-1, None).cast(pl.UInt32),
        "rssi": pl.Series(air.levels[meter][rows, best] + noise).cast(pl.Int32),
    }


def _weaken(air: Air, meter: Integers, at: Integers) -> Integers:
    """The chance that each gateway hears it, less as the battery goes; of 65536."""
    chance = air.chances[meter]
    age = np.clip((at - air.weak_from[meter]) // _DAY, 0, _WEAK_DAYS)
    weak = age > 0
    if weak.any():
        chance[weak] = chance[weak] * (ONE - ONE * age[weak] // (_WEAK_DAYS + 10))[:, None] // ONE
    return chance
