# SPDX-License-Identifier: Apache-2.0
"""Readings become points of series: one for each instant, at the meter that was installed then (V01–V04).  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from avlest.readings.quality import READ, Quality
from avlest.readings.vee.arrays import Integers, Mask, expand_ranges, to_integers, to_ms
from avlest.readings.vee.book import COUNTER, NEVER_MS, Book, find_places
from avlest.readings.vee.contracts import Action, Severity, VeeInputs
from avlest.readings.vee.findings import Findings

EDGE_START, READING, EDGE_END = range(3)
_PLACES: Final = 4  # of types at one instant: keys keep two bits for them


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
    points = _merge(readings, edges)
    points = _drop_repeated_edges(points, book)
    return _apply_decisions(points, inputs, book)


def _load_readings(inputs: VeeInputs, book: Book, findings: Findings) -> Points:
    frame = inputs.readings
    register, at = to_integers(frame["register"]), to_ms(frame["at"])
    feed, inside, heard = find_feeds(book, register, at)
    known_at = to_ms(frame["known_at"])
    good = inside & book.feeds.fits_unit[feed] if len(book.feeds.series) else inside
    _report_identity(book, findings, feed, at, heard & ~inside)
    _report_units(book, findings, feed, at, inside & ~good)
    good &= _check_clock(inputs, book, findings, feed, at, known_at, good)
    order = _order(feed, at, good)
    rows = frame[order] if len(order) < frame.height or not _is_rising(order) else frame
    points = _make_reading_points(rows, feed[order], at[order])
    return _resolve_versions(points, to_ms(rows["known_at"]))


def _is_rising(order: Integers) -> bool:
    return bool(len(order) == 0 or (order[0] == 0 and (np.diff(order) == 1).all()))


def _order(feed: Integers, at: Integers, good: Mask) -> Integers:
    """Indexes of the good rows by feed and time."""
    chosen = np.flatnonzero(good)
    feed, at = feed[chosen], at[chosen]
    rises = (feed[1:] > feed[:-1]) | ((feed[1:] == feed[:-1]) & (at[1:] >= at[:-1]))
    return chosen if rises.all() else chosen[np.lexsort((at, feed))]


def _make_reading_points(rows: pl.DataFrame, feed: Integers, at: Integers) -> Points:
    count = len(feed)
    no = np.zeros(count, np.bool_)
    status = to_integers(rows["status"]) if "status" in rows.columns else np.zeros(count, np.int64)
    return Points(
        feed=feed,
        at=at,
        type=np.full(count, READING),
        value=to_integers(rows["value"]),
        quality=to_integers(rows["quality"]),
        known=~no,
        exempt=no,
        broken=no,
        status=status,
    )


def find_feeds(book: Book, register: Integers, at: Integers) -> tuple[Integers, Mask, Mask]:
    """The feed each reading belongs to; whether it lies inside it; whether the register feeds any series here.

    A reading at the very end of a feed belongs to it, unless the register feeds on from there.
    """
    feeds = book.feeds
    if not len(feeds.register):
        none = np.zeros(len(register), np.bool_)
        return np.zeros(len(register), np.int64), none, none
    registers = np.unique(feeds.register)
    code, heard = find_places(registers, register)
    feed_code = np.searchsorted(registers, feeds.register)
    order = np.lexsort((feeds.starts, feed_code))
    keys = feed_code[order] * NEVER_MS + np.clip(feeds.starts[order], 0, NEVER_MS - 1)
    place = np.searchsorted(keys, code * NEVER_MS + at, side="right") - 1
    feed = order[np.maximum(place, 0)]
    same = (place >= 0) & (feeds.register[feed] == register)
    # before its first feed: report it there
    feed = np.where(same, feed, order[np.minimum(np.searchsorted(keys, code * NEVER_MS), len(order) - 1)])
    return feed, heard & same & (at <= feeds.ends[feed]), heard


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


def _merge(readings: Points, edges: Points) -> Points:
    """Put the ends of feeds where they belong among sorted readings."""
    parts = {name: np.concatenate([getattr(readings, name), getattr(edges, name)]) for name in Points.__slots__}
    limit = (int(parts["feed"].max(initial=0)) + 1) * NEVER_MS * _PLACES
    if limit < 2**63:
        order = np.argsort((parts["feed"] * NEVER_MS + parts["at"]) * _PLACES + parts["type"], kind="stable")
    else:
        order = np.lexsort((parts["type"], parts["at"], parts["feed"]))
    return Points(**{name: column[order] for name, column in parts.items()})


def _drop_repeated_edges(points: Points, book: Book) -> Points:
    """Where a reading stands at an end of a feed, a noted value counts, else the reading; readings after the horizon
    end an open feed later."""
    same_before = np.append(False, (points.feed[1:] == points.feed[:-1]) & (points.at[1:] == points.at[:-1]))
    same_after = np.append(same_before[1:], False)
    edge = points.type != READING
    noted = edge & points.known
    drop = edge & ~points.known & (same_before | same_after)
    drop |= ~edge & ((same_before & np.append(False, noted[:-1])) | (same_after & np.append(noted[1:], False)))
    # an open feed whose readings go on after the horizon
    open_end = (points.type == EDGE_END) & ~points.known & (book.feeds.ends[points.feed] == NEVER_MS)
    last = np.append(points.feed[1:] != points.feed[:-1], True) if len(points.feed) else edge
    return points.keep(~(drop | (open_end & ~last)))


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
