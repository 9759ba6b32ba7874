# SPDX-License-Identifier: Apache-2.0
"""Split many rows at once: rows that are cut in the same way share one pattern.

A million subscribers have a handful of patterns (the whole year at one price) and some hundreds more (a move on each
day of the year).  A pattern is worked out once with plain dates; its weights are then used on all its rows as columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.keys import derive_key
from avlest.settlement.core.money import Ints, derive_amount_column, derive_share_columns, derive_whole_weights

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """One cell of a pattern: days with one price, and its weight.

    Parts with the same `group` share one yearly price and are rounded together.  A part that is not `kept` takes its
    share, but no line comes of it (another owner's days); it stands once in each group, and `counts` once in all.
    """

    days: Days
    weight: Fraction
    version: int = -1
    value: int = 0
    rate: int = 0
    vat_included: bool = False
    group: int = 0
    kept: bool = True
    counts: bool = True
    by_days: bool = False
    term: int = 0
    numbers: tuple[int, int] = (1, 1)
    """Of how many days or terms of how many this part is, for people."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Parts of rows: `row` points into the rows given, `part` into `parts`."""

    row: Ints
    part: Ints
    parts: Sequence[Part]

    def get(self, pick: Callable[[Part], int]) -> Ints:
        """A whole number of each cell's part."""
        return np.fromiter((pick(part) for part in self.parts), np.int64, len(self.parts))[self.part]

    def get_days(self, pick: Callable[[Part], date]) -> pl.Series:
        """A date of each cell's part."""
        return pl.Series(self.get(lambda part: (pick(part) - _EPOCH).days)).cast(pl.Int32).cast(pl.Date)


class Patterns:
    """Patterns by number, and which pattern each row has.

    As matrices (patterns × the most parts any has) everything done to rows is an index into them.
    """

    def __init__(self, of_row: Ints, patterns: Sequence[Sequence[Part]]) -> None:
        self.of_row = of_row
        self.parts = [part for pattern in patterns for part in pattern]
        width = max((len(pattern) for pattern in patterns), default=0)
        self.numbers = np.full((len(patterns), width), -1, np.int64)
        at = 0
        for row, pattern in enumerate(patterns):
            self.numbers[row, : len(pattern)] = np.arange(at, at + len(pattern))
            at += len(pattern)
        self._there = self.numbers >= 0
        self._weights = np.zeros_like(self.numbers)
        for row, pattern in enumerate(patterns):
            self._weights[row, : len(pattern)] = derive_whole_weights([part.weight for part in pattern])
        self._groups = self._spread([part.group for part in self.parts], nothing=-1)
        self._values = self._spread([part.value for part in self.parts], nothing=0)
        self._counts = self._spread([int(part.counts) for part in self.parts], nothing=0)
        self._kept = self._spread([int(part.kept) for part in self.parts], nothing=0).astype(bool)

    def _spread(self, values: Sequence[int], *, nothing: int) -> Ints:
        """One number of each part, as a matrix."""
        return np.where(self._there, np.array([*values, nothing], np.int64)[self.numbers], nothing)

    def find(self, test: Callable[[Sequence[Part]], bool]) -> NDArray[np.bool_]:
        """Which patterns pass a test of their parts."""
        found = ([self.parts[number] for number in row if number >= 0] for row in self.numbers.tolist())
        return np.fromiter((test(parts) for parts in found), bool, len(self.numbers))

    def derive_cells(self) -> Cells:
        """Every kept part of every row: rows in their order, parts in theirs."""
        row, column = np.nonzero(self._kept[self.of_row])
        return Cells(row.astype(np.int64), self.numbers[self.of_row[row], column], self.parts)

    def derive_quantity_shares(self, totals: Ints) -> Ints:
        """Split each row's total over all its parts by largest remainder; the kept shares, in the order of cells."""
        if not self.numbers.size:
            return np.empty(0, np.int64)
        there = np.asarray(self._there.any(axis=1), bool)[self.of_row]
        shares = derive_share_columns(np.where(there, totals, 0), self._weights * self._counts, self.of_row)
        return self._keep(shares)

    def derive_amount_shares(self, quantities: Ints) -> Ints:
        """Amounts of each row's quantity (thousandths), in the order of cells.

        Parts with one price are a group: what the quantity costs at it is rounded once and then split, so that
        terms and owners sum to the year.
        """
        shares = np.zeros((self.numbers.shape[1], len(self.of_row)), np.int64)
        for group in range(int(self._groups.max(initial=-1)) + 1):
            inside = self._groups == group
            rows = np.nonzero(np.asarray(inside.any(axis=1), bool)[self.of_row])[0]
            number = self.of_row[rows]
            value = np.where(inside, self._values, 0).max(axis=1)
            total = derive_amount_column(quantities[rows], value[number])
            shares[:, rows] += derive_share_columns(total, np.where(inside, self._weights, 0), number)
        return self._keep(shares)

    def _keep(self, shares: Ints) -> Ints:
        """Shares are parts × rows; cells are row by row."""
        return np.asarray(shares.T[self._kept[self.of_row]], np.int64)


def derive_patterns(
    rows: pl.DataFrame, keys: Sequence[str], build: Callable[[Mapping[str, Any]], Sequence[Part]]
) -> tuple[Patterns, dict[int, SettlementError]]:
    """Find the rows with equal `keys` and build each pattern once.

    A pattern that cannot be built has no parts, and comes back by its number with the reason.
    """
    packed = derive_key(rows, keys)
    if packed is None:
        text = "fewer different dates and prices in one run: settle in smaller parts"
        raise SettlementError("too_many", ", ".join(keys), text)
    _, first, of_row = np.unique(packed, return_index=True, return_inverse=True)
    distinct = rows.select(keys)[first].with_columns(pl.col(pl.Categorical).cast(pl.String))
    patterns: list[Sequence[Part]] = []
    errors: dict[int, SettlementError] = {}
    for number, key in enumerate(distinct.iter_rows(named=True)):
        try:
            patterns.append(build(key))
        except SettlementError as error:
            patterns.append(())
            errors[number] = error
    return Patterns(of_row.astype(np.int64), patterns), errors
