# SPDX-License-Identifier: Apache-2.0
"""Events as they are planned: who is struck, when, and how hard.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from avlest.simulate.chance import Integers, Words, take_bits
from avlest.simulate.contracts import EVENTS

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
_MARGIN_DAYS: Final = 14


def to_micros(instant: datetime) -> int:
    """µs since 1970 of a whole second."""
    return int(instant.timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a world in µs since 1970."""

    start: int
    stop: int

    @classmethod
    def of(cls, start: datetime, stop: datetime) -> Span:
        """The span between two instants."""
        return cls(to_micros(start), to_micros(stop))

    def pick(self, words: Words, *, first: int | None = None, last: int | None = None) -> Integers:
        """A whole hour for each word, between two instants (by default: not near the ends)."""
        margin = min(_MARGIN_DAYS * DAY, (self.stop - self.start) // 4)
        low = (self.start + margin if first is None else max(first, self.start)) // HOUR
        high = (self.stop - margin if last is None else min(last, self.stop)) // HOUR
        return (low + (take_bits(words, 32, 32) * max(high - low, 1) >> 32)) * HOUR

    def pick_midnights(self, words: Words) -> Integers:
        """A midnight of the civil day, in winter (23:00 UTC), for each word; within the span of a day or more."""
        hours = self.pick(words) // HOUR
        midnight = ((hours // 24) * 24 + 23) * HOUR
        return np.where(midnight < self.stop, midnight, midnight - DAY)


@dataclass(slots=True)
class Plan:
    """Events as they come; `collect` gives the frame."""

    span: Span
    pieces: list[pl.DataFrame] = field(default_factory=list)

    def add(self, kind: str, **columns: Any) -> None:
        """Add events of a kind; columns are those of `contracts.EVENTS`, instants in µs, -1 for none."""
        count = next(len(value) for value in columns.values() if isinstance(value, np.ndarray | pl.Series))
        made = {}
        for name, dtype in EVENTS.items():
            value = columns.get(name, kind if name == "kind" else "" if name == "unit" else None)
            series = (
                pl.Series(name, value)
                if isinstance(value, np.ndarray | pl.Series)
                else pl.Series(name, [value], dtype=dtype).new_from_index(0, count)
            )
            if name in ("starts_at", "ends_at") and series.dtype == pl.Int64:
                series = series.replace(-1, None)
            made[name] = series.cast(dtype)
        self.pieces.append(pl.DataFrame(made))

    def collect(self) -> pl.DataFrame:
        """All events by time."""
        return pl.concat([pl.DataFrame(schema=EVENTS), *self.pieces]).sort(
            "starts_at", "kind", "point", "meter", "gateway", nulls_last=True
        )
