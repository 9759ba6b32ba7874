# SPDX-License-Identifier: Apache-2.0
"""When meters send: in their rhythm, or when the car passes.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.simulate.behaviour.flows import Flow
from avlest.simulate.behaviour.registers import MeterTable, list_meters
from avlest.simulate.chance import Integers, draw, get_stream, take_bits

_SECOND: Final = 1_000_000
_ROUND_DAY: Final = 3  # of the month, in UTC: when the car goes its round
_ROUND: Final = (8 * 3600, 6 * 3600)  # begins at, and takes


@dataclass(frozen=True, slots=True)
class Sendings:
    """Telegrams of one model: meter, row of its point in the block, instant (µs), the how-manieth of the meter."""

    model: str
    meter: Integers
    row: Integers
    at: Integers
    number: Integers


def derive_sendings(table: MeterTable, flow: Flow) -> Iterator[Sendings]:
    """What is sent in the hours of a block, by model and interval."""
    meter, row = list_meters(table, flow.points)
    if not len(meter):
        return
    first, stop = flow.hours.first, flow.hours.first + len(flow.hours)
    live = (table.starts[meter] < stop) & (table.ends[meter] > first)
    meter, row = meter[live], row[live]
    models = table.model[meter].astype(str)
    for model in np.unique(models).tolist():
        for interval in np.unique(table.interval[meter[models == model]]).tolist():
            chosen = (models == model) & (table.interval[meter] == interval)
            at, number = _list_instants(table, meter[chosen], interval, first, stop)
            yield _flatten(table, model, meter[chosen], row[chosen], at, number, (first, stop))


def _list_instants(
    table: MeterTable, meter: Integers, interval: int, first: int, stop: int
) -> tuple[Integers, Integers]:
    """Instants (s) and numbers, shape (meters, sendings); some may lie outside `[first, stop)` hours."""
    if interval == 0:
        return _list_rounds(table, meter, first, stop)
    slots = np.arange(first * 3600 // interval, -(-stop * 3600 // interval))
    at = slots[None, :] * interval + table.offset[meter][:, None]
    number = np.broadcast_to((slots - table.first * 3600 // interval)[None, :], at.shape)
    return at, number


def _list_rounds(table: MeterTable, meter: Integers, first: int, stop: int) -> tuple[Integers, Integers]:
    """The rounds of the car, monthly: it passes each meter at about the same time of day."""
    edges = np.array((first, stop), "datetime64[h]").astype("datetime64[M]")
    months = np.arange(edges[0], edges[1] + 1)
    days = months.astype("datetime64[D]").astype(np.int64) + _ROUND_DAY - 1
    begins, takes = _ROUND
    jitter = take_bits(draw(get_stream(table.seed, "rounds"), meter[:, None], days[None, :]), 0, 8)
    at = days[None, :] * 86_400 + begins + (table.offset[meter] % takes)[:, None] + jitter
    number = months.astype(np.int64) - int(np.datetime64(table.first, "h").astype("datetime64[M]").astype(np.int64))
    return at, np.broadcast_to(number[None, :], at.shape)


def _flatten(
    table: MeterTable,
    model: str,
    meter: Integers,
    row: Integers,
    at: Integers,
    number: Integers,
    period: tuple[int, int],
) -> Sendings:
    low = np.maximum(table.starts[meter], period[0]) * 3600
    high = np.minimum(table.ends[meter], period[1]) * 3600
    inside = (at >= low[:, None]) & (at < high[:, None])
    which = np.nonzero(inside)[0]
    return Sendings(model, meter[which], row[which], at[inside] * _SECOND, number[inside])
