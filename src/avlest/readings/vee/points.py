# SPDX-License-Identifier: Apache-2.0
"""Readings become points of series: one for each instant, at the meter that was installed then (V01–V04).  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from avlest.readings.quality import READ, Quality
from avlest.readings.vee.arrays import Integers, Mask, expand_ranges, find_starts, to_integers, to_ms
from avlest.readings.vee.book import COUNTER, NEVER_MS, Book, find_places
from avlest.readings.vee.contracts import Action, Severity, VeeInputs
from avlest.readings.vee.findings import Findings

EDGE_START, READING, EDGE_END = range(3)


@dataclass(frozen=True, slots=True)
class Points:
    """Points sorted by feed and time, which is by series and time.

    `at` milliseconds; `known`: has a value (the start of a feed without a noted value has none); `exempt`: a person
    accepted it; `broken`: what was used since the point before is not known though both have values.
    """

    feed: Integers
    at: Integers
    type: Integers
    value: Integers
    quality: Integers
    known: Mask
    exempt: Mask
    broken: Mask
    status: Integers

    def keep(self, mask: Mask) -> Points:
        """Only the points where `mask` holds."""
        if mask.all():
            return self
        return Points(*(getattr(self, name)[mask] for name in self.__slots__))

    def changed(self, *, value: Integers | None = None, broken: Mask | None = None) -> Points:
        """The same points with other values or breaks."""
        return replace(
            self, value=self.value if value is None else value, broken=self.broken if broken is None else broken
        )


def derive_points(inputs: VeeInputs, book: Book, findings: Findings, *, horizon: int) -> Points:
    """Choose among versions, find the feed of each reading, add the ends of feeds, apply decisions on readings."""
    readings = _load_readings(inputs, book, findings)
    edges = _make_edges(book, horizon=horizon)
    return _apply_decisions(_merge(readings, edges, book), inputs, book)


def _load_readings(inputs: VeeInputs, book: Book, findings: Findings) -> Points:
    frame = inputs.readings
    register, at = to_integers(frame["register"]), to_ms(frame["at"])
    feed, inside, heard = find_feeds(book, register, at)
    known_at = to_ms(frame["known_at"])
    good = inside & book.feeds.fits_unit[feed] if len(book.feeds.series) else inside
    _report_identity(book, findings, feed, at, heard & ~inside)
    _report_units(book, findings, feed, at, inside & ~good)
    good &= _check_clock(inputs, book, findings, feed, at, known_at, good)
    columns = [feed, at, *(to_integers(frame[name]) for name in ("value", "quality")), known_at]
    columns.append(to_integers(frame["status"]) if "status" in frame.columns else np.zeros(len(at), np.int64))
    if not good.all():
        columns = [column[good] for column in columns]
    order = _find_order(columns[0], columns[1])
    if order is not None:
        columns = [column[order] for column in columns]
    feed, at, value, quality, known_at, status = columns
    return _resolve_versions(_make_reading_points(feed, at, value, quality, status), known_at)


def _find_order(feed: Integers, at: Integers) -> Integers | None:
    """Indexes that sort by feed and time; None where they are sorted."""
    rises = (feed[1:] > feed[:-1]) | ((feed[1:] == feed[:-1]) & (at[1:] >= at[:-1]))
    if rises.all():
        return None
    keys = feed * NEVER_MS + at
    if len(feed) and int(feed.max()) < 2**63 // NEVER_MS - 1:
        return np.argsort(keys, kind="stable")
    return np.lexsort((at, feed))


def _make_reading_points(feed: Integers, at: Integers, value: Integers, quality: Integers, status: Integers) -> Points:
    no = np.zeros(len(feed), np.bool_)
    return Points(
        feed=feed, at=at, type=np.full(len(feed), READING), value=value, quality=quality, known=~no, exempt=no,
        broken=no, status=status,
    )  # fmt: skip


def find_feeds(book: Book, register: Integers, at: Integers) -> tuple[Integers, Mask, Mask]:
    """The feed each reading belongs to; whether it lies inside it; whether the register feeds any series here.

    A reading at the very end of a feed belongs to it, unless the register feeds on from there.
    """
    feeds = book.feeds
    if not len(feeds.register) or not len(register):
        none = np.zeros(len(register), np.bool_)
        return np.zeros(len(register), np.int64), none, none
    registers = np.unique(feeds.register)
    runs = find_starts(register)
    code, heard = find_places(registers, register[runs])
    feed_code = np.searchsorted(registers, feeds.register)
    order = np.lexsort((feeds.starts, feed_code))
    first = np.searchsorted(feed_code[order], code)
    several = np.bincount(feed_code, minlength=len(registers))[code] > 1
    # of each run of readings of one register, in one go; registers of several feeds once more below
    lengths = np.diff(np.append(runs, len(register)))
    feed = np.repeat(order[first], lengths)
    known = np.repeat(heard, lengths)
    rows = np.flatnonzero(np.repeat(several & heard, lengths))
    if len(rows):
        keys = feed_code[order] * NEVER_MS + np.clip(feeds.starts[order], 0, NEVER_MS - 1)
        wanted = np.repeat(code, lengths)[rows]
        place = np.searchsorted(keys, wanted * NEVER_MS + at[rows], side="right") - 1
        # before its first feed: report it there
        feed[rows] = order[np.maximum(place, np.repeat(first, lengths)[rows])]
    inside = known & (at >= feeds.starts[feed]) & (at <= feeds.ends[feed])
    return feed, inside, known


def _report_identity(book: Book, findings: Findings, feed: Integers, at: Integers, outside: Mask) -> None:
    """V04: the meter was not installed at this point then; its readings wait."""
    _report_groups(book, findings, "V04", feed[outside], at[outside], detail="not installed")


def _report_units(book: Book, findings: Findings, feed: Integers, at: Integers, wrong: Mask) -> None:
    """V03: the unit of the register is not that of the series."""
    _report_groups(book, findings, "V03", feed[wrong], at[wrong], detail="unit")


def _report_groups(book: Book, findings: Findings, rule: str, feed: Integers, at: Integers, *, detail: str) -> None:
    """One finding for each feed, from the first to the last reading; `value` is how many."""
    if not len(feed):
        return
    order = np.lexsort((at, feed))
    feed, at = feed[order], at[order]
    starts = np.flatnonzero(np.append(True, feed[1:] != feed[:-1]))
    counts = np.diff(np.append(starts, len(feed)))
    findings.add(
        rule, series=book.feeds.series[feed[starts]], start=at[starts], stop=at[starts + counts - 1] + 1,
        value=counts, detail=detail,
    )  # fmt: skip


def _check_clock(
    inputs: VeeInputs, book: Book, findings: Findings, feed: Integers, at: Integers, known_at: Integers, good: Mask
) -> Mask:
    """V02: readings ahead of when they were known, or from a clock that is wrong; returns which may stay."""
    if not len(feed) or not len(book.feeds.series):
        return good
    series = book.feeds.series[feed]
    ahead = at - known_at > book.limit("future_s", factor=1000)[series]
    stays = ~ahead
    findings.add_points("V02", series=series, at=at, where=good & ahead, value=(at - known_at) // 1000, detail="future")
    if "clock_s" in inputs.readings.columns:
        off = np.abs(to_integers(inputs.readings["clock_s"]))
        wrong = off > book.limit("clock_reject_s")[series]
        doubtful = (off > book.limit("clock_warn_s")[series]) & ~wrong
        findings.add_points("V02", series=series, at=at, where=good & wrong & stays, value=off, detail="clock")
        findings.add_points(
            "V02", series=series, at=at, where=good & doubtful, value=off, detail="clock", severity=Severity.INFO
        )
        stays &= ~wrong
    return stays


def _resolve_versions(points: Points, known_at: Integers) -> Points:
    """V01: of several readings of one instant the highest rank counts, then what was known later."""
    again = (points.feed[1:] == points.feed[:-1]) & (points.at[1:] == points.at[:-1])
    if not again.any():
        return points
    involved = np.zeros(len(points.at), np.bool_)
    involved[1:] |= again
    involved[:-1] |= again
    rows = np.flatnonzero(involved)
    ranking = (points.status, points.value, known_at, points.quality, points.at, points.feed)
    rows = rows[np.lexsort(tuple(column[rows] for column in ranking))]
    feed, at = points.feed[rows], points.at[rows]
    best = np.append((feed[1:] != feed[:-1]) | (at[1:] != at[:-1]), True)
    keep = ~involved
    keep[rows[best]] = True
    return points.keep(keep)


def _make_edges(book: Book, *, horizon: int) -> Points:
    """The start and end of each feed; an open feed ends at the horizon."""
    feeds = book.feeds
    count = len(feeds.series)
    ends = np.where(feeds.ends == NEVER_MS, np.maximum(horizon, feeds.starts), feeds.ends)
    no = np.zeros(2 * count, np.bool_)
    order = np.arange(2 * count).reshape(2, count).T.ravel()
    return Points(
        feed=np.tile(np.arange(count), 2)[order],
        at=np.concatenate([feeds.starts, ends])[order],
        type=np.repeat([EDGE_START, EDGE_END], count)[order],
        value=np.concatenate([feeds.start_value, feeds.end_value])[order],
        quality=np.full(2 * count, int(Quality.MANUAL_VERIFIED)),
        known=np.concatenate([feeds.has_start, feeds.has_end])[order],
        exempt=no,
        broken=no,
        status=np.zeros(2 * count, np.int64),
    )


def _merge(readings: Points, edges: Points, book: Book) -> Points:
    """Put the ends of feeds where they belong among sorted readings.

    Where a reading stands at an end of a feed, a noted value counts, else the reading; readings after the horizon end
    an open feed later.
    """
    place = _find_edge_places(readings, edges)
    before, after = np.maximum(place - 1, 0), np.minimum(place, max(len(readings.at) - 1, 0))
    same = np.zeros((2, len(place)), np.bool_)
    if len(readings.at):
        for row, (near, inside) in enumerate(((before, place > 0), (after, place < len(readings.at)))):
            same[row] = inside & (readings.feed[near] == edges.feed) & (readings.at[near] == edges.at)
        # an open feed whose readings go on after the horizon
        goes_on = (place < len(readings.at)) & (readings.feed[after] == edges.feed)
        passed = goes_on & (edges.type == EDGE_END) & (book.feeds.ends[edges.feed] == NEVER_MS)
    else:
        passed = same[0]
    drop = np.zeros(len(readings.at), np.bool_)
    drop[before[edges.known & same[0]]] = True
    drop[after[edges.known & same[1]]] = True
    stays = edges.known | ~(same[0] | same[1] | passed)
    if drop.any():
        place = place - np.concatenate([[0], np.cumsum(drop)])[place]
        readings = readings.keep(~drop)
    return _interleave(readings, edges.keep(stays), place[stays])


def _find_edge_places(readings: Points, edges: Points) -> Integers:
    """Before which reading each edge stands; a start before readings of its instant, an end after them."""
    limit = (int(edges.feed.max(initial=0)) + 1) * NEVER_MS
    if limit < 2**62:
        keys, wanted = (points.feed * NEVER_MS + points.at for points in (readings, edges))
    else:
        pairs = np.concatenate([np.stack([points.feed, points.at]) for points in (readings, edges)], axis=1)
        both = np.unique(pairs, axis=1, return_inverse=True)[1]
        keys, wanted = both[: len(readings.at)], both[len(readings.at) :]
    starts = edges.type == EDGE_START
    left, right = (np.searchsorted(keys, wanted, side=side) for side in ("left", "right"))
    return np.where(starts, left, right)


def _interleave(readings: Points, edges: Points, place: Integers) -> Points:
    """All points in order; `place` as `_find_edge_places`."""
    total = len(readings.at) + len(edges.at)
    spots = place + np.arange(len(place))
    is_reading = np.ones(total, np.bool_)
    is_reading[spots] = False
    columns = {}
    for name in Points.__slots__:
        ours, theirs = getattr(readings, name), getattr(edges, name)
        column = np.empty(total, ours.dtype)
        column[is_reading], column[spots] = ours, theirs
        columns[name] = column
    return Points(**columns)


def _apply_decisions(points: Points, inputs: VeeInputs, book: Book) -> Points:
    """ACCEPT exempts readings from rejection, ESTIMATE takes out those strictly inside the period."""
    rows = inputs.decisions.filter(pl.col("action").is_in([Action.ACCEPT.value, Action.ESTIMATE.value]))
    place, known = find_places(book.ids, to_integers(rows["series"]))
    if not known.any():
        return points
    series = book.feeds.series[points.feed]
    keys = series * NEVER_MS + points.at
    accepts = (rows["action"] == Action.ACCEPT.value).to_numpy()
    low, high = place * NEVER_MS + to_ms(rows["start"]), place * NEVER_MS + to_ms(rows["stop"])
    exempt, out = points.exempt.copy(), np.zeros(len(keys), np.bool_)
    exempt[_members(keys, low[known & accepts], high[known & accepts] + 1)] = True
    out[_members(keys, low[known & ~accepts] + 1, high[known & ~accepts])] = True
    return replace(points, exempt=exempt).keep(~out | (points.type != READING))


def _members(keys: Integers, low: Integers, high: Integers) -> Integers:
    """Indexes of sorted keys in any of the ranges `[low, high)`."""
    first, last = np.searchsorted(keys, low), np.searchsorted(keys, high)
    return expand_ranges(first, np.maximum(last - first, 0))[1]


def drop_weak_points(points: Points, book: Book) -> Points:
    """Calculated readings count only after the last real one of their feed: the true reading corrects them."""
    weak = points.known & (points.quality < READ) & (book.kind[book.feeds.series[points.feed]] == COUNTER)
    if not weak.any():
        return points
    real = points.known & ~weak
    last = np.full(int(points.feed.max()) + 1, -1, np.int64)
    np.maximum.at(last, points.feed[real], points.at[real])
    return points.keep(~(weak & (points.at < last[points.feed])))
