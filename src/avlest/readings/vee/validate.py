# SPDX-License-Identifier: Apache-2.0
"""V05 and V06: registers that fall or leap: rollover, noise, backflow, reset, or a reading in error.  Pure.

Every verdict looks at most `settle_h` (or two readings) ahead and as far back, so that a window of readings gives the
same verdicts as all of them:

* a fall whose difference modulo the register is plausible is a rollover;
* a fall up to `jitter` is noise: nothing was used, and what follows counts from the higher level;
* readings below a level that the register reaches again in time were wrong: left out;
* a leap beyond the physical maximum that is taken back in time was wrong: left out;
* what stays low (reset, lasting backflow) or high begins anew: what was used across it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import MS_HOUR, Floats, Integers, Mask, expand_ranges
from avlest.readings.vee.book import COUNTER, INTERVAL, NEVER_MS, Book
from avlest.readings.vee.contracts import Action, Severity
from avlest.readings.vee.findings import Findings
from avlest.readings.vee.points import READING, Points

_AHEAD: Final = 64
"""How many readings ahead a leap is looked for to be taken back."""

_NEXT: Final = 2
"""At least so many readings ahead are looked at, however long that takes."""

_MS_YEAR: Final = 8766 * MS_HOUR
_NEAR_ZERO: Final = 20
"""A register that falls below a twentieth of its level began anew; else water or energy ran back."""


@dataclass(slots=True)
class _Track:
    """Known points of the feeds that fall or leap somewhere; `row` says where they stand among all points."""

    row: Integers
    series: Integers
    feed: Integers
    at: Integers
    value: Integers
    exempt: Mask
    broken: Mask
    quality: Integers

    def keep(self, mask: Mask) -> None:
        """Drop the points where `mask` does not hold."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[mask])

    def joined(self) -> Mask:
        """Whether each point continues the feed of the point before."""
        return np.append(False, self.feed[1:] == self.feed[:-1]) if len(self.feed) else self.exempt

    def rises(self) -> Integers:
        """Difference to the point before; 0 at the first of a feed."""
        rises = np.zeros(len(self.value), np.int64)
        rises[1:] = np.diff(self.value)
        return np.where(self.joined(), rises, 0)

    def spans(self) -> Integers:
        """Time since the point before; 0 at the first of a feed."""
        spans = np.zeros(len(self.at), np.int64)
        spans[1:] = np.diff(self.at)
        return np.where(self.joined(), spans, 0)


def validate_counters(points: Points, book: Book, findings: Findings) -> Points:
    """Leave out readings that are wrong, undo rollovers and noise, mark where the register began anew."""
    known = np.flatnonzero(points.known & (book.kind[book.feeds.series[points.feed]] == COUNTER))
    track = _make_track(points, book, known)
    suspicious = (track.rises() < 0) | _leaps(track, book)
    lower = track.quality < Quality.MEASURED
    feeds = np.unique(track.feed[suspicious | (lower & track.joined())])
    if not len(feeds):
        return points
    keep = np.ones(len(points.at), np.bool_)
    value, broken = points.value.copy(), points.broken.copy()
    rows = known[np.isin(track.feed, feeds)]
    track = _make_track(points, book, rows)
    _judge(track, book, findings)
    keep[rows] = False
    keep[track.row] = True
    value[track.row], broken[track.row] = track.value, track.broken
    return points.changed(value=value, broken=broken).keep(keep)


def _make_track(points: Points, book: Book, rows: Integers) -> _Track:
    feed = points.feed[rows]
    return _Track(
        row=rows,
        series=book.feeds.series[feed],
        feed=feed,
        at=points.at[rows],
        value=points.value[rows],
        exempt=points.exempt[rows],
        broken=points.broken[rows],
        quality=points.quality[rows],
    )


def _judge(track: _Track, book: Book, findings: Findings) -> None:
    _drop_contradictions(track, book, findings)
    _undo_rollovers(track, book)
    _drop_low(track, book, findings)
    _drop_leaps(track, book, findings)
    _settle_falls(track, book, findings)


def derive_ceiling(book: Book, series: Integers, spans: Integers) -> Floats:
    """The most that can be used in each span (milliseconds); infinite where nothing bounds it (rules V06)."""
    most = book.limits["max_per_hour"][series]
    return np.where(most > 0, most * (spans / MS_HOUR) + book.limits["jitter"][series], np.inf)


def _leaps(track: _Track, book: Book) -> Mask:
    leaps: Mask = track.rises() > derive_ceiling(book, track.series, track.spans())
    return leaps & ~track.exempt


