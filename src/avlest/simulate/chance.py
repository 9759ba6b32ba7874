# SPDX-License-Identifier: Apache-2.0
"""Chance that is the same everywhere: counted, not remembered, and in whole numbers.  Pure.

A draw is a hash of a stream and of what it is drawn for (a home, an hour): nothing depends on the order of drawing,
on how time is cut into chunks, or on a mathematics library.  Tables of distributions are made with `decimal`, whose
results are the same on every machine.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]

ONE: Final = 1 << 16
"""One, in numbers of 16 binary places."""

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)

POISSON_STEPS: Final = 16
"""How many steps of the table of `draw_events` make an expected event."""
_POISSON_ROWS: Final = 96
_POISSON_BITS: Final = 12


def get_stream(seed: int, name: str) -> int:
    """The number of the stream called `name` of a world."""
    return int.from_bytes(hashlib.sha256(f"avlest simulate {seed} {name}".encode()).digest()[:8], "little")


def mix(values: Words) -> Words:
    """Scatter 64-bit words in place (the finaliser of SplitMix64) and return them."""
    values ^= values >> np.uint64(30)
    values *= _FIRST
    values ^= values >> np.uint64(27)
    values *= _SECOND
    values ^= values >> np.uint64(31)
    return values


def draw(stream: int, *keys: Integers | int) -> Words:
    """A word of 64 random bits for each place of the keys, which broadcast."""
    state = np.full(np.broadcast_shapes(*(np.shape(key) for key in keys)), stream, np.uint64)
    for key in keys:
        state ^= np.asarray(key, np.int64).astype(np.uint64) * _GOLDEN
        state += _GOLDEN
        mix(state)
    return state


def draw_grid(stream: int, rows: Integers, columns: Integers) -> Words:
    """A word for each row and column, shape (rows, columns); cheaper than `draw` for large grids."""
    return mix(draw(stream, rows)[:, None] ^ draw(stream ^ 0x5DEECE66D, columns)[None, :])


def take_bits(words: Words, at: int, count: int) -> Integers:
    """`count` bits of each word from bit `at` on, as numbers from 0."""
    bits: Integers = ((words >> np.uint64(at)) & np.uint64((1 << count) - 1)).view(np.int64)
    return bits


def scale(words: Words, low: int, high: int) -> Integers:
    """A whole number from `low` to `high`, both included, from the upper 32 bits of each word."""
    return low + (take_bits(words, 32, 32) * (high - low + 1) >> 32)


def choose(words: Words, weights: list[int] | tuple[int, ...]) -> Integers:
    """The place of the weight that each word falls on."""
    edges = np.cumsum(weights)
    found: Integers = np.searchsorted(edges, scale(words, 0, int(edges[-1]) - 1), side="right").astype(np.int64)
    return found


def normal(words: Words) -> Integers:
    """About normal with mean 0 and deviation 1, in 16 binary places: the sum of four uniform lanes."""
    total = take_bits(words, 0, 16) + take_bits(words, 16, 16) + take_bits(words, 32, 16) + take_bits(words, 48, 16)
    return (total - 2 * 0xFFFF) * 113_512 // ONE  # 65536 / (65536 * sqrt(4 / 12)) in 16 places


@lru_cache(maxsize=1)
def _powers() -> Integers:
    with localcontext(prec=30):
        table = [int((Decimal(step) / 256).exp() * ONE) for step in range(-1024, 1025)]
    return np.array(table, np.int64)


def spread(words: Words, percent: int) -> Integers:
    """A factor in 16 binary places, lognormal with median 1 and a deviation of `percent` / 100 in the logarithm."""
    place = normal(words) * percent * 256 // (100 * ONE)
    return _powers()[np.clip(place, -1024, 1024) + 1024]


@lru_cache(maxsize=1)
def _poisson() -> npt.NDArray[np.uint8]:
    """Row i, place u: how many events fall where i / `POISSON_STEPS` are expected and chance says u."""
    size = 1 << _POISSON_BITS
    table = np.zeros((_POISSON_ROWS, size), np.uint8)
    with localcontext(prec=30):
        for row in range(1, _POISSON_ROWS):
            expected = Decimal(row) / POISSON_STEPS
            term = (-expected).exp()
            total, count, counts = term, 0, []
            for place in range(size):
                while total * size <= place and count < 40:
                    count += 1
                    term = term * expected / count
                    total += term
                counts.append(count)
            table[row] = counts
    return table.reshape(-1)


def draw_events(words: Words, at: int, expected: Integers) -> Integers:
    """How many events there are where `expected` (16 binary places) are expected; takes 20 bits from `at` on.

    Between the rows of the table chance decides, so that the mean is kept.
    """
    shift = 16 - POISSON_STEPS.bit_length() + 1
    row = (expected + (take_bits(words, at, 8) << (shift - 8))) >> shift
    np.minimum(row, _POISSON_ROWS - 1, out=row)
    row <<= _POISSON_BITS
    row |= take_bits(words, at + 8, _POISSON_BITS)
    found: Integers = _poisson()[row].astype(np.int64)
    return found


def sine(phase: Integers, period: int) -> Integers:
    """The sine of `phase` in a circle of `period` (even), in ten-thousandths; within 0.2 % (Bhaskara)."""
    half = period // 2
    turned = phase % period
    rest = turned % half
    arch = rest * (half - rest)
    height = 160_000 * arch // (5 * half * half - 4 * arch)
    result: Integers = np.where(turned < half, height, -height)
    return result


def value_noise(stream: int, at: Integers, step: int) -> Integers:
    """Smooth noise over `at` with a knot each `step`: about normal, deviation near 0.75, in 16 binary places."""
    knot, rest = np.divmod(at, step)
    first, last = int(knot.min()), int(knot.max()) + 1
    knots = normal(draw(stream, np.arange(first, last + 1)))
    before, after = knots[knot - first], knots[knot - first + 1]
    blended: Integers = before + (after - before) * rest // step
    return blended
