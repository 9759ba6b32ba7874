# SPDX-License-Identifier: Apache-2.0
"""Small helpers over sorted arrays: runs, ranges, exact splits.  Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MS_HOUR: Final = 3_600_000
MS_DAY: Final = 86_400_000
_WEIGHT_BITS: Final = 30


def to_ms(column: pl.Series, *, missing: int = 0) -> Integers:
    """Instants as milliseconds since 1970; `missing` where null."""
    found: Integers = column.dt.epoch("ms").fill_null(missing).to_numpy().astype(np.int64, copy=False)
    return found


def to_integers(column: pl.Series, *, missing: int = 0) -> Integers:
    """An integer column as int64; `missing` where null."""
    found: Integers = column.cast(pl.Int64).fill_null(missing).to_numpy()
    return found


def to_instants(ms: Integers) -> pl.Series:
    """Milliseconds since 1970 as UTC instants with microseconds."""
    return pl.Series(ms * 1000).cast(pl.Datetime("us", "UTC"))


def find_starts(*columns: npt.NDArray[np.generic]) -> Integers:
    """Where a new run of equal rows begins."""
    changes = np.zeros(len(columns[0]), np.bool_)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def expand_ranges(starts: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """All members of ranges `[start, start + count)`: to which range each belongs, and the member."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - (first - starts)[owner]


def sum_groups(values: Integers, counts: Integers) -> Integers:
    """Sums of consecutive groups of `counts` values; 0 for an empty group."""
    ends = np.cumsum(counts)
    total = np.concatenate([[0], np.cumsum(values)])
    sums: Integers = total[ends] - total[ends - counts]
    return sums


def split_amounts(amounts: Integers, weights: Integers, counts: Integers) -> Integers:
    """Split each amount over its group of weights so that the parts sum to it exactly (largest remainder, rules §0.3).

    Group g is the next `counts[g]` weights. Weights are not negative; a group of zeros is split evenly. A negative
    amount is split as its absolute value. Of equal remainders the first gets the odd one.
    """
    sign = np.sign(amounts)
    owner = np.repeat(np.arange(len(counts)), counts)
    weights = _bound_weights(weights, owner, counts)
    whole = np.maximum(sum_groups(weights, counts), 1)
    quotient, rest = np.divmod(np.abs(amounts), whole)
    # quotient and remainder apart: amount * weight might not fit 64 bits
    share, remainder = np.divmod(rest[owner] * weights, whole[owner])
    parts = quotient[owner] * weights + share
    left = np.abs(amounts) - sum_groups(parts, counts)
    order = np.lexsort((-remainder, owner))
    place = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]
    parts[order] += place < left[owner]
    result: Integers = parts * sign[owner]
    return result


def _bound_weights(weights: Integers, owner: Integers, counts: Integers) -> Integers:
    """Weights that sum to less than 2^31 in each group, with ones where all are zero."""
    whole = sum_groups(weights, counts)
    excess = np.maximum(np.ceil(np.log2(np.maximum(whole, 1))).astype(np.int64) - _WEIGHT_BITS, 0)
    bounded = np.where(excess[owner] > 0, weights >> excess[owner], weights)
    empty = sum_groups(bounded, counts) == 0
    result: Integers = np.where(empty[owner], 1, bounded)
    return result


def scale_exactly(amount: Integers, part: Integers, whole: Integers) -> Integers:
    """`amount * part // whole` without overflow; `part` and `whole` below 2^31, `whole` above 0."""
    quotient, rest = np.divmod(amount, whole)
    result: Integers = quotient * part + rest * part // whole
    return result


def round_half_up(values: Floats) -> Integers:
    """Nearest integers, halves away from zero."""
    rounded: Integers = (np.sign(values) * np.floor(np.abs(values) + 0.5)).astype(np.int64)
    return rounded
