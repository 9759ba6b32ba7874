# SPDX-License-Identifier: Apache-2.0
"""Gaps cut at full hours, with what is known of their pieces: outages and decided hours.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.readings.vee.arrays import MS_HOUR, Integers, Mask
from avlest.readings.vee.grid import cut_gaps
from avlest.readings.vee.spans import BETWEEN, OPEN, TOTAL_KNOWN, Spans


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps with their pieces; `fixed` pieces (amount in `decided`) were decided by a person."""

    spans: Spans
    owner: Integers
    counts: Integers
    hour: Integers
    length: Integers
    idle: Mask
    fixed: Mask
    decided: Integers

    @property
    def series(self) -> Integers:
        """The series of each piece."""
        return self.spans.series[self.owner]


def make_gaps(spans: Spans, *, idle: Periods, decided: Decided) -> Gaps:
    """Cut gaps at full hours; pieces wholly in an outage are idle."""
    counts, hour, length = cut_gaps(spans, np.arange(len(spans.series)), step=MS_HOUR)
    owner = np.repeat(np.arange(len(counts)), counts)
    series = spans.series[owner]
    begins = np.maximum(hour * MS_HOUR, spans.start[owner])
    fixed, amount = decided.look(series, hour)
    fixed &= length == MS_HOUR
    return Gaps(
        spans=spans, owner=owner, counts=counts, hour=hour, length=length, fixed=fixed,
        idle=idle.cover(series, begins, begins + length), decided=np.where(fixed, amount, 0),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """Hours whose amount a person decided: keys of series and hour, ascending."""

    keys: Integers
    amounts: Integers

    def look(self, series: Integers, hour: Integers) -> tuple[Mask, Integers]:
        """Whether each hour was decided, and the amount."""
        if not len(self.keys):
            return np.zeros(len(series), np.bool_), np.zeros(len(series), np.int64)
        wanted = make_key(series, hour)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return self.keys[place] == wanted, self.amounts[place]


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods by series, sorted and merged: keys of series and millisecond."""

    low: Integers
    high: Integers

    def cover(self, series: Integers, start: Integers, stop: Integers) -> Mask:
        """Whether each `[start, stop)` lies wholly in one of the periods."""
        if not len(self.low):
            return np.zeros(len(series), np.bool_)
        place = np.searchsorted(self.low, _period_key(series, start), side="right") - 1
        inside: Mask = (place >= 0) & (self.high[np.maximum(place, 0)] >= _period_key(series, stop))
        return inside


_KEY: Final = 1 << 43
"""More milliseconds than there are until the year 2248."""


def make_key(series: Integers, hour: Integers) -> Integers:
    """One number for a series and an hour, in their order."""
    return series * (_KEY >> 20) + hour


def _period_key(series: Integers, ms: Integers) -> Integers:
    return series * _KEY + ms


def make_periods(series: Integers, start: Integers, stop: Integers) -> Periods:
    """Merge overlapping and adjacent periods of each series."""
    order = np.lexsort((start, series))
    low, high = _period_key(series, start)[order], _period_key(series, stop)[order]
    reach = np.maximum.accumulate(high) if len(high) else high
    begins = np.append(True, low[1:] > reach[:-1]) if len(low) else np.zeros(0, np.bool_)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(low)) - 1 if len(first) else first
    return Periods(low[first], reach[last])


def make_decided(series: Integers, hour: Integers, amount: Integers) -> Decided:
    """Decided hours; of several for one hour the last given counts."""
    keys = make_key(series, hour)
    kept, place = np.unique(keys[::-1], return_index=True)
    return Decided(kept, amount[::-1][place])


def is_gap(spans: Spans) -> Mask:
    """Which spans must be estimated."""
    gap: Mask = (spans.kind == TOTAL_KNOWN) | (spans.kind == BETWEEN) | (spans.kind == OPEN)
    return gap
