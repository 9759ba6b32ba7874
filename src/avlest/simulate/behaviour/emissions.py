# SPDX-License-Identifier: Apache-2.0
"""What the meters of a world say, in order of time and in pieces that fit memory.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.behaviour.clock import Hours, derive_hours, to_hour
from avlest.simulate.behaviour.columns import Moments, derive_columns
from avlest.simulate.behaviour.flows import Flow, Plan, build_plan, iterate_flows
from avlest.simulate.behaviour.happenings import HOUR, derive_status
from avlest.simulate.behaviour.registers import Cumulated, MeterTable, Registers, build_meter_table
from avlest.simulate.behaviour.sending import Sendings, derive_sendings
from avlest.simulate.chance import Integers
from avlest.simulate.contracts import INSTANT, Emissions, World
from avlest.simulate.faults.air import Air, build_air, derive_air_columns, find_silent
from avlest.simulate.radio.models import MODELS, Road

ROWS: Final = 250_000
"""About how many telegrams one piece holds."""
_CELLS: Final = 1_500_000
_LONGEST: Final = 31 * 24


@dataclass(slots=True)
class _Basket:
    """Frames of one model that wait until there are enough of them."""

    frames: list[pl.DataFrame]
    rows: int = 0


def iterate_emissions(
    world: World, *, start: datetime | None = None, stop: datetime | None = None, chunk: timedelta | None = None
) -> Iterator[Emissions]:
    """The telegrams of `[start, stop)` (whole hours; all of the world's time unless said otherwise).

    Time goes on chunk by chunk (by default as long as fits memory); within a chunk models follow each other, and
    each piece holds at most about `ROWS` telegrams in order of time.  The rows do not depend on `chunk`.
    Raises `ValueError` for instants that are no whole hours or lie before the world.
    """
    emitter = Emitter(world)
    emitter.skip(start or world.start)
    yield from emitter.emit(stop or world.stop, chunk=chunk)


class Emitter:
    """Meters that go on speaking: each call continues where the last one ended, so that live telegrams cost only
    their own hours.  It begins at the world's start."""

    def __init__(self, world: World) -> None:
        """Take up a world; nothing is lived through yet."""
        self._at = to_hour(world.start)
        self._count = len(world.points)
        self._plan = build_plan(world)
        self._air = build_air(world)
        self._registers = Registers.begin(build_meter_table(world), self._count, self._at)

    @property
    def at(self) -> datetime:
        """How far time has come."""
        return datetime.fromtimestamp(self._at * 3600, UTC)

    def skip(self, until: datetime) -> None:
        """Live through the time until `until` (a whole hour) in silence; `ValueError` when that is past."""
        for _ in self._go_on(until, None, speaks=False):
            pass

    def emit(self, until: datetime, *, chunk: timedelta | None = None) -> Iterator[Emissions]:
        """The telegrams of the time until `until` (a whole hour); `ValueError` when that is past."""
        return self._go_on(until, chunk, speaks=True)

    def _go_on(self, until: datetime, chunk: timedelta | None, *, speaks: bool) -> Iterator[Emissions]:
        end, step = to_hour(until), choose_step(self._count, chunk)
        if end < self._at:
            raise ValueError(f"the meters have come to {self.at.isoformat()} and cannot go back to {until.isoformat()}")
        while self._at < end:
            hours = derive_hours(self._at, min(self._at + step, end))
            yield from _emit(self._plan, self._registers, self._air, hours, speaks=speaks)
            self._at += len(hours)


def choose_step(points: int, chunk: timedelta | None) -> int:
    """How many hours to take at a time: a chunk's, or as many as fit memory."""
    if chunk is None:
        days = _CELLS // (24 * max(points, 1))
        return min(max(days, 1) * 24, _LONGEST)
    step, rest = divmod(chunk, timedelta(hours=1))
    if step < 1 or rest:
        raise ValueError(f"chunk: expected whole hours, got {chunk}")
    return step


def _emit(plan: Plan, registers: Registers, air: Air, hours: Hours, *, speaks: bool) -> Iterator[Emissions]:
    """One chunk; what is not spoken of is lived through in silence."""
    baskets: dict[str, _Basket] = {}
    for flow in iterate_flows(plan, hours):
        counted = registers.count(flow)
        for sendings in derive_sendings(registers.table, flow) if speaks else ():
            frame = _build_frame(plan.seed, registers.table, air, flow, counted, sendings)
            basket = baskets.setdefault(sendings.model, _Basket([]))
            basket.frames.append(frame)
            basket.rows += len(frame)
            if basket.rows >= ROWS:
                yield from _empty(sendings.model, baskets.pop(sendings.model))
    for model in MODELS:
        if model in baskets:
            yield from _empty(model, baskets[model])


def _empty(model: str, basket: _Basket) -> Iterator[Emissions]:
    frame = pl.concat(basket.frames).sort("at", "meter")
    if len(frame):
        yield Emissions(model, frame)


def _build_frame(
    seed: int, table: MeterTable, air: Air, flow: Flow, counted: Cumulated, sendings: Sendings
) -> pl.DataFrame:
    """The rows of some meters of one model."""
    kept = ~find_silent(air, sendings.meter, sendings.at)
    meter, row, at, number = (column[kept] for column in (sendings.meter, sendings.row, sendings.at, sendings.number))
    column, rest = np.divmod(at - flow.hours.first * HOUR, HOUR)
    if MODELS[sendings.model].road is Road.HAN:
        rest[:] = 0  # the list comes a little after the hour and has the counters of the hour
    moments = Moments(
        seed,
        flow,
        meter,
        row,
        column,
        at,
        *counted.read(table, meter, row, column, rest),
    )
    status = derive_status(flow.happenings, flow.measured.shape)
    bits: Integers = np.zeros(len(row), np.int64) if status is None else status[row, column]
    return pl.DataFrame(
        {
            "meter": pl.Series(meter).cast(pl.UInt32),
            "number": pl.Series(number).cast(pl.UInt32),
            "at": pl.Series(at).cast(INSTANT),
            **derive_columns(MODELS[sendings.model], moments),
            "status": bits,
            **derive_air_columns(air, meter, number, at),
        }
    )
