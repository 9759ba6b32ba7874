# SPDX-License-Identifier: Apache-2.0
"""Findings of one derivation: gaps (V11), sums (V10), spikes (V07), info codes (V13).  Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from avlest.readings.vee.arrays import MS_DAY, MS_HOUR, Floats, Integers, Mask, to_integers
from avlest.readings.vee.book import GAUGE, Book
from avlest.readings.vee.contracts import Action, Severity, VeeInputs
from avlest.readings.vee.findings import Findings
from avlest.readings.vee.grid import Pieces
from avlest.readings.vee.history import WEEK, WEEKS, History, Sources, go_back_columns
from avlest.readings.vee.points import READING, Points
from avlest.readings.vee.spans import Spans

_TOLERANCE: Final = 1.5
"""A reading may come this many cadences after the one before."""


def judge_gaps(spans: Spans, misfit: Mask, pieces: Pieces, book: Book, findings: Findings) -> None:
    """V11: expected readings are missing for long; a task when longer than `prolonged_days`. V10: a decision does
    not fit what the registers say."""
    length = spans.stop - spans.start
    late = length > _TOLERANCE * book.cadence_ms[spans.series]
    told = late & (length >= book.limit("gap_h", factor=MS_HOUR)[spans.series])
    prolonged = told & (length > book.limit("prolonged_days", factor=MS_DAY)[spans.series])
    for where, detail, severity in ((told & ~prolonged, "gap", None), (prolonged, "prolonged", Severity.TASK)):
        findings.add(
            "V11", series=spans.series[where], start=spans.start[where], stop=spans.stop[where],
            value=length[where] // 1000, limit=book.cadence_ms[spans.series[where]] // 1000, detail=detail,
            severity=severity, action=Action.EDIT if severity else None,
        )  # fmt: skip
    findings.add(
        "V10", series=spans.series[misfit], start=spans.start[misfit], stop=spans.stop[misfit],
        value=spans.amount[misfit], detail="decision against register", severity=Severity.SUSPECT, action=Action.EDIT,
    )  # fmt: skip


def judge_statuses(points: Points, inputs: VeeInputs, book: Book, findings: Findings) -> None:
    """V13: the meter said that it was opened (decide by discretion) or ran dry."""
    for name, severity, action in (
        ("tamper", Severity.TASK, Action.DISCRETION),
        ("dry", Severity.SUSPECT, None),
    ):
        if name not in inputs.statuses.columns:
            continue
        numbers = to_integers(inputs.statuses.filter(inputs.statuses[name].fill_null(value=False))["status"])
        flagged = (points.type == READING) & np.isin(points.status, numbers)
        if not flagged.any():
            continue
        feed = points.feed
        begins = flagged & ~np.append(False, flagged[:-1] & (feed[1:] == feed[:-1]))
        ends = flagged & ~np.append(flagged[1:] & (feed[1:] == feed[:-1]), False)
        series = book.feeds.series[feed]
        findings.add(
            "V13", series=series[begins], start=points.at[begins], stop=points.at[ends] + 1,
            value=np.flatnonzero(ends) - np.flatnonzero(begins) + 1, detail=name, severity=severity, action=action,
        )  # fmt: skip


def judge_spikes(sources: Sources, findings: Findings, *, start: int, stop: int) -> None:
    """V07: a measured hour far above the median of the same hour of the week over 8 weeks, and above the floor."""
    grid, book = sources.grid, sources.book
    floor = book.limit("spike_floor")
    low, high = ((ms - grid.first) // MS_HOUR for ms in (start, stop))
    above = (grid.value[:, low:high] > floor[:, None]) & grid.is_read()[:, low:high] & (book.kind != GAUGE)[:, None]
    series, column = np.nonzero(above)
    if not len(series):
        return
    hour = column + start // MS_HOUR
    history = sources.read(np.unique(series), start=int(hour.min()) - WEEK * WEEKS - 2, stop=int(hour.max()) + 1)
    rows = history.rows_of(series)
    median = _find_medians(_read_weeks(history, rows, hour))
    value = grid.value[series, column + low]
    limit = np.maximum(book.limits["spike_factor"][series] * np.nan_to_num(median), floor[series])
    findings.add_points(
        "V07", series=series, at=hour * MS_HOUR, where=(value > limit) & ~np.isnan(median), value=value,
        limit=limit.astype(np.int64), detail="spike", action=Action.ACCEPT,
    )  # fmt: skip


def _read_weeks(history: History, rows: Integers, hours: Integers) -> Floats:
    """The same hours of the eight weeks before, one column a week; NaN where not known."""
    columns = []
    for week in range(1, WEEKS + 1):
        earlier = go_back_columns(history, hours, week)
        value, known = history.look(rows, earlier)
        columns.append(np.where(known, value * history.weather_at(rows, earlier), np.nan))
    return np.stack(columns, axis=1)


def _find_medians(values: Floats) -> Floats:
    """Median of each row; NaN where a row has no value."""
    ordered = np.sort(values, axis=1)
    count = np.count_nonzero(~np.isnan(values), axis=1)
    middle = np.maximum(count - 1, 0)
    rows = np.arange(len(values))
    medians: Floats = (ordered[rows, middle // 2] + ordered[rows, (middle + 1) // 2]) / 2
    return medians
