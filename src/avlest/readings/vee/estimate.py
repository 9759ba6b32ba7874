# SPDX-License-Identifier: Apache-2.0
"""Estimation E1 to E4 of gaps, hour by hour (rules §4.2).  Pure.

E1 the total is known: shared out by the profile. E2 as E1 without history: evenly. E3 the total is not known: from the
profile and the hours around; after the last reading the last value, the mean of four weeks, or last year's days. E4 no
history: the expected use of a year.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import (
    MS_HOUR,
    Floats,
    Integers,
    Mask,
    round_half_up,
    split_amounts,
    sum_groups,
)
from avlest.readings.vee.book import Book
from avlest.readings.vee.gaps import Gaps
from avlest.readings.vee.grid import CODE, Pieces
from avlest.readings.vee.history import WEEK, WEEKS, Sources, go_back
from avlest.readings.vee.longterm import derive_expected, derive_last_year
from avlest.readings.vee.profile import CONTEXT_AFTER, CONTEXT_BEFORE, SHORT, Profile, make_profile
from avlest.readings.vee.spans import BETWEEN, OPEN, TOTAL_KNOWN

_RECENT: Final = 10 * 24
"""Gaps that began at most so many hours before the first one of a window share one stretch of history."""

_WEIGHT: Final = 16
_ENOUGH: Final = 0.25
_LAST_VALUE_MS: Final = 2 * MS_HOUR
_WEEK_MS: Final = WEEK * MS_HOUR


def estimate_gaps(gaps: Gaps, sources: Sources) -> tuple[Pieces, Mask]:
    """The pieces of gaps with amount, rule and quality; and which gaps a person's decision does not fit into."""
    amount, rule = np.zeros(len(gaps.hour), np.int64), np.zeros(len(gaps.hour), np.int64)
    for chosen in _group_by_age(gaps):
        part = _pick(gaps, chosen)
        rows = np.isin(gaps.owner, chosen)
        amount[rows], rule[rows] = _estimate_group(part, sources)
    known = gaps.spans.kind == TOTAL_KNOWN
    idle = gaps.idle & ~known[gaps.owner]
    amount[idle] = 0
    rule[gaps.idle & (rule != CODE["missing"]) & (amount == 0)] = CODE["outage"]
    amount, misfit, even = _fit_totals(gaps, amount, known)
    rule[even[gaps.owner] & (rule == CODE["E1"])] = CODE["E2"]
    quality = np.where(rule == CODE["missing"], int(Quality.MISSING), int(Quality.ESTIMATED))
    return Pieces(gaps.counts, gaps.hour, gaps.length, amount, rule, quality), misfit


def _group_by_age(gaps: Gaps) -> list[Integers]:
    """Gaps that began long before the others get a history of their own, so that it stays small for the others."""
    first = gaps.spans.start // MS_HOUR
    if not len(first):
        return []
    ordered = np.argsort(first, kind="stable")
    breaks = np.flatnonzero(np.diff(first[ordered]) > _RECENT) + 1
    return [np.sort(part) for part in np.split(ordered, breaks)]


def _pick(gaps: Gaps, chosen: Integers) -> Gaps:
    """Some of the gaps with their pieces."""
    if len(chosen) == len(gaps.counts):
        return gaps
    mask = np.zeros(len(gaps.counts), np.bool_)
    mask[chosen] = True
    rows = mask[gaps.owner]
    counts = gaps.counts[chosen]
    return Gaps(
        spans=gaps.spans.pick(mask), owner=np.repeat(np.arange(len(chosen)), counts), counts=counts,
        hour=gaps.hour[rows], length=gaps.length[rows], idle=gaps.idle[rows], fixed=gaps.fixed[rows],
        decided=gaps.decided[rows],
    )  # fmt: skip


def _estimate_group(gaps: Gaps, sources: Sources) -> tuple[Integers, Integers]:
    """Amounts (weights for known totals) and rules of the pieces of gaps of about one age."""
    profile = _read_profile(gaps, sources)
    first = gaps.hour[np.cumsum(gaps.counts) - gaps.counts]
    weeks = (gaps.hour - first[gaps.owner]) // WEEK
    base = go_back(gaps.hour, weeks, zone=sources.zone) if weeks.any() else gaps.hour
    rows = profile.history.rows_of(gaps.series)
    usual, has_usual = profile.estimate(gaps, rows, base)
    usual, found = _fill_from_gap(usual, has_usual, gaps)
    per_hour = usual * profile.history.weather_at(rows, gaps.hour)
    part = gaps.length / MS_HOUR
    amount, rule = round_half_up(per_hour * part), np.where(found, CODE["E3"], CODE["missing"])
    known = gaps.spans.kind[gaps.owner] == TOTAL_KNOWN
    weight = np.where(found, np.rint(per_hour * part * _WEIGHT).astype(np.int64), gaps.length)
    amount = np.where(known, np.where(gaps.idle, 0, weight), amount)
    rule = np.where(known, np.where(found, CODE["E1"], CODE["E2"]), rule)
    _estimate_open(gaps, sources, profile, rows, base, amount, rule)
    _estimate_brief(gaps, profile, rows, amount, rule)
    _estimate_bare(gaps, sources.book, sources, amount, rule)
    return amount, rule


