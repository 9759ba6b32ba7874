# SPDX-License-Identifier: Apache-2.0
"""One use against another: difference and percent, corrected for the weather where asked (rules §2.7).  Pure.

Percentages come from exact fractions and are rounded once: 900 against 951.6129 is −5.4 %, not −5.5 %.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Omitted(StrEnum):
    """Why there is nothing to compare with: shown as a text, never as a zero."""

    NO_BASE = "no_base"
    """No values of that time."""
    INCOMPLETE = "incomplete"
    """Some days of that time are not known."""
    BEFORE_TENANCY = "before_tenancy"
    """Somebody else lived there."""
    GROUP_TOO_SMALL = "group_too_small"
    NO_DEGREE_DAYS = "no_degree_days"
    NO_AREA = "no_area"


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """`now` and `base` in thousandths (the base rounded half up), `difference` = now − base, `percent` with one
    decimal; None where `omitted` says why, and no percent of a base of 0.  `is_provisional`: the values are shares of
    something measured elsewhere (allocators), not kWh of their own."""

    now: int
    base: int | None = None
    difference: int | None = None
    percent: Decimal | None = None
    omitted: Omitted | None = None
    is_provisional: bool = False


def compare(now: int, base: int | Fraction | None, *, omitted: Omitted = Omitted.NO_BASE) -> Comparison:
    """`now` against `base`; where there is none, `omitted` says why.  900 against 850: +50, +5.9 %."""
    if base is None:
        return Comparison(now, omitted=omitted)
    exact = now - Fraction(base)
    rounded = _round(Fraction(base))
    percent = Decimal(_round(exact * 1000 / Fraction(base))).scaleb(-1) if base else None
    return Comparison(now, rounded, now - rounded, percent)


def compare_last_year(
    now: int,
    base: int | None,
    *,
    degree_days: tuple[Decimal | None, Decimal | None],
    heated_share: Decimal,
    omitted: Omitted = Omitted.NO_BASE,
) -> Comparison:
    """`now` against the same period last year, as it would have been in this year's weather.

    `degree_days`: of this period and of the base.  `heated_share`: how much of the use follows the weather (0 for hot
    water, which is never corrected).  900 against 1000 with 590/620 degree days: base 951.61, −51.61, −5.4 %.
    """
    if base is None:
        return Comparison(now, omitted=omitted)
    if heated_share == 0:
        return compare(now, base)
    actual, former = degree_days
    if actual is None or former is None or former == 0:
        return Comparison(now, omitted=Omitted.NO_DEGREE_DAYS)
    return compare(now, correct_for_climate(base, actual=former, normal=actual, heated_share=heated_share))


def correct_for_climate(amount: int, *, actual: Decimal, normal: Decimal, heated_share: Decimal) -> Fraction:
    """Amount × ((1 − t) + t × normal/actual), exactly; t = `heated_share` (rules §2.7).

    9650 with 3720 against 4000 degree days: 10 376.34 for t = 1, 10 267.39 for t = 0.85.  `ValueError` for t outside
    [0, 1] or no degree days at all.
    """
    if not 0 <= heated_share <= 1:
        raise ValueError(f"heated share {heated_share}, expected 0 to 1")
    if actual <= 0:
        raise ValueError(f"{actual} degree days, expected more than 0")
    share = Fraction(heated_share)
    return amount * ((1 - share) + share * Fraction(normal) / Fraction(actual))


def compare_with_average(
    now: int, area: Decimal | None, others: Sequence[tuple[int, Decimal]], *, minimum: int, is_provisional: bool = False
) -> Comparison:
    """`now` of a unit of `area` m² against the mean use per m² of the *other* comparable units (use, m²).

    Fewer than `minimum` units, the own one among them: nothing is shown.  80 m² and 900 kWh among 1300/100 and
    1560/120: expected 1040, −140, −13.5 %.
    """
    known = [(use, size) for use, size in others if size > 0]
    if area is None or area <= 0:
        return Comparison(now, omitted=Omitted.NO_AREA, is_provisional=is_provisional)
    if not known or len(known) + 1 < minimum:
        return Comparison(now, omitted=Omitted.GROUP_TOO_SMALL, is_provisional=is_provisional)
    mean = sum((Fraction(use) / Fraction(size) for use, size in known), Fraction()) / len(known)
    return dataclasses.replace(compare(now, mean * Fraction(area)), is_provisional=is_provisional)


def _round(value: Fraction) -> int:
    """Half up, away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole
