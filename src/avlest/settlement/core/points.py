# SPDX-License-Identifier: Apache-2.0
"""One metering point over a year: readings, what was billed without them, discretion, and stipulation of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

from avlest.readings.quality import Quality
from avlest.settlement.contracts import Provenance, ReadingUsed, SettlementError
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.money import derive_rounded
from avlest.settlement.core.registers import (
    Counter,
    Knot,
    MeterReading,
    Replacement,
    add_stipulated,
    derive_index,
    derive_knots,
    derive_position,
    derive_used,
    extend_knots,
)
from avlest.settlement.core.stipulation import Known, Stipulated, StipulationRules, derive_stipulation


@dataclass(frozen=True, slots=True, kw_only=True)
class Discretion:
    """A case worker's decision on the use of some days; all of it is mandatory and stands on the invoice (§1.8)."""

    days: Days
    quantity: int
    reason: str
    case_worker: str
    decided: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What is known of one metering point.

    `start` and `stop`: the meter was there in `[start, stop)`.  `approved`: measured billing starts that day; before
    it the use is stipulated.  `billed`: quantities stipulated and invoiced earlier.
    """

    counter: Counter
    readings: Sequence[MeterReading] = ()
    replacements: Sequence[Replacement] = ()
    start: date | None = None
    stop: date | None = None
    approved: date | None = None
    billed: Sequence[tuple[Days, int]] = ()
    discretions: Sequence[Discretion] = ()
    known: Known = field(default_factory=Known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A point's use as a curve over `days`, and the stretches of it that nobody read."""

    counter: Counter
    days: Days
    knots: Sequence[Knot]
    filled: Sequence[tuple[Days, Mapping[str, Any]]]


def derive_curve(point: Point, days: Days, rules: StipulationRules) -> Curve | None:
    """The curve over the days of the year that the point counts in; None where it was not there at all.

    Raises SettlementError: those of `registers`, and `cannot_stipulate`.
    """
    there = Days(max(days.start, point.start or days.start), min(days.stop, point.stop or days.stop))
    if there.start >= there.stop:
        return None
    knots = derive_knots(point.counter, point.readings, point.replacements) if _has_readings(point) else []
    filled: list[tuple[Days, Mapping[str, Any]]] = []
    if point.billed:
        knots = add_stipulated(point.counter, knots, point.billed)
    if point.approved and point.approved > there.start:
        knots = _stipulate_before(point, knots, Days(there.start, point.approved), rules, filled)
    for discretion in sorted(point.discretions, key=lambda item: item.days):
        knots = _decide(point, knots, discretion, filled)
    knots = _reach_start(point, knots, there, rules, filled)
    knots = _reach_stop(point, knots, there, rules, filled)
    return Curve(counter=point.counter, days=there, knots=knots, filled=filled)


def _has_readings(point: Point) -> bool:
    return bool(point.readings or point.replacements)


def _reach_stop(
    point: Point, knots: list[Knot], days: Days, rules: StipulationRules, filled: list[tuple[Days, Mapping[str, Any]]]
) -> list[Knot]:
    """Carry the curve on to the end of the days."""
    if not knots or knots[-1].at >= derive_position(days.stop):
        return knots
    rest = Days(date.fromordinal(int(knots[-1].at)), days.stop)
    found = derive_stipulation(rest, knots, point.known, rules)
    filled.append((rest, _describe(found)))
    return extend_knots(knots, days.stop, found.quantity, method=found.method, quality=found.quality)


