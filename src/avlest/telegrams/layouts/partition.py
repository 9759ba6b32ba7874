# SPDX-License-Identifier: Apache-2.0
"""Split rows of bytes into groups that are read alike, by example.

The first row that no known example fits is read with the scalar parser, which says
which of its bits decided how it was read.  All rows with the same bits in these places
are read alike, without looking at them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from avlest.telegrams.layouts.batch import Bytes, Mask, Rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deciding:
    """The places of a row that decided how it was read, and which bits there did."""

    positions: Rows
    masks: Bytes


def decide_by(masks: dict[int, int]) -> Deciding:
    """Deciding bits from a mapping of position to bit mask."""
    places = sorted(masks)
    return Deciding(np.array(places, np.int64), np.array([masks[place] for place in places], np.uint8))


def decide_by_spans(spans: tuple[tuple[int, int], ...]) -> Deciding:
    """Whole bytes in half-open spans decide."""
    positions = [place for start, end in spans for place in range(start, end)]
    return Deciding(np.array(positions, np.int64), np.full(len(positions), 0xFF, np.uint8))


@dataclass(frozen=True, slots=True)
class Pattern(Generic[T]):
    """Rows whose `deciding` bits are `values` mean `meaning`."""

    deciding: Deciding
    values: Bytes
    meaning: T

    def fits(self, matrix: Bytes) -> Mask:
        """Which rows have the pattern's bits."""
        seen = matrix[:, self.deciding.positions]
        if not (self.deciding.masks == 0xFF).all():
            seen &= self.deciding.masks
        fit: Mask = (seen == self.values).all(axis=1)
        return fit


@dataclass(slots=True)
class PatternBook(Generic[T]):
    """The patterns seen so far for one kind of row, at most `limit`.

    Noise makes a new pattern for nearly every row: only patterns that `smallest` rows
    have are kept, and after `limit` examples in one batch the rest is handed out unread,
    so the work stays linear and the book small.
    """

    limit: int = 64
    patterns: list[Pattern[T]] = field(default_factory=list)

    def split(
        self, matrix: Bytes, read: Callable[[bytes], tuple[T, Deciding]], *, smallest: int = 1
    ) -> Iterator[tuple[T | None, Rows]]:
        """Yield (meaning, row numbers) until every row is in one group; None: not read."""
        rest = np.arange(len(matrix))
        for pattern in tuple(self.patterns):
            if not len(rest):
                return
            fit = pattern.fits(matrix if len(rest) == len(matrix) else matrix[rest])
            if fit.any():
                yield pattern.meaning, rest[fit]
                rest = rest[~fit]
        for _ in range(self.limit):
            if len(rest) < smallest or not len(rest):
                break
            pattern = _read_pattern(matrix[rest[0]], read)
            fit = pattern.fits(matrix[rest])
            common = int(fit.sum()) >= smallest
            if common and len(self.patterns) < self.limit:
                self.patterns.append(pattern)
            yield pattern.meaning if common else None, rest[fit]
            rest = rest[~fit]
        if len(rest):
            yield None, rest


def _read_pattern(example: Bytes, read: Callable[[bytes], tuple[T, Deciding]]) -> Pattern[T]:
    meaning, deciding = read(example.tobytes())
    return Pattern(deciding, example[deciding.positions] & deciding.masks, meaning)
