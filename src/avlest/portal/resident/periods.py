# SPDX-License-Identifier: Apache-2.0
"""The stretches of time a resident looks at, with the one before and the one a year ago.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from avlest.readings.calendar import derive_day_start

_DAY = timedelta(days=1)


class Span(StrEnum):
    """How much is shown; the bars are hours, days, months or years."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"

    @property
    def interval(self) -> Literal["hour", "day", "month", "year"]:
        """What one bar is."""
        return _INTERVALS[self]


_INTERVALS: dict[Span, Literal["hour", "day", "month", "year"]] = {
    Span.DAY: "hour",
    Span.MONTH: "day",
    Span.YEAR: "month",
    Span.ALL: "year",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """Local days `[first, until)` of one span."""

    span: Span
    first: date
    until: date

    @property
    def start(self) -> datetime:
        """Its beginning, UTC."""
        return derive_day_start(self.first)

    @property
    def stop(self) -> datetime:
        """Its end, UTC."""
        return derive_day_start(self.until)

    def iterate_bars(self) -> Iterator[tuple[date, date]]:
        """The days of each bar; for a day the one day (its hours are not days)."""
        step = {"hour": "day"}.get(self.span.interval, self.span.interval)
        first = self.first
        while first < self.until:
            last = shift(first, step, 1)
            yield first, last
            first = last


def make_shown(span: Span, at: date, *, oldest: date, today: date) -> Shown:
    """Return the span that holds the day `at`; ALL goes from the year of `oldest` to this one."""
    if span is Span.DAY:
        return Shown(span, at, at + _DAY)
    if span is Span.MONTH:
        first = at.replace(day=1)
        return Shown(span, first, shift(first, "month", 1))
    if span is Span.YEAR:
        return Shown(span, date(at.year, 1, 1), date(at.year + 1, 1, 1))
    return Shown(span, date(oldest.year, 1, 1), date(today.year + 1, 1, 1))


def shift(day: date, step: str, count: int) -> date:
    """Return the day `count` days, months or years on; the 29 February of other years is the 28."""
    if step == "day":
        return day + count * _DAY
    months = day.year * 12 + day.month - 1 + count * (12 if step == "year" else 1)
    year, month = divmod(months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - _DAY).day
    return date(year, month + 1, min(day.day, last))


def derive_previous(shown: Shown) -> Shown:
    """Return the span before."""
    step = shown.span.value
    first = shift(shown.first, step, -1)
    return Shown(shown.span, first, shown.first)


def derive_year_before(shown: Shown) -> Shown:
    """Return the same span a year earlier; a day is the same day of the week (52 weeks), whose habits it shares."""
    if shown.span is Span.DAY:
        return Shown(shown.span, shown.first - 364 * _DAY, shown.until - 364 * _DAY)
    return Shown(shown.span, shift(shown.first, "year", -1), shift(shown.until, "year", -1))