def _reach_start(
    point: Point, knots: list[Knot], days: Days, rules: StipulationRules, filled: list[tuple[Days, Mapping[str, Any]]]
) -> list[Knot]:
    """Carry the curve back to the start of the days; without any reading it is stipulated wholly."""
    start = derive_position(days.start)
    if not knots:
        found = derive_stipulation(days, (), point.known, rules)
        filled.append((days, _describe(found)))
        return _make_curve(point, days, found)
    if knots[0].at <= start:
        return knots
    rest = Days(days.start, date.fromordinal(-(-knots[0].at.numerator // knots[0].at.denominator)))
    found = _stipulate_back(rest, knots, rules) or derive_stipulation(rest, (), point.known, rules)
    filled.append((rest, _describe(found)))
    first = replace(
        knots[0], at=start, index=knots[0].index - found.quantity, quality=found.quality, method=found.method
    )
    return [first, *knots]


def _stipulate_back(rest: Days, knots: Sequence[Knot], rules: StipulationRules) -> Stipulated | None:
    """A first reading soon after the start is carried back by the average of the days after it."""
    first = knots[0]
    gap = first.at - derive_position(rest.start)
    ages = [(knot.at - first.at, knot) for knot in knots[1:]]
    ends = [knot for age, knot in ages if age >= rules.shortest_average]
    if gap > rules.window_days or not ends:
        return None
    within = [knot for age, knot in ages if rules.shortest_average <= age <= rules.longest_average]
    end = within[-1] if within else ends[0]
    amount = Fraction(end.index - first.index) * gap / (end.at - first.at)
    details = {"average_days": float(end.at - first.at), "used": end.index - first.index, "days": float(gap)}
    return Stipulated(quantity=_round(amount), quality=Quality.ESTIMATED, method="stipulated_window", details=details)


def _round(value: Fraction) -> int:
    return derive_rounded(value.numerator, value.denominator)


def _make_curve(point: Point, days: Days, found: Stipulated) -> list[Knot]:
    note = ReadingUsed(meter=point.counter.meter, at=days.start, value=0, quality=found.quality.name, note="no reading")
    ends = ((days.start, 0), (days.stop, found.quantity))
    return [
        Knot(at=derive_position(day), index=index, readings=(note,), quality=found.quality, method=found.method)
        for day, index in ends
    ]


def _stipulate_before(
    point: Point, knots: list[Knot], days: Days, rules: StipulationRules, filled: list[tuple[Days, Mapping[str, Any]]]
) -> list[Knot]:
    """Before the installation is approved the use is stipulated, whatever the meter showed (rules §1.10)."""
    found = derive_stipulation(days, (), point.known, rules)
    filled.append((days, _describe(found)))
    end = derive_position(days.stop)
    index = derive_index(knots, end)
    if index is None:
        raise SettlementError(
            "no_reading", f"meter {point.counter.meter}", f"a reading on {days.stop}, when it was approved"
        )
    at = _round(index)
    first, last = _make_curve(point, days, found)
    base = next(knot for knot in reversed(knots) if knot.at <= end)
    return [
        replace(first, index=at - found.quantity),
        replace(last, index=at, readings=base.readings),
        *(knot for knot in knots if knot.at > end),
    ]


def _decide(
    point: Point, knots: list[Knot], decision: Discretion, filled: list[tuple[Days, Mapping[str, Any]]]
) -> list[Knot]:
    """Put a decision in the place of what was read in its days; what comes after goes on from there."""
    start, stop = derive_position(decision.days.start), derive_position(decision.days.stop)
    filled.append((decision.days, _describe_decision(decision)))
    before = [knot for knot in knots if knot.at <= start]
    index = derive_index(knots, start)
    base = _round(index) if index is not None else (before[-1].index if before else 0)
    readings = before[-1].readings if before else ()
    after = derive_index(knots, stop)
    shift = base + decision.quantity - _round(after) if after is not None else 0
    first = Knot(at=start, index=base, readings=readings, quality=Quality.DISCRETION, method="discretion")
    first = before[-1] if before and before[-1].at == start else first
    last = Knot(at=stop, index=base + decision.quantity, readings=(), quality=Quality.DISCRETION, method="discretion")
    later = [replace(knot, index=knot.index + shift) for knot in knots if knot.at > stop] if after is not None else []
    return [*(knot for knot in before if knot.at < start), first, last, *later]


def _describe(found: Stipulated) -> Mapping[str, Any]:
    return {"method": found.method, "quantity": found.quantity, **found.details}


def _describe_decision(decision: Discretion) -> Mapping[str, Any]:
    return {
        "method": "discretion",
        "quantity": decision.quantity,
        "reason": decision.reason,
        "case_worker": decision.case_worker,
        "decided": decision.decided.isoformat(),
    }


def derive_point_use(curve: Curve, bounds: Sequence[date]) -> list[tuple[Days, int, Quality, Provenance]]:
    """The use between consecutive bounds and where it comes from; bounds outside the curve's days count as its ends."""
    clipped = [min(max(bound, curve.days.start), curve.days.stop) for bound in bounds]
    cells = [
        (Days(*ends), Days(*clip))
        for ends, clip in zip(pairwise(bounds), pairwise(clipped), strict=True)
        if clip[0] < clip[1]
    ]
    used = derive_used(curve.counter, curve.knots, sorted(set(clipped))) if cells else []
    return [
        (cell, part.quantity, part.quality, _explain(curve, part.days, part.quantity, part.method, part.readings))
        for (cell, _), part in zip(cells, used, strict=True)
    ]


def _explain(curve: Curve, days: Days, quantity: int, method: str, readings: Sequence[ReadingUsed]) -> Provenance:
    touched = [
        {"from": stretch.start.isoformat(), "to": stretch.stop.isoformat(), **what}
        for stretch, what in curve.filled
        if stretch.overlap(days)
    ]
    chosen = str(touched[-1]["method"]) if touched else method
    read = tuple(reading for reading in readings if reading.note != "no reading")
    return Provenance(
        method=chosen, quantity=quantity, readings=read,
        details={"meter": curve.counter.meter} | ({"stipulated": touched} if touched else {}),
    )  # fmt: skip
