# SPDX-License-Identifier: Apache-2.0
"""What a counter counted between days: differences of readings, replacement, rollover, days without a reading.

Billing rests on register differences (rules §0.6).  Readings of one meter become knots of a curve that only a
replacement or a rollover resets; the quantity of a period is the difference of the curve between its ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from avlest.readings.quality import Quality
from avlest.settlement.contracts import ReadingUsed, SettlementError
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.money import derive_shares, write_scaled

OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """A register's value (thousandths of the unit) at 00:00 local of a day, or at an instant."""

    at: date | datetime
    value: int
    quality: Quality
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """The old meter was taken down at `out`, the new one put up at `into` (thousandths of the unit)."""

    at: date | datetime
    out: int
    into: int
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What bounds a rollover: digits before the decimal mark, and the most that is plausible in an hour or a year.

    `q3` is the meter's permanent flow and `expected` a year's use, both in thousandths of the unit; of the limits of
    rules §1.10 (Q3 × hours, 10 × expected) the larger counts.
    """

    meter: str
    digits: int | None = None
    q3: int | None = None
    expected: int | None = None

    @property
    def modulus(self) -> int | None:
        """Where the register starts again from zero."""
        return 10**self.digits * 1000 if self.digits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """A point of the curve: `index` counts on across replacements and rollovers.

    `estimated` knots were calculated; after one the curve may fall, because the stipulation was too high.
    """

    at: Fraction
    index: int
    readings: tuple[ReadingUsed, ...]
    quality: Quality
    method: str = "difference"


def derive_position(at: date | datetime) -> Fraction:
    """A day or instant as days since year 1, on the civil clock of Oslo."""
    if not isinstance(at, datetime):
        return Fraction(at.toordinal())
    local = (at if at.tzinfo else at.replace(tzinfo=OSLO)).astimezone(OSLO)
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    return local.toordinal() + Fraction(seconds, 86_400)


def derive_step(counter: Counter, before: MeterReading, after: MeterReading) -> tuple[int, str]:
    """How much was counted between two readings of one meter, and a note on a rollover.

    Raises SettlementError `negative_consumption` where the register fell and that is no plausible rollover: then it
    is backflow, jitter, a reading error or another meter, and someone must look.
    """
    step = after.value - before.value
    if step >= 0:
        return step, ""
    limit = _derive_limit(counter, before, after)
    modulus = counter.modulus
    if modulus is not None and limit is not None and 0 <= step + modulus <= limit:
        return step + modulus, f"the register passed {write_scaled(modulus, places=3, least=0)} and started from 0"
    text = f"a reading on {after.at} not below {_write(before.value)} of {before.at}, or one that a rollover explains: "
    text += f"{_write(after.value)} would be {_write(step)} ({_describe_limit(modulus, limit, step)})"
    raise SettlementError("negative_consumption", f"meter {counter.meter}", text)


def _write(value: int) -> str:
    return write_scaled(value, places=3, least=0)


def _describe_limit(modulus: int | None, limit: int | None, step: int) -> str:
    if modulus is None:
        return "the number of digits is not given"
    if limit is None:
        return "neither Q3 nor an expected use is given to judge a rollover by"
    return f"a rollover would be {_write(step + modulus)}, more than the plausible {_write(limit)}"


def _derive_limit(counter: Counter, before: MeterReading, after: MeterReading) -> int | None:
    days = derive_position(after.at) - derive_position(before.at)
    limits = [int(counter.q3 * 24 * days)] if counter.q3 else []
    limits += [int(10 * counter.expected * max(days, Fraction(1)) / 365)] if counter.expected else []
    return max(limits, default=None)


def derive_knots(
    counter: Counter, readings: Sequence[MeterReading], replacements: Sequence[Replacement] = ()
) -> list[Knot]:
    """The curve through the readings.  Of several readings of one time the best counts, then the last given.

    Raises SettlementError: `no_reading`, `negative_consumption`, `missing_start` (no reading of the old meter before
    its replacement).
    """
    best: dict[Fraction, MeterReading] = {}
    for reading in readings:
        position = derive_position(reading.at)
        if position not in best or reading.quality >= best[position].quality:
            best[position] = reading
    events: list[tuple[Fraction, MeterReading | Replacement]] = [*best.items()]
    # A replacement notes the old meter's value itself: a reading of the same moment says no more.
    swaps = {derive_position(event.at): event for event in replacements}
    events = [event for event in events if event[0] not in swaps] + list(swaps.items())
    if not events:
        raise SettlementError("no_reading", f"meter {counter.meter}", "at least one reading")
    return _join_knots(counter, sorted(events, key=lambda event: event[0]))


def _join_knots(counter: Counter, events: Sequence[tuple[Fraction, MeterReading | Replacement]]) -> list[Knot]:
    knots: list[Knot] = []
    last: MeterReading | None = None
    for position, event in events:
        if isinstance(event, Replacement):
            knots.append(_knot_of_replacement(counter, position, event, last, knots))
            last = MeterReading(at=event.at, value=event.into, quality=Quality.MEASURED, source=event.source)
            continue
        step, note = derive_step(counter, last, event) if last else (0, "")
        index = (knots[-1].index if knots else 0) + step
        used = _use(counter, event.at, event.value, event.quality, event.source, note)
        knots.append(Knot(at=position, index=index, readings=(used,), quality=event.quality))
        last = event
    return knots


def _knot_of_replacement(
    counter: Counter, position: Fraction, event: Replacement, last: MeterReading | None, knots: Sequence[Knot]
) -> Knot:
    """The old meter's last difference; the new one counts from here.  Never across serial numbers."""
    if last is None:
        text = f"a reading of the old meter before it was replaced on {event.at}"
        raise SettlementError("missing_start", f"meter {counter.meter}", text)
    out = MeterReading(at=event.at, value=event.out, quality=Quality.MEASURED, source=event.source)
    step, note = derive_step(counter, last, out)
    used = (
        _use(counter, event.at, event.out, out.quality, event.source, note or "old meter taken down"),
        _use(counter, event.at, event.into, out.quality, event.source, "new meter put up"),
    )
    return Knot(at=position, index=knots[-1].index + step, readings=used, quality=Quality.MEASURED)