def _drop_contradictions(track: _Track, book: Book, findings: Findings) -> None:
    """What people read gives way where the meter's own readings before and after exclude it."""
    own = track.quality >= Quality.MEASURED
    if own.all():
        return
    index = np.arange(len(own))
    before = np.maximum.accumulate(np.where(own, index, -1))
    after = np.minimum.accumulate(np.where(own, index, len(own))[::-1])[::-1]
    has_before = (before >= 0) & (track.feed[before] == track.feed)
    later = np.minimum(after, len(own) - 1)
    has_after = (after < len(own)) & (track.feed[later] == track.feed)
    sound = has_before & has_after & (track.value[before] <= track.value[later])
    jitter = book.limits["jitter"][track.series]
    outside = (track.value < track.value[before] - jitter) | (track.value > track.value[later] + jitter)
    wrong = ~own & sound & outside & ~track.exempt
    findings.add_points(
        "V05", series=track.series, at=track.at, where=wrong, value=track.value, limit=track.value[before],
        detail="contradicts the meter",
    )  # fmt: skip
    track.keep(~wrong)


def _undo_rollovers(track: _Track, book: Book) -> None:
    """Add the modulus where a register began again from 0 and the difference is plausible (rules §1.10)."""
    modulus = book.feeds.modulus[track.feed]
    rises, spans = track.rises(), np.maximum(track.spans(), MS_HOUR)
    most = book.limits["max_per_hour"][track.series] * (spans / MS_HOUR)
    expected = book.per_year[track.series] * (spans / _MS_YEAR) * book.limits["rollover_factor"][track.series]
    plausible = np.where(most > 0, most, expected)
    wrapped = rises + modulus
    rolled = (rises < 0) & (modulus > 0) & (wrapped >= 0) & ((wrapped <= plausible) | track.exempt)
    if rolled.any():
        track.value = track.value + _sum_within(np.where(rolled, modulus, 0), track)


def _sum_within(amounts: Integers, track: _Track) -> Integers:
    """Running sum of amounts, anew in each feed."""
    total = np.cumsum(amounts)
    first = np.flatnonzero(~track.joined())
    before = total[first] - amounts[first]
    counts = np.diff(np.append(first, len(amounts)))
    sums: Integers = total - np.repeat(before, counts)
    return sums


def _look_ahead(track: _Track, rows: Integers, settle: Integers) -> Integers:
    """Where the readings end that may take back what happened at `rows`."""
    keys = track.feed * NEVER_MS + track.at
    end_of_feed = np.searchsorted(track.feed, track.feed[rows], side="right")
    in_time = np.searchsorted(keys, keys[rows] + settle, side="right")
    ends: Integers = np.minimum(np.maximum(in_time, rows + 1 + _NEXT), end_of_feed)
    return np.maximum(ends, rows + 1)


def _find_recovered(track: _Track, rows: Integers, book: Book) -> Mask:
    """Whether the level before each fall is reached again in time."""
    if not len(rows):
        return np.zeros(0, np.bool_)
    ends = _look_ahead(track, rows, book.limit("settle_h", factor=MS_HOUR)[track.series[rows]])
    padded = np.append(track.value, 0)
    highest = np.maximum.reduceat(padded, np.column_stack([rows, ends]).ravel())[::2]
    recovered: Mask = (highest >= track.value[rows - 1]) & ~track.exempt[rows]
    return recovered


def _drop_low(track: _Track, book: Book, findings: Findings) -> None:
    """Leave out readings below a level that is reached again; those within noise count as that level."""
    rises = track.rises()
    falls = np.flatnonzero(rises < 0)
    if not len(falls):
        return
    recovered = _find_recovered(track, falls, book)
    segment = np.cumsum((~track.joined() | _mark(len(rises), falls[~recovered])).astype(np.int64))
    level = _highest_so_far(track.value, segment)
    depth = level - track.value
    jitter = book.limits["jitter"][track.series]
    low = (depth > jitter) & ~track.exempt
    told = _mark(len(rises), falls[recovered]) & low
    findings.add_points(
        "V05", series=track.series, at=track.at, where=told, value=-depth, limit=-jitter.astype(np.int64),
        detail="below the readings around",
    )  # fmt: skip
    track.value = np.where(low, track.value, level)
    track.keep(~low)


def _mark(count: int, rows: Integers) -> Mask:
    marked = np.zeros(count, np.bool_)
    marked[rows] = True
    return marked


def _highest_so_far(values: Integers, segment: Integers) -> Integers:
    """Running maximum, anew in each segment (numbered from 1, ascending)."""
    low = values.min()
    reach = int(values.max() - low) + 1
    if reach * (int(segment[-1]) + 1) < 2**62:
        lifted: Integers = np.maximum.accumulate(values - low + segment * reach) - segment * reach + low
        return lifted
    starts = np.flatnonzero(np.append(True, segment[1:] != segment[:-1]))
    return np.concatenate([np.maximum.accumulate(part) for part in np.split(values, starts[1:])])


