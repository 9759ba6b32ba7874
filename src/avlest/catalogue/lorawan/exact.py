# SPDX-License-Identifier: Apache-2.0
"""Exact scaling that does no more work than it must: most numbers are whole and most offsets 0."""

from __future__ import annotations

from fractions import Fraction


def scale_exactly(number: int | float | Fraction, factor: Fraction, offset: Fraction) -> Fraction:
    """`number * factor + offset`, exact; a float is taken as the number it is."""
    if isinstance(number, int):
        value = Fraction(number * factor.numerator, factor.denominator)
    else:
        value = Fraction(number) * factor
    return value + offset if offset else value
