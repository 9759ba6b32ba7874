# SPDX-License-Identifier: Apache-2.0
"""The same message heard by several gateways, or handed over twice by a broker.  Pure.

Two messages are the same when payload, sender and counter agree and they were heard within the window.  A meter that
nothing flows through may send the very same bytes for hours: after the window that is news again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

MOST_SEGMENTS = 16
Marks = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]


def derive_marks(heard: pl.DataFrame) -> Marks:
    """A number for each message that is the same for the same message, whichever gateway heard it."""
    parts = (
        pl.col("payload").hash(1)
        ^ pl.col("address").str.to_lowercase().hash(2)
        ^ pl.concat_str("port", "counter", separator=":", ignore_nulls=True).hash(3)
        ^ pl.col("road").hash(4)
    )
    return heard.select(parts.alias("mark"))["mark"].to_numpy()


@dataclass(slots=True)
class Segment:
    """Marks and times, ascending by mark then time."""

    marks: Marks
    times: Times

    def knows(self, marks: Marks, times: Times, *, window: int) -> npt.NDArray[np.bool_]:
        """Which messages are in the segment, heard within `window` microseconds."""
        known = np.zeros(len(marks), np.bool_)
        start, stop = np.searchsorted(self.marks, marks), np.searchsorted(self.marks, marks, side="right")
        # Most marks were never heard and the others mostly once: as many rounds as the most often heard has times.
        rows = np.flatnonzero(stop > start)
        at = start[rows]
        while len(rows):
            known[rows] |= np.abs(times[rows] - self.times[at]) <= window
            at = at + 1
            more = (at < stop[rows]) & ~known[rows]
            rows, at = rows[more], at[more]
        return known


def sort_segment(marks: Marks, times: Times) -> Segment:
    """A segment of marks in any order."""
    order = np.lexsort((times, marks))
    return Segment(marks[order], times[order])


@dataclass(slots=True)
class Memory:
    """What was heard lately, in two generations: `turn` drops the older one."""

    current: list[Segment] = field(default_factory=list)
    previous: list[Segment] = field(default_factory=list)

    def add(self, marks: Marks, times: Times) -> None:
        """Remember more."""
        if len(marks):
            self.current.append(sort_segment(marks, times))
        if len(self.current) > MOST_SEGMENTS:
            self.current = [_merge(self.current)]

    def turn(self) -> None:
        """Begin a new generation."""
        self.previous = [_merge(self.current)] if self.current else []
        self.current = []

    def knows(self, marks: Marks, times: Times, *, window: int) -> npt.NDArray[np.bool_]:
        """Which messages were heard before, at most `window` microseconds from now."""
        known = np.zeros(len(marks), np.bool_)
        for segment in (*self.previous, *self.current):
            known |= segment.knows(marks, times, window=window)
        return known


def _merge(segments: list[Segment]) -> Segment:
    marks = np.concatenate([segment.marks for segment in segments])
    return sort_segment(marks, np.concatenate([segment.times for segment in segments]))


def find_repeats(marks: Marks, times: Times, memory: Memory, *, window: int) -> npt.NDArray[np.bool_]:
    """Which messages of a batch repeat an earlier one of the batch or of the memory.

    Of the same messages the first heard stays, and from it the window runs.
    """
    repeated = memory.knows(marks, times, window=window)
    rows = np.flatnonzero(~repeated)
    order = rows[np.lexsort((times[rows], marks[rows]))]
    while len(order):
        same = marks[order]
        first = np.flatnonzero(np.r_[True, same[1:] != same[:-1]])
        if len(first) == len(order):
            break
        base = np.repeat(times[order][first], np.diff(np.r_[first, len(order)]))
        late = times[order] > base + window
        again = ~late
        again[first] = False
        repeated[order[again]] = True
        order = order[late]
    return repeated
