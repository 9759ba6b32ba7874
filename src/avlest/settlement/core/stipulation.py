# SPDX-License-Identifier: Apache-2.0
"""Quantity where no reading is: methods in a fixed order, the first that applies (rules §1.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from avlest.readings.quality import Quality
from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.money import derive_rounded
from avlest.settlement.core.registers import Knot, derive_index, derive_position


@dataclass(frozen=True, slots=True, kw_only=True)
class StipulationRules:
    """The municipality's rules; the numbers are dated data, see the shipped file of defaults.

    `window_days`: a reading so near the bound is carried on to it by the average of the last `shortest_average` to
    `longest_average` days.  `least_history`: days of last year's use that must be known to use it.
    `per_area` in thousandths of the unit per m², `per_person` per person, both a year.
    """

    window_days: int
    shortest_average: int
    longest_average: int
    least_history: int
    per_area: Fraction | None = None
    per_person: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a point beside its readings: use of earlier years (thousandths), area (m²), persons."""

    years: Mapping[int, int] = field(default_factory=dict)
    area: Fraction | None = None
    persons: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stipulated:
    """A quantity that was not read, with the method and what it used (JSON-able)."""

    quantity: int
    quality: Quality
    method: str
    details: Mapping[str, Any]


def derive_standard(rules: StipulationRules, known: Known) -> tuple[int, Mapping[str, Any]] | None:
    """The municipality's standard for a year: area × factor, else persons × quantity; None where neither is known."""
    if rules.per_area is not None and known.area is not None:
        amount = rules.per_area * known.area
        details = {"area": str(known.area), "per_area": _write(rules.per_area)}
    elif rules.per_person is not None and known.persons is not None:
        amount = rules.per_person * known.persons
        details = {"persons": str(known.persons), "per_person": _write(rules.per_person)}
    else:
        return None
    return derive_rounded(amount.numerator, amount.denominator), details


def _write(value: Fraction) -> str:
    return f"{float(value / 1000):g}"


def derive_stipulation(days: Days, knots: Sequence[Knot], known: Known, rules: StipulationRules) -> Stipulated:
    """The use of `days` after the last reading (`knots` may be empty), by the first method that applies.

    1. a reading near the end, carried on by the average of its last days; 2. the same days last year; 3. the average
    of two or three earlier years; 4. the municipal standard.  The fifth, discretion, is a person's decision and
    comes as input.  Raises SettlementError `cannot_stipulate` where none applies.
    """
    for method in (_by_window, _by_last_year, _by_earlier_years, _by_standard):
        if found := method(days, knots, known, rules):
            return found
    text = (
        f"a reading, use of earlier years, a standard (area or persons) or a discretion for {days.start} to {days.stop}"
    )
    raise SettlementError("cannot_stipulate", "consumption", text)


def _by_window(days: Days, knots: Sequence[Knot], _known: Known, rules: StipulationRules) -> Stipulated | None:
    if not knots or derive_position(days.stop) - knots[-1].at > rules.window_days:
        return None
    start = _find_average_start(knots, rules)
    if start is None:
        return None
    last = knots[-1]
    length, used = last.at - start.at, last.index - start.index
    gap = derive_position(days.stop) - last.at
    amount = Fraction(used) * gap / length
    details = {"average_from": _day(start.at), "average_days": float(length), "used": used, "days": float(gap)}
    quantity = derive_rounded(amount.numerator, amount.denominator)
    return Stipulated(quantity=quantity, quality=Quality.ESTIMATED, method="stipulated_window", details=details)


def _find_average_start(knots: Sequence[Knot], rules: StipulationRules) -> Knot | None:
    """The reading that makes the longest average within the limits; without one the shortest beyond them."""
    last = knots[-1]
    ages = [(last.at - knot.at, knot) for knot in knots[:-1]]
    within = [knot for age, knot in ages if rules.shortest_average <= age <= rules.longest_average]
    beyond = [knot for age, knot in ages if age > rules.longest_average]
    return within[0] if within else (beyond[-1] if beyond else None)


def _by_last_year(days: Days, knots: Sequence[Knot], known: Known, rules: StipulationRules) -> Stipulated | None:
    """The same days a year before: from readings where they reach, else that year's total by days."""
    if found := _by_last_year_curve(days, knots, rules):
        return found
    year = derive_year(days.start.year - 1)
    if days.start.year - 1 not in known.years:
        return None
    total = known.years[days.start.year - 1]
    details = {"year": days.start.year - 1, "quantity": total, "days": days.length, "of_days": year.length}
    whole = days == derive_year(days.start.year)
    quantity = total if whole else derive_rounded(total * days.length, year.length)
    return Stipulated(quantity=quantity, quality=Quality.ESTIMATED, method="stipulated_last_year", details=details)


def _by_last_year_curve(days: Days, knots: Sequence[Knot], rules: StipulationRules) -> Stipulated | None:
    before = Days(_year_before(days.start), _year_before(days.stop))
    if not knots or knots[-1].at - knots[0].at < rules.least_history:
        return None
    start, stop = (derive_index(knots, derive_position(day)) for day in before)
    if start is None or stop is None:
        return None
    amount = (stop - start) * days.length / before.length
    details = {"from": before.start.isoformat(), "to": before.stop.isoformat(), "days": days.length}
    quantity = derive_rounded(amount.numerator, amount.denominator)
    return Stipulated(quantity=quantity, quality=Quality.ESTIMATED, method="stipulated_last_year", details=details)


def _year_before(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28) if leap_day else day.replace(year=day.year - 1)


def _by_earlier_years(days: Days, _knots: Sequence[Knot], known: Known, _rules: StipulationRules) -> Stipulated | None:
    years = sorted((year for year in known.years if year < days.start.year), reverse=True)[:3]
    if len(years) < 2:
        return None
    length = sum(derive_year(year).length for year in years)
    total = sum(known.years[year] for year in years)
    whole = days == derive_year(days.start.year)
    amount = Fraction(total, len(years)) if whole else Fraction(total * days.length, length)
    quantity = derive_rounded(amount.numerator, amount.denominator)
    details = {"years": sorted(years), "quantity": total, "days": days.length}
    return Stipulated(quantity=quantity, quality=Quality.ESTIMATED, method="stipulated_average", details=details)


def _by_standard(days: Days, _knots: Sequence[Knot], known: Known, rules: StipulationRules) -> Stipulated | None:
    standard = derive_standard(rules, known)
    if standard is None:
        return None
    quantity = derive_rounded(standard[0] * days.length, derive_year(days.start.year).length)
    details = {**standard[1], "year": standard[0], "days": days.length}
    return Stipulated(quantity=quantity, quality=Quality.ESTIMATED, method="stipulated_standard", details=details)


def _day(place: Fraction) -> str:
    return date.fromordinal(int(place)).isoformat()
