# SPDX-License-Identifier: Apache-2.0
"""What is between two points of a series: measured use, a gap, or no meter at all.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import Integers, Mask
from avlest.readings.vee.book import Book
from avlest.readings.vee.points import EDGE_END, Points

MEASURED, TOTAL_KNOWN, BETWEEN, OPEN, UNMETERED = range(5)
"""Kinds of spans: measured; a gap whose total is known; a gap between readings whose total is not; a gap after the
last reading; no meter installed."""

_END: Final = 9


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans `[start, stop)` (milliseconds) by series and time, without holes.

    `amount`: used in the span, 0 where it is not known; `quality` of it.
    """

    series: Integers
    start: Integers
    stop: Integers
    kind: Integers
    amount: Integers
    quality: Integers

    def pick(self, mask: Mask) -> Spans:
        """The spans where `mask` holds."""
        return Spans(*(getattr(self, name)[mask] for name in self.__slots__))

    def with_amounts(self, rows: Integers, amounts: Integers) -> Spans:
        """The same spans with other amounts at some rows."""
        amount = self.amount.copy()
        amount[rows] = amounts
        return Spans(self.series, self.start, self.stop, self.kind, amount, self.quality)


def derive_spans(points: Points, book: Book) -> Spans:
    """Spans between consecutive points of each series; never a difference across two meters."""
    series = book.feeds.series[points.feed]
    one, two = slice(None, -1), slice(1, None)
    same_series = series[one] == series[two]
    same_feed = points.feed[one] == points.feed[two]
    counted = same_feed & points.known[one] & points.known[two] & ~points.broken[two]
    span = points.at[two] - points.at[one]
    near = span <= book.limit("span_min", factor=60_000)[series[one]]
    amount = np.where(counted, points.value[two] - points.value[one], 0)
    is_open = same_feed & ~points.known[two] & (points.type[two] == EDGE_END) & book.feeds.is_last[points.feed[one]]
    # A counter that did not move over a gap measured that nothing was used.
    sure = counted & (near | (amount == 0))
    kind = np.select([~same_feed, sure, counted, is_open], [UNMETERED, MEASURED, TOTAL_KNOWN, OPEN], BETWEEN)
    rank = np.minimum(np.minimum(points.quality[one], points.quality[two]), int(Quality.MEASURED))
    quality = np.where(
        kind == MEASURED, rank, np.where(kind == UNMETERED, int(Quality.MEASURED), int(Quality.ESTIMATED))
    )
    keep = same_series & (span > 0)
    if keep.all():
        return Spans(series[one], points.at[one], points.at[two], kind, amount, quality)
    return Spans(series[one], points.at[one], points.at[two], kind, amount, quality).pick(keep)
