# SPDX-License-Identifier: Apache-2.0
"""Spans to full hours: the register at each full hour, and from it what each hour used.  Pure.

The register at a full hour within a measured span is on the straight line between its ends, rounded down; hours are
differences of these, so any run of hours sums exactly to the difference of the registers at its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import Integers, Mask, expand_ranges, find_starts, scale_exactly
from avlest.readings.vee.spans import MEASURED, UNMETERED, Spans

Small = npt.NDArray[np.int8]

RULES: Final = ("", "E1", "E2", "E3", "E4", "outage", "edit", "verify", "discretion", "unmetered", "missing", "virtual")
"""Words of the column `rule` by number; 0 is null."""
CODE: Final = {word: number for number, word in enumerate(RULES)}

_NOT_THERE: Final = -1


@dataclass(frozen=True, slots=True)
class Grid:
    """Hours (or quarters) as a rectangle: one row a series, one column a step from `first` (milliseconds).

    `quality` is -1 where the series does not exist (before its first meter, after its last, after the horizon).
    """

    first: int
    step: int
    value: Integers
    quality: Small
    rule: Small

    @property
    def columns(self) -> int:
        """How many steps the grid has."""
        return int(self.value.shape[1])

    @property
    def stop(self) -> int:
        """The end of the last step."""
        return self.first + self.columns * self.step

    def cut(self, start: int, stop: int) -> Grid:
        """The part in `[start, stop)`, which lies inside and on full steps."""
        cut = slice((start - self.first) // self.step, (stop - self.first) // self.step)
        return Grid(start, self.step, self.value[:, cut], self.quality[:, cut], self.rule[:, cut])

    def is_read(self) -> Mask:
        """Whether each step was read rather than calculated."""
        read: Mask = self.quality >= int(Quality.EDITED)
        return read


@dataclass(frozen=True, slots=True)
class Pieces:
    """Gaps cut at full steps: `counts` pieces each; `step_number` counts steps since 1970, `length` is in
    milliseconds."""

    counts: Integers
    step_number: Integers
    length: Integers
    amount: Integers
    rule: Integers
    quality: Integers


def make_grid(spans: Spans, *, rows: int, start: int, stop: int, step: int, horizon: int) -> Grid:
    """The grid of `rows` series in `[start, stop)` with what was measured; gaps count as nothing and as estimated."""
    columns = (stop - start) // step
    first_step = start // step
    register = _Cumulative(spans, rows=rows, columns=columns, first_step=first_step, step=step).fill()
    quality = np.full((rows, columns), _NOT_THERE, np.int8)
    rule = np.zeros((rows, columns), np.int8)
    _mark_existing(quality, spans, first_step=first_step, step=step)
    _mark_lower(quality, spans, first_step=first_step, step=step)
    _mark_unmetered(quality, rule, spans, first_step=first_step, step=step)
    quality[:, max(0, min(columns, (horizon - start) // step)) :] = _NOT_THERE
    return Grid(start, step, np.diff(register, axis=1), quality, rule)


def add_pieces(grid: Grid, pieces: Pieces, series: Integers) -> None:
    """Add the pieces of estimated gaps to the grid; `series` is that of each gap."""
    column = pieces.step_number - grid.first // grid.step
    rows = np.flatnonzero((column >= 0) & (column < grid.columns))
    place = (np.repeat(series, pieces.counts)[rows], column[rows])
    there = grid.quality[place] >= 0
    rows, place = rows[there], (place[0][there], place[1][there])
    np.add.at(grid.value, place, pieces.amount[rows])
    np.minimum.at(grid.quality, place, pieces.quality[rows].astype(np.int8))
    np.maximum.at(grid.rule, place, pieces.rule[rows].astype(np.int8))


class _Cumulative:
    """The register of each series at each full step, counted across meters from the start of all spans."""

    def __init__(self, spans: Spans, *, rows: int, columns: int, first_step: int, step: int) -> None:
        self._spans, self._first, self._step, self._columns = spans, first_step, step, columns
        self._amount = np.where((spans.kind == MEASURED) | (spans.kind == UNMETERED), spans.amount, 0)
        self._total = np.cumsum(self._amount)
        self._register = np.zeros((rows, columns + 1), np.int64)

    def fill(self) -> Integers:
        """The registers, one column more than there are steps."""
        spans, step = self._spans, self._step
        if not len(spans.series):
            return self._register
        self._fill_ends()
        number = spans.stop // step
        count = number - spans.start // step
        one = np.flatnonzero(count == 1)
        self._put(one, number[one])
        several = np.flatnonzero(count > 1)
        low = np.maximum(number[several] - count[several] + 1, self._first)
        high = np.minimum(number[several], self._first + self._columns)
        owner, steps = expand_ranges(low, np.maximum(high - low + 1, 0))
        self._put(several[owner], steps)
        return self._register

    def _fill_ends(self) -> None:
        """Before its first span a register stands at its beginning, after its last at its end."""
        spans = self._spans
        firsts = find_starts(spans.series)
        lasts = np.append(firsts[1:], len(spans.series)) - 1
        ends = -(-spans.stop[lasts] // self._step) - self._first
        begin = (self._total - self._amount)[firsts]
        column = np.arange(self._columns + 1)
        self._register[spans.series[firsts]] = np.where(
            column >= ends[:, None], self._total[lasts][:, None], begin[:, None]
        )

    def _put(self, rows: Integers, number: Integers) -> None:
        """Set the register at the full step `number` within each of the spans `rows`."""
        spans = self._spans
        column = number - self._first
        inside = (column >= 0) & (column <= self._columns)
        if not inside.all():
            rows, number, column = rows[inside], number[inside], column[inside]
        start, amount = spans.start[rows], self._amount[rows]
        share = scale_exactly(amount, number * self._step - start, spans.stop[rows] - start)
        self._register[spans.series[rows], column] = self._total[rows] - amount + share


def _mark_existing(quality: Small, spans: Spans, *, first_step: int, step: int) -> None:
    """Steps between the first and the last instant of a series."""
    if not len(spans.series):
        return
    firsts = find_starts(spans.series)
    lasts = np.append(firsts[1:], len(spans.series)) - 1
    column = np.arange(quality.shape[1])
    low, high = spans.start[firsts] // step - first_step, -(-spans.stop[lasts] // step) - first_step
    there = (column >= low[:, None]) & (column < high[:, None])
    quality[spans.series[firsts]] = np.where(there, np.int8(Quality.MEASURED), np.int8(_NOT_THERE))


def _mark_lower(quality: Small, spans: Spans, *, first_step: int, step: int) -> None:
    """Gaps, and what people read, are worth less than what meters sent."""
    rows = np.flatnonzero(spans.quality < Quality.MEASURED)
    owner, column = _find_columns(spans, rows, first_step=first_step, step=step, columns=quality.shape[1])
    np.minimum.at(quality, (spans.series[rows[owner]], column), spans.quality[rows[owner]].astype(np.int8))


def _mark_unmetered(quality: Small, rule: Small, spans: Spans, *, first_step: int, step: int) -> None:
    """Steps wholly without meter are missing."""
    rows = np.flatnonzero(spans.kind == UNMETERED)
    low = np.maximum(-(-spans.start[rows] // step) - first_step, 0)
    high = np.minimum(spans.stop[rows] // step - first_step, quality.shape[1])
    owner, column = expand_ranges(low, np.maximum(high - low, 0))
    quality[spans.series[rows[owner]], column] = 0
    rule[spans.series[rows[owner]], column] = CODE["unmetered"]


def _find_columns(
    spans: Spans, rows: Integers, *, first_step: int, step: int, columns: int
) -> tuple[Integers, Integers]:
    """The columns that some spans touch."""
    low = np.maximum(spans.start[rows] // step - first_step, 0)
    high = np.minimum((spans.stop[rows] - 1) // step - first_step + 1, columns)
    return expand_ranges(low, np.maximum(high - low, 0))


def cut_gaps(spans: Spans, rows: Integers, *, step: int) -> tuple[Integers, Integers, Integers]:
    """Cut the spans `rows` at full steps: how many pieces each has; the number of the step and the length of each."""
    first = spans.start[rows] // step
    counts = (spans.stop[rows] - 1) // step - first + 1
    owner, number = expand_ranges(first, counts)
    begins = np.maximum(number * step, spans.start[rows][owner])
    ends = np.minimum((number + 1) * step, spans.stop[rows][owner])
    return counts, number, ends - begins
