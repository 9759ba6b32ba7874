# SPDX-License-Identifier: Apache-2.0
"""The axis of values: round steps from zero, and how a number of the chart's unit is written.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from avlest.wording import choose_unit, format_in_unit, format_money, format_number, get_unit_label

MONEY = "kr"


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high` in the values' own unit, with `steps` (values) where lines are drawn."""

    low: int
    high: int
    steps: tuple[int, ...]

    def place(self, value: int, top: float, bottom: float) -> float:
        """Return where a value stands between the pixel lines `top` and `bottom`."""
        return bottom - (value - self.low) * (bottom - top) / (self.high - self.low)


def make_scale(values: Iterable[int | None], *, with_zero: bool, lines: int = 4) -> Scale:
    """Return a scale of round numbers that holds all values; bars always stand on zero."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0), max(known, default=0)
    low, high = (min(low, 0), max(high, 0)) if with_zero else (low, high)
    if low == high:
        low, high = (low, low + 1000) if with_zero else (low - 1000, high + 1000)
    step = _round_step(Fraction(high - low, lines))
    first, last = low // step, -(-high // step)
    return Scale(first * step, last * step, tuple(step * at for at in range(first, last + 1)))


def _round_step(wanted: Fraction) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    size = 1
    while size * 10 <= wanted:
        size *= 10
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= wanted)


def choose_shown(values: Iterable[int | None], unit: str) -> str:
    """Return the unit the whole chart is written in."""
    return MONEY if unit == MONEY else choose_unit(values, unit)


@lru_cache(maxsize=16_384)
def write_value(value: int | None, unit: str, shown: str, language: str) -> str:
    """Write a value with its unit: "12,4 m³", "13 kr"; "–" for none."""
    if unit == MONEY:
        return format_money(value, language=language)
    return format_in_unit(value, unit, shown, language=language)


def write_step(value: int, unit: str, shown: str, language: str) -> str:
    """Write a number at the axis, without its unit and without more decimals than it has."""
    divisor = 100 if unit == MONEY else 1000 * _factor(unit, shown)
    number = Fraction(value, divisor)
    decimals = 0 if number.denominator == 1 else 1 if (number * 10).denominator == 1 else 2
    return format_number(number, language=language, decimals=decimals)


def _factor(unit: str, shown: str) -> int:
    return 1 if unit == shown else 1000


def label_unit(unit: str, shown: str, language: str) -> str:
    """Return the word at the top of the axis: "m³", "kWh", "kr"."""
    return MONEY if unit == MONEY else get_unit_label(shown, language=language)