def _read_profile(gaps: Gaps, sources: Sources) -> Profile:
    spans = gaps.spans
    series = np.unique(spans.series)
    first, last = spans.start // MS_HOUR, (spans.stop - 1) // MS_HOUR
    start = int(first.min()) - CONTEXT_BEFORE - WEEK * WEEKS - 2
    stop = int(np.where(last - first < SHORT, last + 1 + CONTEXT_AFTER, first + WEEK).max()) + 1
    return make_profile(sources.read(series, start=start, stop=stop))


def _fill_from_gap(usual: Floats, known: Mask, gaps: Gaps) -> tuple[Floats, Mask]:
    """Hours without history get the mean of the others of their gap, where a quarter of its hours have one."""
    count = np.bincount(gaps.owner, weights=known, minlength=len(gaps.counts))
    total = np.bincount(gaps.owner, weights=np.where(known, usual, 0), minlength=len(gaps.counts))
    mean = total / np.maximum(count, 1)
    return np.where(known, usual, mean[gaps.owner]), (count >= np.maximum(gaps.counts * _ENOUGH, 1))[gaps.owner]


def _estimate_open(
    gaps: Gaps, sources: Sources, profile: Profile, rows: Integers, base: Integers, amount: Integers, rule: Integers
) -> None:
    """After the last reading: up to 2 h its hour's value, up to 7 d the mean of four weeks, then last year's days."""
    spans = gaps.spans
    is_open = spans.kind == OPEN
    if not is_open.any():
        return
    span = spans.stop - spans.start
    part = gaps.length / MS_HOUR
    weather = profile.history.weather_at(rows, gaps.hour)
    mean, has_mean = profile.mean_of_weeks(rows, base)
    mean, has_mean = _fill_from_gap(mean, has_mean, gaps)
    chosen = is_open[gaps.owner]
    amount[chosen] = round_half_up(mean * weather * part)[chosen]
    rule[chosen] = np.where(has_mean, CODE["E3"], CODE["missing"])[chosen]
    last, has_last = profile.history.look(rows, (spans.start // MS_HOUR - 1)[gaps.owner])
    brief = chosen & (span <= _LAST_VALUE_MS)[gaps.owner] & has_last
    amount[brief] = round_half_up(last * weather * part)[brief]
    rule[brief] = CODE["E3"]
    long = np.flatnonzero(is_open & (span > _WEEK_MS))
    if len(long):
        pieces = np.isin(gaps.owner, long)
        found, per_hour = derive_last_year(
            sources, gaps.series[pieces], gaps.hour[pieces], spans.start[gaps.owner][pieces]
        )
        where = np.flatnonzero(pieces)[found]
        amount[where] = round_half_up(per_hour * part[pieces])[found]
        rule[where] = CODE["E3"]
        rule[np.flatnonzero(pieces)[~found]] = np.where(
            sources.book.per_year[gaps.series[pieces][~found]] >= 0, CODE["missing"], rule[pieces][~found]
        )


def _estimate_brief(gaps: Gaps, profile: Profile, rows: Integers, amount: Integers, rule: Integers) -> None:
    """Up to 2 h between readings without history: the mean of the hours beside (E2)."""
    spans = gaps.spans
    brief = (spans.kind == BETWEEN) & (spans.stop - spans.start <= _LAST_VALUE_MS)
    chosen = brief[gaps.owner] & (rule == CODE["missing"])
    if not chosen.any():
        return
    total, count = np.zeros(len(rule)), np.zeros(len(rule))
    for hours in (spans.start // MS_HOUR - 1, (spans.stop - 1) // MS_HOUR + 1):
        value, known = profile.history.look(rows, hours[gaps.owner])
        total += np.where(known, value * profile.history.weather_at(rows, hours[gaps.owner]), 0)
        count += known
    chosen &= count > 0
    amount[chosen] = round_half_up(total / np.maximum(count, 1) * (gaps.length / MS_HOUR))[chosen]
    rule[chosen] = CODE["E2"]


def _estimate_bare(gaps: Gaps, book: Book, sources: Sources, amount: Integers, rule: Integers) -> None:
    """E4: what has no history gets its share of the expected use of a year."""
    bare = np.flatnonzero((rule == CODE["missing"]) & (book.per_year[gaps.series] >= 0))
    if len(bare):
        share = derive_expected(sources, gaps.series[bare], gaps.hour[bare])
        amount[bare] = round_half_up(share * (gaps.length[bare] / MS_HOUR))
        rule[bare] = CODE["E4"]


def _fit_totals(gaps: Gaps, amount: Integers, known: Mask) -> tuple[Integers, Mask, Mask]:
    """Share known totals out by the weights in `amount`; what a person decided stays and the rest fits to it.

    Returns the amounts, which gaps a decision does not fit into, and which were shared evenly for want of weights.
    """
    decided = sum_groups(gaps.decided, gaps.counts)
    free = sum_groups((~gaps.fixed).astype(np.int64), gaps.counts)
    rest = gaps.spans.amount - decided
    misfit = known & (((rest < 0) & (gaps.spans.amount >= 0)) | ((free == 0) & (rest != 0)))
    rest = np.where(misfit, 0, rest)
    weight = np.where(gaps.fixed, 0, amount)
    blank = sum_groups(weight, gaps.counts) == 0
    weight = np.where(blank[gaps.owner] & ~gaps.fixed, gaps.length, weight)
    whole = np.flatnonzero(known)
    rows = known[gaps.owner]
    result = amount.copy()
    result[rows] = split_amounts(rest[whole], weight[rows], gaps.counts[whole])
    return np.where(gaps.fixed, gaps.decided, result), misfit, known & blank
