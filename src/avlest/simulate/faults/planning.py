# SPDX-License-Identifier: Apache-2.0
"""Which pipes, meters, gateways and keys go wrong, and when.  Pure.

Each home is struck by one thing at most, so that the truth says plainly what an alarm should have found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.chance import Integers, Words, choose, draw, get_stream, scale, take_bits
from avlest.simulate.contracts import EventKind
from avlest.simulate.planned import DAY, HOUR, Plan
from avlest.simulate.radio.models import MODELS, Flag
from avlest.simulate.tables import Tables


@dataclass(frozen=True, slots=True)
class Fault:
    """How often a fault is (in ten thousand water meters over the world's time), at least how many, how long (hours),
    how large (in `unit`), what part goes on at the end of the world (per cent), whom it strikes, since how many days
    at most it goes on then, and the bit of the status that alone tells it (a meter without it would hide the fault)."""

    kind: EventKind
    rate: int
    least: int
    hours: tuple[int, int]
    size: tuple[int, int]
    unit: str = ""
    lasting: int = 0
    loads: tuple[str, ...] = ("home_water",)
    days: int = 25
    told_by: int = 0


FAULTS: Final = (
    Fault(EventKind.RUNNING_TOILET, 420, 5, (70, 1_300), (3_000, 60_000), "lh", 40, ("home_water", "flat_cold")),
    Fault(EventKind.BURST, 90, 2, (2, 30), (550_000, 2_400_000), "lh", 15),
    Fault(EventKind.FROST, 60, 1, (3, 40), (350_000, 1_500_000), "lh", 0, ("cabin_water",)),
    Fault(EventKind.BACKFLOW, 60, 2, (2, 9), (2_000, 14_000), "lh"),
    Fault(EventKind.DRY_PIPE, 60, 2, (30, 160), (0, 0), told_by=Flag.DRY),
    Fault(EventKind.STUCK_METER, 100, 2, (1_800, 3_000), (0, 0), "", 50, days=45),
    Fault(EventKind.LOW_BATTERY, 150, 3, (1_440, 2_400), (0, 0), "", 60, told_by=Flag.LOW_BATTERY),
    Fault(EventKind.TAMPERING, 40, 1, (500, 2_200), (0, 0), "", 40, told_by=Flag.TAMPER),
    Fault(EventKind.CLOCK_DRIFT, 90, 2, (2_000, 4_000), (12, 160), "ppm", 70),
)
_REPLACED: Final = (EventKind.STUCK_METER, EventKind.LOW_BATTERY, EventKind.TAMPERING)
"""What ends with another meter in its place."""
_LATE_KEYS: Final = 150  # in ten thousand meters
_LEAST_LATE_KEYS: Final = 3
_DEAD: Final = 3 * 24  # hours
_DEAD_SINCE: Final = 36  # hours before the end of the world: what is silent now is a matter for an operator
_CUT_HOURS: Final = (5, 14)
"""A cut that is shorter ends before a meter that sends each hour is missed."""
_CUT_METERS: Final = 3  # that fall silent together: fewer are no power cut to anybody who looks on
_COLD_MONTHS: Final = (12, 1, 2, 3)


def plan_faults(tables: Tables, plan: Plan) -> pl.DataFrame:
    """Plan all faults; returns those that end with a new meter: `point`, `at` (µs), `why`."""
    struck = _strike_points(tables, plan)
    _strike_networks(tables, plan)
    return struck


def _strike_points(tables: Tables, plan: Plan) -> pl.DataFrame:
    loads = tables.collect("loads").select("point", "load")
    meters = tables.collect("installations").select("point", "meter").join(
        tables.collect("meters").select("meter", "road", "model"), on="meter"
    )  # fmt: skip
    water = loads.filter(pl.col("load").str.ends_with("_water") | (pl.col("load") == "flat_cold")).join(
        meters, on="point"
    )
    moved = pl.concat([piece.select("point") for piece in plan.pieces] or [loads.select("point").clear()])
    water = water.join(moved.drop_nulls().unique(), on="point", how="anti")
    point = water["point"].cast(pl.Int64).to_numpy()
    water = water[np.argsort(draw(get_stream(tables.seed, "victims"), point), kind="stable")]
    replaced, total = [], len(water)
    for fault in FAULTS:
        count = max(fault.least, total * fault.rate // 10_000)
        fitting = water.filter(pl.col("load").is_in(fault.loads) & pl.col("model").is_in(_find_tellers(fault.told_by)))
        victims = fitting.filter(pl.col("road") != "drive_by").head(count)
        if len(victims) < min(count, fault.least):
            victims = fitting.head(count)
        water = water.join(victims.select("point"), on="point", how="anti", maintain_order="left")
        replaced.append(_strike(tables.seed, plan, fault, victims))
    return pl.concat(replaced)


def _find_tellers(bit: int) -> list[str]:
    """The models whose status has the bit; all where none is needed."""
    return [name for name, model in MODELS.items() if not bit or bit in dict(model.info)]


def _strike(seed: int, plan: Plan, fault: Fault, victims: pl.DataFrame) -> pl.DataFrame:
    """Plan one kind of fault for its victims."""
    point = victims["point"].cast(pl.Int64).to_numpy()
    words = draw(get_stream(seed, fault.kind), point)
    more = draw(get_stream(seed, f"{fault.kind} more"), point)
    length = scale(more, *fault.hours) * HOUR
    start = _pick_cold(plan, words) if fault.kind is EventKind.FROST else plan.span.pick(words)
    lasting = take_bits(more, 0, 16) * 100 >> 16 < fault.lasting
    recent = plan.span.stop - np.minimum(length // 2, fault.days * DAY)
    start = np.maximum(np.where(lasting, recent // HOUR * HOUR, start), plan.span.start)
    stop = np.where(lasting | (start + length >= plan.span.stop), -1, start + length)
    size = _pick_size(fault, words)
    plan.add(fault.kind, point=point, meter=victims["meter"], starts_at=start, ends_at=stop, size=size, unit=fault.unit)
    ended = (stop >= 0) & (fault.kind in _REPLACED)
    return pl.DataFrame(
        {"point": point[ended], "at": stop[ended], "why": pl.repeat(str(fault.kind), int(ended.sum()), eager=True)}
    )


def _pick_size(fault: Fault, words: Words) -> Integers:
    """Small ones are more frequent: the square of a uniform number."""
    low, high = fault.size
    part = take_bits(words, 0, 16)
    size: Integers = low + (high - low) * (part * part >> 16) // 65_536
    return size


def _pick_cold(plan: Plan, words: Words) -> Integers:
    """An hour of a winter month where the world has one."""
    hours = np.arange(plan.span.start // HOUR + 14 * 24, plan.span.stop // HOUR - 48, 24, dtype=np.int64)
    months = hours.astype("datetime64[h]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    cold = hours[np.isin(months, _COLD_MONTHS)]
    if not len(cold):
        return plan.span.pick(words)
    picked: Integers = (cold[take_bits(words, 32, 31) % len(cold)] + take_bits(words, 20, 12) % 24) * HOUR
    return picked


def _strike_networks(tables: Tables, plan: Plan) -> None:
    """A gateway dead for three days, a power cut, a leak in the network, keys that come late."""
    seed, span = tables.seed, plan.span
    gateways = tables.collect("gateways").filter(pl.col("kind") == "wmbus")
    if len(gateways):
        number = np.arange(1 + len(gateways) // 40)
        words = draw(get_stream(seed, EventKind.DEAD_GATEWAY), number)
        chosen = gateways["gateway"].to_numpy()[take_bits(words, 0, 24) % len(gateways)]
        start = span.pick(words)
        start[0] = max(span.stop - _DEAD_SINCE * HOUR, span.start)
        plan.add(EventKind.DEAD_GATEWAY, gateway=chosen, starts_at=start, ends_at=start + _DEAD * HOUR)
    _cut_power(tables, plan)
    _leak_networks(tables, plan)
    _delay_keys(tables, plan)


def _cut_power(tables: Tables, plan: Plan) -> None:
    """Cuts in zones where enough meters hang on the mains to be missed together, or the most that there are."""
    hung = tables.collect("installations").select("meter", "point").join(
        tables.collect("meters").filter(pl.col("road") == "han").select("meter"), on="meter"
    )  # fmt: skip
    points = tables.collect("points").select("point", "zone").drop_nulls()
    powered = points.join(hung, on="point").group_by("zone").len()
    enough = pl.min_horizontal(pl.col("len").max(), _CUT_METERS)
    zones = powered.filter(pl.col("len") >= enough)["zone"].sort().cast(pl.Int64).to_numpy()
    if not len(zones):
        return
    number = np.arange(2 + tables.counts["zones"] // 5)
    words = draw(get_stream(tables.seed, EventKind.POWER_CUT), number)
    start = plan.span.pick(words)
    plan.add(
        EventKind.POWER_CUT,
        zone=zones[take_bits(words, 0, 24) % len(zones)],
        starts_at=start,
        ends_at=start + scale(draw(get_stream(tables.seed, "cut hours"), number), *_CUT_HOURS) * HOUR,
    )


def _leak_networks(tables: Tables, plan: Plan) -> None:
    """A main that leaks in one zone of each five until it is found."""
    mains = tables.collect("zone_meters")
    number = np.arange(1 + len(mains) // 5)
    words = draw(get_stream(tables.seed, EventKind.NETWORK_LEAK), number)
    which = np.unique(take_bits(words, 0, 24) % len(mains))
    words, number = words[: len(which)], number[: len(which)]
    start = plan.span.pick(words)
    stop = start + scale(draw(get_stream(tables.seed, "found"), number), 200, 2_400) * HOUR
    plan.add(
        EventKind.NETWORK_LEAK,
        point=mains["point"].to_numpy()[which],
        zone=mains["zone"].to_numpy()[which],
        starts_at=start,
        ends_at=np.where(stop < plan.span.stop, stop, -1),
        size=scale(words, 350_000, 1_900_000),
        unit="lh",
    )


def _delay_keys(tables: Tables, plan: Plan) -> None:
    """Keys that the supplier sends days or weeks after the meters were put up."""
    meters = tables.collect("meters").filter(~pl.col("road").is_in(["han", "mbus"]) & (pl.col("model") != "fhkv"))
    count = min(max(_LEAST_LATE_KEYS, len(meters) * _LATE_KEYS // 10_000), len(meters))
    meter = meters["meter"].cast(pl.Int64).to_numpy()
    late = np.sort(meter[np.argsort(draw(get_stream(tables.seed, EventKind.LATE_KEY), meter), kind="stable")[:count]])
    words = draw(get_stream(tables.seed, "key days"), late)
    days = np.array((2, 5, 9, 16, 30), np.int64)[choose(words, (3, 3, 2, 2, 1))]
    arrives = np.minimum(plan.span.start + days * DAY + 9 * HOUR, plan.span.stop - HOUR)
    plan.add(EventKind.LATE_KEY, meter=late, starts_at=np.full(count, plan.span.start), ends_at=arrives)
