# SPDX-License-Identifier: Apache-2.0
"""Simulated time to messages, chunk by chunk: what `avlest simulate` and the demo are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from avlest.collect.formats.canonical import Reading, to_heard
from avlest.collect.heard import Heard
from avlest.registry.media import get_media
from avlest.simulate.behaviour import iterate_emissions
from avlest.simulate.contracts import Emissions, World
from avlest.simulate.filling.lists import derive_serials
from avlest.simulate.radio.hearing import Air, Messages
from avlest.simulate.roads.sinks import Sink

CHUNK: Final = timedelta(days=7)
MOST_METER_HOURS: Final = 4_000_000
"""Telegrams made at once where meters send hourly: what a chunk may take in memory."""
Told = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a world's time is played."""

    start: datetime
    stop: datetime


def derive_chunk(world: World) -> timedelta:
    """A week, or less where the world is large, down to an hour."""
    hours = MOST_METER_HOURS // max(1, world.meters.height)
    return max(timedelta(hours=1), min(CHUNK, timedelta(hours=hours)))


def iterate_chunks(air: Air, window: Window, *, chunk: timedelta) -> Iterator[tuple[datetime, list[Messages]]]:
    """The end of each chunk of time, and all messages in it; chunks without any are left out."""
    made = iterate_emissions(air.world, start=window.start, stop=window.stop, chunk=chunk)
    for number, emissions in _group(made, window.start, chunk):
        messages = [one for item in emissions for one in air.hear(item)]
        yield min(window.stop, window.start + (number + 1) * chunk), messages


def _group(made: Iterable[Emissions], start: datetime, chunk: timedelta) -> Iterator[tuple[int, list[Emissions]]]:
    number, waiting = -1, list[Emissions]()
    for item in made:
        if not item.frame.height:
            continue
        first: datetime = item.frame["at"][0]
        own = (first - start) // chunk
        if own != number and waiting:
            yield number, waiting
            waiting = []
        number = own
        waiting.append(item)
    if waiting:
        yield number, waiting


def play(air: Air, sink: Sink, window: Window, *, chunk: timedelta, tell: Told) -> None:
    """Everything in a window as fast as it goes; `tell` is given the simulated time that was reached."""
    for reached, messages in iterate_chunks(air, window, chunk=chunk):
        sink.deliver(messages)
        tell(reached)


def build_typed_readings(world: World, window: Window) -> list[Heard]:
    """The readings people type in within a window, as the messages a form would make of them."""
    serials = derive_serials(world)
    units = world.points.select("point", "medium")
    rows = world.typed_readings.filter(pl.col("at").is_between(window.start, window.stop, closed="left"))
    rows = rows.join(units, on="point").sort("at", "point")
    return [_to_heard(item, serials[item["meter"]]) for item in rows.iter_rows(named=True)]


def _to_heard(item: dict[str, object], serial: str) -> Heard:
    at, value = item["at"], item["value"]
    assert isinstance(at, datetime)
    assert isinstance(value, int)
    unit = get_media()[str(item["medium"])].unit
    reading = Reading(at=at, value=Decimal(value) / 1000, meter=serial, unit=unit, quality="manual")
    return to_heard([reading], received_at=at, source="form")


def count_messages(messages: Sequence[Messages]) -> int:
    """How many messages there are."""
    return sum(len(one) for one in messages)
