# SPDX-License-Identifier: Apache-2.0
"""Readings to hours and days of many series at once.  Pure; start at `derive_series`."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from avlest.readings.calendar import OSLO, derive_day_start
from avlest.readings.quality import Quality
from avlest.readings.vee.arrays import MS_DAY, MS_HOUR, Integers, to_instants, to_integers
from avlest.readings.vee.book import COUNTER, GAUGE, INTERVAL, Book, find_places, floor_hour, make_book
from avlest.readings.vee.contracts import (
    DAILY,
    FINDINGS,
    HOURLY,
    LONG_HISTORY,
    OUTAGES,
    READINGS,
    HistoryReader,
    VeeError,
    VeeInputs,
    VeeResult,
    no_history,
)
from avlest.readings.vee.daily import derive_grid_days, list_days
from avlest.readings.vee.decisions import Decisions, lay_over, make_decisions, mark_replaced, pick_touching
from avlest.readings.vee.estimate import estimate_gaps
from avlest.readings.vee.findings import Findings
from avlest.readings.vee.gaps import is_gap, make_decided, make_gaps, make_periods
from avlest.readings.vee.gauges import fill_gauges
from avlest.readings.vee.grid import CODE, RULES, Grid, add_pieces, make_grid
from avlest.readings.vee.history import Sources, make_weather
from avlest.readings.vee.judge import judge_gaps, judge_spikes, judge_statuses
from avlest.readings.vee.points import READING, Points, derive_points, drop_weak_points
from avlest.readings.vee.spans import Spans, derive_spans
from avlest.readings.vee.thresholds import load_thresholds
from avlest.readings.vee.validate import accumulate_amounts, validate_amounts, validate_counters

_SETTLED_BEFORE = 3 * MS_DAY
_SETTLED_AFTER = 4 * MS_DAY
"""Up to there the readings around a window settle which of them are right; short gaps and their context end there."""


def derive_series(
    inputs: VeeInputs,
    *,
    start: dt.date,
    stop: dt.date,
    horizon: dt.datetime,
    known_at: dt.datetime,
    history: HistoryReader = no_history,
    zone: ZoneInfo = OSLO,
) -> VeeResult:
    """Hours, days and findings of all series of `inputs` in the local days `[start, stop)`.

    Nothing is derived at or after `horizon` (its full hour), and only days that ended by then. `inputs.readings` holds
    those from `MARGIN` before the window to `MARGIN` after it, and three on each side where there are any (see
    `find_unanchored`); `history` then reads stored hours where something is to be estimated. Given that, the rows are
    those that deriving everything gives. Raises `VeeError` for inputs that do not fit their contract.
    """
    if stop <= start:
        raise VeeError("stop", f"{stop} is not after {start}")
    thresholds = load_thresholds()
    cuts = [start, *(day for day in thresholds.dates if start < day < stop), stop]
    parts = [
        _derive_part(inputs, first, last, horizon=horizon, known_at=known_at, history=history, zone=zone)
        for first, last in pairwise(cuts)
    ]
    if len(parts) == 1:
        return parts[0]
    return VeeResult(
        hourly=pl.concat([part.hourly for part in parts]).sort("series", "hour"),
        daily=pl.concat([part.daily for part in parts]).sort("series", "day"),
        findings=pl.concat([part.findings for part in parts]).unique().sort("series", "rule", "start", "stop"),
    )


def _derive_part(
    inputs: VeeInputs, start: dt.date, stop: dt.date, *, horizon: dt.datetime, known_at: dt.datetime,
    history: HistoryReader, zone: ZoneInfo,
) -> VeeResult:  # fmt: skip
    """One window in which no threshold changes."""
    book = make_book(inputs, thresholds=load_thresholds(), day=start)
    findings = Findings(book.ids, load_thresholds())
    end = floor_hour(_to_ms(horizon))
    low, high = (_to_ms(derive_day_start(day, zone=zone)) for day in (start, stop))
    if low % MS_HOUR or high % MS_HOUR:
        raise VeeError("zone", f"{zone.key} is not whole hours from UTC")
    points = validate_readings(inputs, book, findings, horizon=end)
    spans = derive_spans(_without_gauges(points, book), book)
    first, last = _choose_extent(points, low, high, alone=history is no_history)
    grid = make_grid(spans, rows=len(book.ids), start=first, stop=last, step=MS_HOUR, horizon=end)
    fill_gauges(grid, points, book, horizon=end)
    trusted = ((low - _SETTLED_BEFORE) // MS_HOUR, (high + _SETTLED_AFTER) // MS_HOUR)
    decisions = make_decisions(inputs, book)
    weather, replaced = make_weather(inputs.degree_days), mark_replaced(decisions, grid)
    sources = Sources(book, grid, history, weather, zone, trusted, replaced)
    _estimate(inputs, book, spans, sources, decisions, findings, window=(low, min(high, end)))
    judge_statuses(points, inputs, book, findings)
    judge_spikes(sources, findings, start=low, stop=high)
    window = grid.cut(low, high)
    gauges = np.flatnonzero(book.kind == GAUGE)
    return VeeResult(
        hourly=to_hourly(window, book.ids, known_at=known_at),
        daily=derive_grid_days(
            window, book.ids, gauges, days=list_days(start, stop), horizon=end, known_at=known_at, zone=zone
        ),
        findings=_in_window(findings.to_frame(), low, high),
    )


def _to_ms(instant: dt.datetime) -> int:
    if instant.tzinfo is None:
        raise VeeError("horizon", f"{instant} has no time zone; instants are UTC")
    return int(instant.timestamp() * 1000)


def _clean(inputs: VeeInputs) -> VeeInputs:
    """Readings without those that their source already rejected or calls temporary: they must be estimated."""
    missing = [name for name in READINGS if name not in inputs.readings.columns and name != "status"]
    if missing:
        raise VeeError(f"readings.{missing[0]}", f"missing; expected {READINGS[missing[0]]}")
    weak = inputs.readings["quality"] <= int(Quality.TEMPORARY)
    return replace(inputs, readings=inputs.readings.filter(~weak)) if weak.any() else inputs


def validate_readings(inputs: VeeInputs, book: Book, findings: Findings, *, horizon: int) -> Points:
    """The points of all series that rules V01 to V06 leave, with registers that only rise."""
    points = derive_points(_clean(inputs), book, findings, horizon=horizon)
    if (book.kind == COUNTER).any():
        points = validate_counters(drop_weak_points(points, book), book, findings)
    if (book.kind == INTERVAL).any():
        points = accumulate_amounts(validate_amounts(points, book, findings), book)
    return points


def _without_gauges(points: Points, book: Book) -> Points:
    if not (book.kind == GAUGE).any():
        return points
    return points.keep(book.kind[book.feeds.series[points.feed]] != GAUGE)


def _choose_extent(points: Points, low: int, high: int, *, alone: bool) -> tuple[int, int]:
    """The grid holds the window and the settled hours around it for which there are readings.

    Where nothing is stored (`alone`), readings long before the window shape estimates too.
    """
    at = points.at[points.type == READING]
    if not len(at):
        return low, high
    before = int(LONG_HISTORY.total_seconds()) * 1000 if alone else _SETTLED_BEFORE
    first = max(floor_hour(int(at.min())), low - before)
    last = min(floor_hour(int(at.max())) + MS_HOUR, high + _SETTLED_AFTER)
    return min(first, low), max(last, high)


def _estimate(
    inputs: VeeInputs,
    book: Book,
    spans: Spans,
    sources: Sources,
    decisions: Decisions,
    findings: Findings,
    *,
    window: tuple[int, int],
) -> None:
    """Estimate the gaps that touch the window and lay decisions over them."""
    low, high = window
    idle = make_periods(*_load_outages(inputs, book))
    wanted = is_gap(spans) & (spans.start < high) & (spans.stop > low)
    gap_spans = spans.pick(wanted)
    # a decision outside the window may still fix a part of a gap that reaches into it
    begin, end = min(low, int(gap_spans.start.min(initial=low))), max(high, int(gap_spans.stop.max(initial=high)))
    decisions = pick_touching(decisions, start=begin, stop=end)
    nothing = make_decided(*(np.zeros(0, np.int64) for _ in range(3)))
    shares = make_gaps(decisions.spans, idle=idle, decided=nothing)
    amounts = estimate_gaps(shares, sources)[0].amount
    decided = make_decided(*_find_fixed(decisions, shares.owner, shares.hour, amounts))
    gaps = make_gaps(gap_spans, idle=idle, decided=decided)
    pieces, misfit = estimate_gaps(gaps, sources)
    add_pieces(sources.grid, pieces, gaps.spans.series)
    lay_over(sources.grid, decisions, owner=shares.owner, hour=shares.hour, amount=amounts)
    blank = sources.grid.quality == 0
    sources.grid.value[blank] = 0
    unset = blank & (sources.grid.rule != CODE["unmetered"])
    sources.grid.rule[unset] = CODE["missing"]
    judge_gaps(gaps.spans, misfit, pieces, book, findings)


def _find_fixed(
    decisions: Decisions, owner: Integers, hour: Integers, amounts: Integers
) -> tuple[Integers, Integers, Integers]:
    """Decided hours that outrank estimates: all of them do."""
    return decisions.spans.series[owner], hour, amounts


def _load_outages(inputs: VeeInputs, book: Book) -> tuple[Integers, Integers, Integers]:
    rows = inputs.outages.select(list(OUTAGES))
    place, known = find_places(book.ids, to_integers(rows["series"]))
    start, stop = (rows[name].dt.epoch("ms").to_numpy() for name in ("start", "stop"))
    return place[known], start[known], stop[known]


def to_hourly(grid: Grid, ids: Integers, *, known_at: dt.datetime) -> pl.DataFrame:
    """The rows of a grid of hours, columns `HOURLY`, sorted by series and hour."""
    there = grid.quality >= 0
    series = np.repeat(ids, there.sum(axis=1))
    hours = grid.first + np.arange(grid.columns) * grid.step
    column = np.broadcast_to(np.arange(grid.columns), there.shape)[there]
    quality, rule = grid.quality[there], grid.rule[there]
    words = pl.Series([None, *RULES[1:]], dtype=pl.String)
    value = pl.Series(grid.value[there])
    if (quality == 0).any():
        value = value.set(pl.Series(quality == 0), None)
    empty = not rule.any()
    return pl.DataFrame(
        {
            "series": series,
            "hour": to_instants(hours).gather(column),
            "value": value,
            "quality": pl.Series(quality).cast(pl.Int16),
            "rule": words.new_from_index(0, len(rule)) if empty else words.gather(rule.astype(np.uint32)),
            "known_at": pl.Series([known_at], dtype=HOURLY["known_at"]).new_from_index(0, len(rule)),
        }
    )


def _in_window(findings: pl.DataFrame, low: int, high: int) -> pl.DataFrame:
    """Findings that touch the window."""
    start, stop = (pl.lit(ms * 1000).cast(pl.Datetime("us", "UTC")) for ms in (low, high))
    return findings.filter((pl.col("start") < stop) & (pl.col("stop") > start))


def derive_nothing() -> VeeResult:
    """The result of no series."""
    return VeeResult(*(pl.DataFrame(schema=dict(schema)) for schema in (HOURLY, DAILY, FINDINGS)))
