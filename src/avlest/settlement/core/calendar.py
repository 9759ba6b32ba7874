# SPDX-License-Identifier: Apache-2.0
"""Days and years of a settlement: civil days, half-open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple


class Days(NamedTuple):
    """Civil days `[start, stop)`."""

    start: date
    stop: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.stop - self.start).days

    def overlap(self, other: Days) -> Days | None:
        """The days that both have; None where there are none."""
        both = Days(max(self.start, other.start), min(self.stop, other.stop))
        return both if both.start < both.stop else None


def derive_year(year: int) -> Days:
    """A calendar year."""
    return Days(date(year, 1, 1), date(year + 1, 1, 1))


def derive_terms(year: int, count: int) -> list[Days]:
    """The year in `count` terms of equally many months.  `count` divides 12."""
    months = [date(year, 1 + term * 12 // count, 1) for term in range(count)] + [date(year + 1, 1, 1)]
    return [Days(start, stop) for start, stop in pairwise(months)]


def derive_pieces(days: Days, cuts: Iterable[date]) -> list[Days]:
    """`days` cut at the dates that lie inside it."""
    inside = sorted({cut for cut in cuts if days.start < cut < days.stop})
    return [Days(start, stop) for start, stop in pairwise([days.start, *inside, days.stop])]


def find_overlap(periods: Sequence[Days]) -> tuple[int, int] | None:
    """Indices of two periods that share a day, if there are any."""
    order = sorted(range(len(periods)), key=lambda index: periods[index])
    for left, right in pairwise(order):
        if periods[right].start < periods[left].stop:
            return left, right
    return None
