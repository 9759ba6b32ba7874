# SPDX-License-Identifier: Apache-2.0
"""Accuracy control of a meter: what it should have shown (rules §1.10, pitfall 15)."""

from __future__ import annotations

from fractions import Fraction

from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.money import derive_rounded


def derive_accuracy_correction(indicated: int, error: Fraction, *, threshold: Fraction) -> int:
    """The quantity to claim (positive) or refund (negative) for what a meter indicated, both in thousandths.

    `error` is (indicated − true) / true.  Nothing is corrected unless it is strictly beyond `threshold`; then all of
    it is, not just the part beyond.  Raises SettlementError `bad_error` for an error of -100 % or less.
    """
    if error <= -1:
        raise SettlementError("bad_error", "accuracy control", "an error above -100 %")
    if abs(error) <= threshold:
        return 0
    true = Fraction(indicated) / (1 + error)
    return derive_rounded(true.numerator, true.denominator) - indicated
