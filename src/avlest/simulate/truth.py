# SPDX-License-Identifier: Apache-2.0
"""What really happened in a world, for whoever wants to know whether it was found.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import derive_hours, to_hour
from avlest.simulate.behaviour.emissions import choose_step
from avlest.simulate.behaviour.flows import Flow, build_plan, iterate_flows
from avlest.simulate.behaviour.happenings import HOUR
from avlest.simulate.behaviour.registers import Cumulated, Registers, build_meter_table, list_meters
from avlest.simulate.contracts import INSTANT, EventKind, Truth, World
from avlest.simulate.planned import Plan, Span

_DAILY = {"point": pl.UInt32(), "day": pl.Date(), "value": pl.Int64()}


def get_truth(world: World) -> Truth:
    """Events (rollovers found among them, codes beside the indices) and the true use of each point and civil day.

    Goes through all of the world's time; for very large worlds take `iterate_usage` and `world.events`.
    """
    registers = Registers.begin(build_meter_table(world), len(world.points), to_hour(world.start))
    found = Plan(Span.of(world.start, world.stop))
    days = [pl.DataFrame(schema=_DAILY)]
    for flow in _walk(world, world.stop):
        days.append(_sum_days(flow))
        _find_rollovers(registers, registers.count(flow), found)
    daily = pl.concat(days).group_by("point", "day").agg(pl.col("value").sum()).sort("point", "day")
    events = pl.concat([world.events, found.collect()])
    return Truth(name_events(world, events), daily)


def iterate_usage(
    world: World, *, start: datetime | None = None, stop: datetime | None = None
) -> Iterator[pl.DataFrame]:
    """The true use of every point and hour of `[start, stop)`, whatever meters counted, in pieces.

    Columns `point`, `hour` and `value`: thousandths of litres, kilowatt-hours or allocator units in the hour that
    begins then (for allocators and heat meters of what they count).
    """
    first = to_hour(start or world.start)
    for flow in _walk(world, stop or world.stop):
        kept = flow.hours.hours >= first
        shape = (len(flow.points), int(kept.sum()))
        if shape[1]:
            yield pl.DataFrame(
                {
                    "point": pl.Series(np.repeat(flow.points, shape[1])).cast(pl.UInt32),
                    "hour": pl.Series(np.tile(flow.hours.hours[kept] * HOUR, shape[0])).cast(INSTANT),
                    "value": flow.used[:, kept].reshape(-1),
                }
            )


def _walk(world: World, stop: datetime) -> Iterator[Flow]:
    plan, end = build_plan(world), to_hour(stop)
    step = choose_step(len(world.points), None)
    for at in range(to_hour(world.start), end, step):
        yield from iterate_flows(plan, derive_hours(at, min(at + step, end)))


def _sum_days(flow: Flow) -> pl.DataFrame:
    """Civil days of a block; a day that the block cuts comes in parts."""
    days = flow.hours.days
    sums = np.add.reduceat(flow.used, np.searchsorted(flow.hours.day, days), axis=1)
    return pl.DataFrame(
        {
            "point": pl.Series(np.repeat(flow.points, len(days))).cast(pl.UInt32),
            "day": pl.Series(np.tile(days, len(flow.points))).cast(pl.Int32).cast(pl.Date),
            "value": sums.reshape(-1),
        }
    )


def _find_rollovers(registers: Registers, counted: Cumulated, found: Plan) -> None:
    """Note the hours in which a meter's digits begin anew; the size is the register at which they do."""
    table, flow = registers.table, counted.flow
    meter, row = list_meters(table, flow.points)
    value = counted.main[row] + registers.zero[meter][:, None]
    hung = (table.starts[meter][:, None] <= flow.hours.hours) & (flow.hours.hours < table.ends[meter][:, None])
    wrap = table.wrap[meter][:, None]
    which, hour = np.nonzero(hung & (value[:, :-1] < wrap) & (value[:, 1:] >= wrap))
    if len(which):
        at = flow.hours.hours[hour] * HOUR
        found.add(
            EventKind.ROLLOVER,
            point=flow.points[row[which]],
            meter=meter[which],
            starts_at=at,
            ends_at=at + HOUR,
            size=table.wrap[meter[which]],
        )


def name_events(world: World, events: pl.DataFrame) -> pl.DataFrame:
    """Events by time with what people call things: `point_code`, `serial`, `gateway_code`, `zone_code`."""
    return (
        events.join(world.points.select("point", point_code="code"), on="point", how="left")
        .join(world.meters.select("meter", "serial"), on="meter", how="left")
        .join(world.gateways.select("gateway", gateway_code="code"), on="gateway", how="left")
        .join(world.zones.select("zone", zone_code="code"), on="zone", how="left")
        .sort("starts_at", "kind", "point", "meter", "gateway", "zone", nulls_last=True)
    )
