# SPDX-License-Identifier: Apache-2.0
"""The registers of meters: what they showed when put up, and what has been counted since.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.behaviour.clock import Hours
from avlest.simulate.behaviour.flows import Flow
from avlest.simulate.behaviour.happenings import FOREVER, HOUR
from avlest.simulate.chance import Integers, draw, get_stream, scale
from avlest.simulate.contracts import World
from avlest.simulate.radio.models import MODELS

_SECONDS: Final = 1_000_000
_NO_DIGITS: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class MeterTable:
    """Meters as columns: model, interval and offset (s), where from and until when (hours since 1970), what both
    registers showed then, and at what the first one rolls over.  `order` sorts meters by point, `edges` says where
    each point's begin."""

    model: npt.NDArray[np.object_]
    interval: Integers
    offset: Integers
    point: Integers
    starts: Integers
    ends: Integers
    base: Integers
    second_base: Integers
    wrap: Integers
    order: Integers
    edges: Integers
    seed: int
    first: int


def build_meter_table(world: World) -> MeterTable:
    """The meters of a world with their (only) installation."""
    hung = world.meters.join(world.installations, on="meter", how="left", maintain_order="left")
    if len(hung) != len(world.meters):
        raise ValueError("installations: a simulated meter hangs in one place only")
    number = hung.select(
        pl.col("interval", "offset").cast(pl.Int64),
        pl.col("point").cast(pl.Int64).fill_null(-1),
        pl.col("starts_at").cast(pl.Int64).fill_null(0) // HOUR,
        pl.col("ends_at").cast(pl.Int64).fill_null(FOREVER * HOUR) // HOUR,
        pl.col("start_value").fill_null(0),
    )
    columns = {name: number[name].to_numpy() for name in number.columns}
    point = columns["point"]
    order = np.argsort(point, kind="stable")
    steps = hung["model"].replace_strict({name: next(iter(model.columns.values())) for name, model in MODELS.items()})
    wrap = np.power(10, hung["digits"].fill_null(0).cast(pl.Int64).to_numpy()) * steps.to_numpy()
    return MeterTable(
        hung["model"].to_numpy(),
        columns["interval"],
        columns["offset"],
        point,
        columns["starts_at"],
        columns["ends_at"],
        columns["start_value"],
        columns["start_value"] // 7,
        np.where(hung["digits"].is_not_null().to_numpy(), wrap, _NO_DIGITS),
        order,
        np.searchsorted(point[order], np.arange(len(world.points) + 1)),
        world.seed,
        int(world.start.timestamp()) // 3600,
    )


@dataclass(frozen=True, slots=True)
class Cumulated:
    """What a block's meters have counted: per row and hour edge (n, hours + 1) of both registers since the world
    began, what goes in each hour, and the first register at the last target day before each hour (n, hours)."""

    main: Integers
    second: Integers | None
    flow: Flow
    zero: Integers
    second_zero: Integers
    target: Integers

    def read(
        self, table: MeterTable, meter: Integers, row: Integers, column: Integers, rest: Integers
    ) -> tuple[Integers, Integers, Integers]:
        """Both registers and the target value of meters `rest` µs into an hour; within an hour use is even."""
        seconds = rest // _SECONDS
        main = self.main[row, column] + self.flow.measured[row, column] * seconds // 3600 + self.zero[meter]
        second = np.zeros(len(row), np.int64)
        if self.second is not None and self.flow.second is not None:
            second = self.second[row, column] + self.flow.second[row, column] * seconds // 3600
            second += self.second_zero[meter]
        target = np.maximum(self.target[row, column] + self.zero[meter], table.base[meter] * 9 // 10)
        return main % table.wrap[meter], second, target % table.wrap[meter]


@dataclass(frozen=True, slots=True)
class Registers:
    """What has been counted up to now: `main` and `second` per point since the world began, `target` per point;
    `zero` and `second_zero` per meter: what to add to the point's count to have the meter's register."""

    table: MeterTable
    main: Integers
    second: Integers
    target: Integers
    zero: Integers
    second_zero: Integers

    @classmethod
    def begin(cls, table: MeterTable, points: int, first: int) -> Self:
        """Registers at the world's first hour."""
        late = table.starts > first
        last_month = scale(draw(get_stream(table.seed, "target"), np.arange(points)), 800_000, 9_500_000)
        return cls(
            table,
            np.zeros(points, np.int64),
            np.zeros(points, np.int64),
            -last_month,
            np.where(late, 0, table.base),
            np.where(late, 0, table.second_base),
        )

    def count(self, flow: Flow) -> Cumulated:
        """Go on by a block of hours."""
        points = flow.points
        main = _cumulate(self.main[points], flow.measured)
        second = None if flow.second is None else _cumulate(self.second[points], flow.second)
        target = self._find_targets(flow, main)
        self._hang(flow, main, second)
        self.main[points] = main[:, -1]
        if second is not None:
            self.second[points] = second[:, -1]
        self.target[points] = target[:, -1]
        return Cumulated(main, second, flow, self.zero, self.second_zero, target)

    def _find_targets(self, flow: Flow, main: Integers) -> Integers:
        """The count at the last first of a month, at each hour."""
        target = np.repeat(self.target[flow.points][:, None], len(flow.hours), axis=1)
        for column in _find_months(flow.hours):
            target[:, column:] = main[:, column : column + 1]
        return target

    def _hang(self, flow: Flow, main: Integers, second: Integers | None) -> None:
        """Meters put up within these hours begin where the point's count is."""
        begin, end = flow.hours.first, flow.hours.first + len(flow.hours)
        meter, row = list_meters(self.table, flow.points)
        fresh = (
            (self.table.starts[meter] >= begin)
            & (self.table.starts[meter] < end)
            & (self.table.starts[meter] > self.table.first)
        )
        meter, row = meter[fresh], row[fresh]
        column = self.table.starts[meter] - begin
        self.zero[meter] = self.table.base[meter] - main[row, column]
        if second is not None:
            self.second_zero[meter] = -second[row, column]


def _cumulate(before: Integers, amounts: Integers) -> Integers:
    count = np.empty((len(amounts), amounts.shape[1] + 1), np.int64)
    count[:, 0] = before
    np.cumsum(amounts, axis=1, out=count[:, 1:])
    count[:, 1:] += before[:, None]
    return count


def _find_months(hours: Hours) -> list[int]:
    """The columns at which a civil month begins."""
    day = hours.day.astype("datetime64[D]")
    is_first = (day == day.astype("datetime64[M]").astype("datetime64[D]")) & (hours.clock == 0)
    found: list[int] = np.flatnonzero(is_first).tolist()
    return found


def list_meters(table: MeterTable, points: Integers) -> tuple[Integers, Integers]:
    """All meters that ever hang at these points, and the row of the point of each."""
    first, last = table.edges[points], table.edges[points + 1]
    counts = last - first
    row = np.repeat(np.arange(len(points)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    return table.order[np.repeat(first, counts) + within], row