def _drop_leaps(track: _Track, book: Book, findings: Findings) -> None:
    """Leave out readings beyond what is possible that are taken back in time; else the register begins anew there."""
    leaps = np.flatnonzero(_leaps(track, book))
    if not len(leaps):
        return
    ends = _find_return(track, leaps, book)
    back = ends > 0
    _, rows = expand_ranges(leaps[back], ends[back] - leaps[back])
    out = _mark(len(track.at), rows) & ~track.exempt
    ceiling = derive_ceiling(book, track.series, track.spans())
    limit = np.where(np.isfinite(ceiling), ceiling, 0).astype(np.int64)
    told = _mark(len(track.at), leaps)
    for where, detail, action in (
        (told & out, "above the readings around", None),
        (told & ~out, "stays above what is possible", Action.ACCEPT),
    ):
        findings.add_points(
            "V06", series=track.series, at=track.at, where=where, value=track.rises(), limit=limit, detail=detail,
            action=action,
        )  # fmt: skip
    track.broken = track.broken | (told & ~out)
    track.keep(~out)


def _find_return(track: _Track, leaps: Integers, book: Book) -> Integers:
    """The first reading after each leap that is plausible seen from before it; 0 where none comes in time."""
    ends = _look_ahead(track, leaps, book.limit("settle_h", factor=MS_HOUR)[track.series[leaps]])
    ahead = leaps[:, None] + np.arange(1, _AHEAD + 1)
    inside = ahead < ends[:, None]
    ahead = np.minimum(ahead, len(track.at) - 1)
    series, before = track.series[leaps][:, None], (leaps - 1)[:, None]
    rise = track.value[ahead] - track.value[before]
    most = derive_ceiling(book, series, track.at[ahead] - track.at[before])
    fits = inside & (track.value[ahead] < track.value[leaps][:, None]) & (rise >= 0) & (rise <= most)
    found: Integers = np.where(fits.any(axis=1), ahead[np.arange(len(leaps)), fits.argmax(axis=1)], 0)
    return found


def _settle_falls(track: _Track, book: Book, findings: Findings) -> None:
    """Falls that stay: noise counts as nothing used; else the register began anew."""
    rises = track.rises()
    falls = rises < 0
    if not falls.any():
        return
    jitter = book.limits["jitter"][track.series]
    noise = falls & (-rises <= jitter)
    lasting = falls & ~noise
    near_zero = track.value * _NEAR_ZERO < track.value - rises
    for where, detail, action in (
        (lasting & near_zero, "begins anew", Action.ACCEPT),
        (lasting & ~near_zero, "backflow", Action.ESTIMATE),
    ):
        findings.add_points(
            "V05", series=track.series, at=track.at, where=where & ~track.exempt, value=rises,
            limit=-jitter.astype(np.int64), detail=detail, severity=Severity.TASK, action=action,
        )  # fmt: skip
    track.value = track.value + _sum_within(np.where(noise, -rises, 0), track)
    track.broken = track.broken | lasting


def validate_amounts(points: Points, book: Book, findings: Findings) -> Points:
    """V05 and V06 for readings that are amounts of an interval: negative or impossible ones are left out."""
    series = book.feeds.series[points.feed]
    amounts = (book.kind[series] == INTERVAL) & (points.type == READING) & ~points.exempt
    if not amounts.any():
        return points
    ceiling = derive_ceiling(book, series, book.interval_ms[series])
    negative, high = amounts & (points.value < 0), amounts & (points.value > ceiling)
    limit = np.where(np.isfinite(ceiling), ceiling, 0).astype(np.int64)
    findings.add_points("V05", series=series, at=points.at, where=negative, value=points.value, detail="negative")
    findings.add_points("V06", series=series, at=points.at, where=high, value=points.value, limit=limit)
    return points.keep(~(negative | high))


def accumulate_amounts(points: Points, book: Book) -> Points:
    """Turn amounts of intervals into states of a register, with a break wherever an interval is missing."""
    series = book.feeds.series[points.feed]
    is_amount = book.kind[series] == INTERVAL
    if not is_amount.any():
        return points
    rows = points.keep(is_amount & (points.type == READING))
    own = points.keep(~is_amount | (points.type != READING))
    joined = np.append(False, rows.feed[1:] == rows.feed[:-1]) if len(rows.feed) else rows.known
    earlier = np.where(joined, np.append(0, rows.at[:-1])[: len(rows.at)], 0)
    begins = rows.at - book.interval_ms[book.feeds.series[rows.feed]]
    begins = np.maximum(begins, book.feeds.starts[rows.feed])
    apart = ~joined | (begins > earlier)
    total = np.cumsum(rows.value)
    ends = replace(rows, value=total)
    starts = replace(rows, at=begins, value=total - rows.value, broken=np.ones(len(total), np.bool_)).keep(apart)
    # an interval's own start breaks; the ends of its feed carry no value
    edges = replace(own, known=own.known & ~is_amount[is_amount_rows(points, is_amount)])
    return _sort(edges, starts, ends)


def is_amount_rows(points: Points, is_amount: Mask) -> Integers:
    """Indexes of the points that are no amounts: the rows of `own`."""
    return np.flatnonzero(~is_amount | (points.type != READING))


def _sort(*parts: Points) -> Points:
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Points.__slots__}
    order = np.lexsort((columns["broken"] == 0, columns["type"], columns["at"], columns["feed"]))
    return Points(**{name: column[order] for name, column in columns.items()})
