# SPDX-License-Identifier: Apache-2.0
"""The profile: what an hour would usually use, at the level of the days around and bent to the hours beside.  Pure.

A gap's hour is `level × usual + drift`. `usual` is the mean of the same hour of the week one to eight weeks back,
`level` what the days around used against their usual, and `drift` what the hours just before and after a short gap
were off, fading into the gap as such differences fade in the days before it (a first-order bridge).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.readings.vee.arrays import Floats, Integers, Mask
from avlest.readings.vee.gaps import Gaps
from avlest.readings.vee.history import History, derive_usual, go_back_columns

CONTEXT_BEFORE: Final = 72
CONTEXT_AFTER: Final = 24
SHORT: Final = 72
"""Hours before a gap that set its level; hours after it, for gaps up to `SHORT` hours."""

_FADING: Final = 72
"""Hours before a gap in which the fading of differences is measured."""

_LEAST: Final = 12
_LEVELS: Final = (0.2, 5.0)
_SLOWEST: Final = 0.985


@dataclass(frozen=True, slots=True)
class Profile:
    """History with the usual use of each hour, and running sums of both where both are known."""

    history: History
    usual: Integers
    has_usual: Mask
    sum_value: Integers
    sum_usual: Integers
    sum_known: Integers

    def look(self, rows: Integers, hours: Integers) -> tuple[Integers, Mask]:
        """The usual value of hours and whether it is known."""
        column = hours - self.history.first_hour
        inside = (column >= 0) & (column < self.usual.shape[1])
        column = np.where(inside, column, 0)
        return self.usual[rows, column], inside & self.has_usual[rows, column]

    def mean_of_weeks(self, rows: Integers, hours: Integers) -> tuple[Floats, Mask]:
        """The plain mean of the same hours of the week 1 to 4 weeks back (E3)."""
        total, count = np.zeros(len(hours)), np.zeros(len(hours))
        for week in range(1, 5):
            value, known = self.history.look(rows, go_back_columns(self.history, hours, week))
            total += np.where(known, value, 0)
            count += known
        return total / np.maximum(count, 1), count > 0

    def estimate(self, gaps: Gaps, rows: Integers, base: Integers) -> tuple[Floats, Mask]:
        """Normalised use of each piece's full hour, and whether there is any history for it."""
        usual, known = self.look(rows, base)
        spans = gaps.spans
        row = self.history.rows_of(spans.series)
        first = gaps.hour[np.cumsum(gaps.counts) - gaps.counts]
        last = first + gaps.counts - 1
        short = gaps.counts <= SHORT
        level = self._find_level(row, first, last, short)
        drift = _Drift(self, row, level, first=first, last=last, short=short)
        bent = level[gaps.owner] * usual + drift.at(gaps)
        return np.maximum(bent, 0.0), known

    def _find_level(self, row: Integers, first: Integers, last: Integers, short: Mask) -> Floats:
        after = np.where(short, CONTEXT_AFTER, 0)
        value = self._sum(self.sum_value, row, first - CONTEXT_BEFORE, first)
        usual = self._sum(self.sum_usual, row, first - CONTEXT_BEFORE, first)
        count = self._sum(self.sum_known, row, first - CONTEXT_BEFORE, first)
        value += self._sum(self.sum_value, row, last + 1, last + 1 + after)
        usual += self._sum(self.sum_usual, row, last + 1, last + 1 + after)
        count += self._sum(self.sum_known, row, last + 1, last + 1 + after)
        sure = (count >= _LEAST) & (usual > 0)
        return np.clip(np.where(sure, value / np.where(sure, usual, 1), 1.0), *_LEVELS)

    def _sum(self, running: Integers, row: Integers, low: Integers, high: Integers) -> Integers:
        """Sum of hours `[low, high)` of each row."""
        first, columns = self.history.first_hour, self.usual.shape[1]
        low, high = np.clip(low - first, 0, columns), np.clip(high - first, 0, columns)
        sums: Integers = running[row, high] - running[row, low]
        return sums


class _Drift:
    """How far the hours beside short gaps are off their usual use, and how fast that fades."""

    def __init__(
        self, profile: Profile, row: Integers, level: Floats, *, first: Integers, last: Integers, short: Mask
    ) -> None:
        self._profile, self._row, self._level = profile, row, level
        self._first, self._last = first, last
        before, has_before = self._off(first - 1)
        after, has_after = self._off(last + 1)
        self._before = np.where(short & has_before, before, 0.0)
        self._after = np.where(short & has_after, after, 0.0)
        self._has_after = short & has_after
        self._has_before = short & has_before
        self._fading = self._find_fading()

    def _off(self, hours: Integers) -> tuple[Floats, Mask]:
        value, known = self._profile.history.look(self._row, hours)
        usual, usable = self._profile.look(self._row, hours)
        return value - self._level * usual, known & usable

    def _find_fading(self) -> Floats:
        """The share of a difference that is left an hour later, from the hours before the gap."""
        product, square = np.zeros(len(self._row)), np.zeros(len(self._row))
        later, had = self._off(self._first - 1)
        for back in range(2, _FADING + 1):
            now, has = self._off(self._first - back)
            both = had & has
            product += np.where(both, now * later, 0)
            square += np.where(both, now * now, 0)
            later, had = now, has
        return np.clip(product / np.where(square > 0, square, 1.0), 0.0, _SLOWEST)

    def at(self, gaps: Gaps) -> Floats:
        """The difference expected at each piece, given those at both ends of its gap."""
        owner = gaps.owner
        to_left = (gaps.hour - self._first[owner] + 1).astype(np.float64)
        to_right = (self._last[owner] - gaps.hour + 1).astype(np.float64)
        fading, left, right = self._fading[owner], fading_power(self._fading[owner], to_left), None
        right = fading_power(fading, to_right)
        both = self._has_after[owner] & self._has_before[owner]
        whole = 1.0 - (left * right) ** 2
        from_left = np.where(both, left * (1.0 - right**2) / whole, left)
        from_right = np.where(both, right * (1.0 - left**2) / whole, right)
        drift: Floats = from_left * self._before[owner] + from_right * self._after[owner]
        return drift


def fading_power(fading: Floats, hours: Floats) -> Floats:
    """`fading` to the power of `hours`."""
    powered: Floats = np.power(fading, hours)
    return powered


def make_profile(history: History) -> Profile:
    """Add the usual use to a history."""
    usual, has_usual = derive_usual(history)
    both = history.known & has_usual
    return Profile(
        history=history,
        usual=usual,
        has_usual=has_usual,
        sum_value=_run(np.where(both, history.value, 0)),
        sum_usual=_run(np.where(both, usual, 0)),
        sum_known=_run(both.astype(np.int64)),
    )


def _run(values: Integers) -> Integers:
    """Running sums of each row, beginning with 0."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), np.int64)
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
