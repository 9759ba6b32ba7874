# SPDX-License-Identifier: Apache-2.0
"""Simulated time to messages, chunk by chunk: what `avlest simulate` and the demo are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from avlest.collect.formats.canonical import Reading, to_heard
from avlest.collect.heard import Heard
from avlest.registry.media import get_media
from avlest.simulate.behaviour import Emitter
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


@dataclass(slots=True)
class Player:
    """A world that is played from `start` (a whole hour) on; each call goes on where the one before ended."""

    world: World
    start: datetime
    air: Air = field(init=False)
    _emitter: Emitter = field(init=False)

    def __post_init__(self) -> None:
        self.air, self._emitter = Air(self.world), Emitter(self.world)
        self._emitter.skip(self.start)

    @property
    def at(self) -> datetime:
        """How far the world has come."""
        return self._emitter.at

    def play_until(self, stop: datetime, *, chunk: timedelta) -> Iterator[tuple[datetime, list[Messages]]]:
        """The end of each chunk of time, and all messages in it; chunks without any are left out."""
        first = self.at
        for number, emissions in _group(self._emitter.emit(stop, chunk=chunk), first, chunk):
            messages = [one for item in emissions for one in self.air.hear(item)]
            yield min(stop, first + (number + 1) * chunk), messages


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


def play(player: Player, sink: Sink, stop: datetime, *, tell: Told) -> None:
    """Everything until an instant as fast as it goes; `tell` is given the simulated time that was reached."""
    for reached, messages in player.play_until(stop, chunk=derive_chunk(player.world)):
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