def _use(counter: Counter, at: date | datetime, value: int, quality: Quality, source: str, note: str) -> ReadingUsed:
    return ReadingUsed(meter=counter.meter, at=at, value=value, quality=quality.name, source=source, note=note)


def add_stipulated(counter: Counter, knots: Sequence[Knot], billed: Iterable[tuple[Days, int]]) -> list[Knot]:
    """Put what was stipulated and billed into the curve, so that the next settlement bills the rest (rules §1.8).

    The curve then says what has been billed up to the end of each stipulated period; readings inside one, which were
    not known when it was billed, no longer count as ends.
    """
    curve = list(knots)
    for days, quantity in sorted(billed):
        start, stop = derive_position(days.start), derive_position(days.stop)
        before = [knot for knot in curve if knot.at <= start]
        if not before:
            text = f"a reading on or before {days.start}, from which {_write(quantity)} was stipulated"
            raise SettlementError("no_reading", f"meter {counter.meter}", text)
        index = before[-1].index + quantity
        note = f"stipulated and billed {days.start} to {days.stop}"
        used = _use(counter, days.stop, quantity, Quality.ESTIMATED, "", note)
        knot = Knot(
            at=stop, index=index, readings=(*before[-1].readings, used), quality=Quality.ESTIMATED, method="billed"
        )
        curve = [*before, knot, *(knot for knot in curve if knot.at > stop)]
    return curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used in some days: quantity, the least sure quality in it, readings at the ends and how it was found."""

    days: Days
    quantity: int
    quality: Quality
    method: str
    readings: tuple[ReadingUsed, ...]


def derive_used(counter: Counter, knots: Sequence[Knot], bounds: Sequence[date]) -> list[Used]:
    """The use between consecutive `bounds` (at least two, rising), which all lie on the curve.

    A bound without a reading shares the difference of its neighbours by days; the shares sum to it exactly.  Raises
    SettlementError `no_reading` where a bound lies outside the curve.
    """
    filled = _fill(counter, list(knots), bounds)
    places = {knot.at: knot for knot in filled}
    return [
        _derive_between(Days(start, stop), filled, places[derive_position(start)], places[derive_position(stop)])
        for start, stop in pairwise(bounds)
    ]


def _derive_between(days: Days, knots: Sequence[Knot], first: Knot, last: Knot) -> Used:
    inside = [knot for knot in knots if first.at <= knot.at <= last.at]
    shown = [knot for knot in inside if knot in (first, last) or knot.method != "difference" or _has_note(knot)]
    method = next((knot.method for knot in (first, last) if knot.method not in ("difference", "billed")), "difference")
    return Used(
        days=days, quantity=last.index - first.index, quality=min(first.quality, last.quality), method=method,
        readings=tuple(dict.fromkeys(reading for knot in shown for reading in knot.readings)),
    )  # fmt: skip


def _has_note(knot: Knot) -> bool:
    return any(reading.note for reading in knot.readings)


def _fill(counter: Counter, knots: list[Knot], bounds: Sequence[date]) -> list[Knot]:
    """The curve with a knot at each bound."""
    there = {knot.at for knot in knots}
    missing = sorted({derive_position(bound) for bound in bounds} - there)
    for place in missing:
        if not knots or not knots[0].at < place < knots[-1].at:
            raise SettlementError("no_reading", f"meter {counter.meter}", f"a reading on {_name(place)}")
    new: list[Knot] = []
    for left, right in pairwise(knots):
        places = [place for place in missing if left.at < place < right.at]
        if places:
            new += _interpolate(left, right, places)
    return sorted([*knots, *new], key=lambda knot: knot.at)


def _interpolate(left: Knot, right: Knot, places: Sequence[Fraction]) -> list[Knot]:
    ends = [left.at, *places, right.at]
    shares = derive_shares(right.index - left.index, [stop - start for start, stop in pairwise(ends)])
    index, made = left.index, []
    quality = min(Quality.ESTIMATED, left.quality, right.quality)
    stipulated = right.method if right.method.startswith("stipulated") else "by_days"
    for place, share in zip(places, shares, strict=False):
        index += share
        made.append(
            Knot(at=place, index=index, readings=(*left.readings, *right.readings), quality=quality, method=stipulated)
        )
    return made


def _name(place: Fraction) -> str:
    return date.fromordinal(int(place)).isoformat()


def derive_index(knots: Sequence[Knot], place: Fraction) -> Fraction | None:
    """The curve's height at a place, not rounded; None outside it."""
    for left, right in pairwise(knots):
        if left.at <= place <= right.at:
            return left.index + Fraction(right.index - left.index) * (place - left.at) / (right.at - left.at)
    return None


def extend_knots(knots: Sequence[Knot], stop: date, quantity: int, *, method: str, quality: Quality) -> list[Knot]:
    """The curve carried on to `stop` by a stipulated quantity."""
    last = knots[-1]
    end = replace(last, at=derive_position(stop), index=last.index + quantity, quality=quality, method=method)
    return [*knots, end]


def derive_now(at: date | datetime) -> datetime:
    """A day's start, or an instant, in UTC."""
    local = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=OSLO)
    return (local if local.tzinfo else local.replace(tzinfo=OSLO)).astimezone(UTC)
