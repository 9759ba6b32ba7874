# SPDX-License-Identifier: Apache-2.0
"""What was used: series as frames, for rooms that act for the installation, not a person.

Values are int64 thousandths of the series' unit, instants UTC, periods half-open.  Who acts for a person goes through
`readings.access`, which checks the right and the organisation first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

import polars as pl
from django.db.models import Model, QuerySet

from avlest.readings import totals
from avlest.readings.calendar import derive_day_start, derive_local_day, local_day
from avlest.readings.contracts import CorrectionInfo, DecisionInfo, DeriveProgress, FindingInfo, FormulaInfo
from avlest.readings.derive.known import derive_as_known, derive_quarters_of
from avlest.readings.models import Correction, Decision, DeriveState, DeriveTask, Finding, Formula
from avlest.readings.tables import Store
from avlest.registry.frames import get_feeds_frame

_CHUNK: Final = 512
_SQL_CHUNK: Final = 900
_DAY: Final = timedelta(days=1)
R = TypeVar("R", bound=Model)
Periods = Sequence[tuple[datetime, datetime]]


def get_hourly(
    store: Store, series_ids: Sequence[int], start: datetime, stop: datetime, *, as_known_at: datetime | None = None
) -> pl.DataFrame:
    """Return `series, hour, value, quality, rule, known_at`, one row an hour, sorted; nothing is written.

    `as_known_at`: what would have been derived from what was known then (derived again, not read).
    """
    if as_known_at is None:
        return store.read_range("hourly", ids=list(series_ids), start=start, stop=stop)
    days = derive_local_day(start), derive_local_day(stop) + _DAY
    found = derive_as_known(store, series_ids, *days, as_known_at=as_known_at).hourly
    return found.filter(pl.col("hour") >= start, pl.col("hour") < stop)


def get_daily(
    store: Store,
    series_ids: Sequence[int],
    first_day: date,
    stop_day: date,
    *,
    as_known_at: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the columns of the table `daily`, one row a local day of `[first_day, stop_day)`, sorted.

    `columns`: at least these of what is stored, which costs less than all.
    """
    if as_known_at is None:
        return store.read_range("daily", ids=list(series_ids), start=first_day, stop=stop_day, columns=columns)
    return derive_as_known(store, series_ids, first_day, stop_day, as_known_at=as_known_at).daily


def get_quarters(store: Store, series_ids: Sequence[int], start: datetime, stop: datetime) -> pl.DataFrame:
    """Return `series, quarter, value, quality, rule`: the four quarters of an hour sum to the hour exactly.

    Not stored: made from the hours and the readings within them (ADR 5).
    """
    return derive_quarters_of(store, series_ids, start, stop)


def get_totals(
    store: Store, series_ids: Sequence[int], periods: Periods, *, as_known_at: datetime | None = None
) -> pl.DataFrame:
    """Return one row a (series, period): what was used, and how sure that is.

    Columns: `series, period` (index into `periods`), `start, stop, value` (null where nothing is known), `quality` (the
    lowest of its hours, 0 where one is missing), `hours` (of the period), `hours_known`, `hours_measured`,
    `hours_edited`, `hours_estimated`, `hours_missing`, `value_measured`, `value_edited` and `value_estimated`.
    """
    if not periods:
        return totals.derive_totals(pl.DataFrame(schema=totals.HOURS), [], periods)
    start, stop = min(first for first, _ in periods), max(last for _, last in periods)
    ids = list(dict.fromkeys(series_ids))
    parts = [
        totals.derive_totals(get_hourly(store, some, start, stop, as_known_at=as_known_at), some, periods)
        for some in (ids[at : at + _CHUNK] for at in range(0, len(ids), _CHUNK))
    ]
    return pl.concat(parts) if parts else totals.derive_totals(pl.DataFrame(schema=totals.HOURS), [], periods)


def get_day_totals(store: Store, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return totals of many periods of local days, each with its own series, from the stored days.

    `wanted`: `series, start, stop` (Date, half-open), any number of rows.  Returned in the same order with `value`
    (null where no day has one), `quality` (the lowest, 0 where a day is missing), `days`, `days_missing`,
    `hours_measured`.  Days are read year by year, so that 100,000 series of a year fit in memory.
    """
    if wanted.is_empty():
        return totals.derive_day_totals(pl.DataFrame(schema=totals.DAYS), wanted)
    first, last = wanted.select(pl.col("start").min(), pl.col("stop").max()).row(0)
    parts = []
    for year in range(first.year, last.year + 1):
        begin, end = max(first, date(year, 1, 1)), min(last, date(year + 1, 1, 1))
        rows = store.read_range("daily", ids=wanted["series"].unique(), start=begin, stop=end)
        parts.append(totals.sum_days(rows.select(list(totals.DAYS)), wanted))
    return totals.join_sums(parts, wanted)


def get_latest_values(store: Store, series_ids: Sequence[int]) -> pl.DataFrame:
    """Return `series, register, at, value, quality`: the latest reading of the register that feeds each series."""
    feeds = get_feeds_frame(series_ids)
    newest = store.read_latest("readings", ids=feeds["register"].unique()).select("register", "at", "value", "quality")
    fed = feeds.select("series", "register", "starts_at", "ends_at").join(newest, on="register")
    inside = (pl.col("at") >= pl.col("starts_at")) & (pl.col("at") <= pl.col("ends_at")).fill_null(value=True)
    latest = fed.filter(inside).sort("series", "at").unique("series", keep="last", maintain_order=True)
    return latest.select("series", "register", "at", "value", "quality")


def get_completeness(store: Store, series_ids: Sequence[int], first_day: date, stop_day: date) -> pl.DataFrame:
    """Return `series, day, hours, measured, edited, estimated, missing, quality`: a row for each day, also without any.

    `hours` of a day are 23, 24 or 25; `missing` those without a value.
    """
    days = [first_day + _DAY * n for n in range((stop_day - first_day).days)]
    periods = [(derive_day_start(day), derive_day_start(day + _DAY)) for day in days]
    if not periods:
        return totals.empty_completeness()
    ids = list(dict.fromkeys(series_ids))
    parts = [totals.empty_completeness()]
    for at in range(0, len(ids), _CHUNK):
        some = ids[at : at + _CHUNK]
        rows = get_hourly(store, some, periods[0][0], periods[-1][1]).with_columns(local_day("hour").alias("day"))
        parts.append(totals.derive_completeness(rows, some, days, [(b - a) // timedelta(hours=1) for a, b in periods]))
    return pl.concat(parts)


def get_findings(
    *, series_ids: Sequence[int] | None = None, organisation_id: int | None = None, open_only: bool = True
) -> list[FindingInfo]:
    """Return findings, oldest first."""
    rows = Finding.objects.order_by("starts_at", "pk")
    if open_only:
        rows = rows.filter(state=Finding.State.OPEN)
    if organisation_id is not None:
        rows = rows.of(organisation_id)
    return [to_finding(row) for chunk in _by_series(rows, series_ids) for row in chunk]


def to_finding(row: Finding) -> FindingInfo:
    """A finding as it leaves the room."""
    return FindingInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        series_id=row.series_id,
        code=row.code,
        severity=row.severity,
        suggestion=row.suggestion,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        observed=row.observed,
        limit=row.limit,
        detail=row.detail,
        state=row.state,
        found_at=row.found_at,
    )


def get_decisions(series_ids: Sequence[int]) -> list[DecisionInfo]:
    """Return what people decided about some series, oldest first."""
    rows = Decision.objects.order_by("known_at", "pk")
    return [
        DecisionInfo(
            id=row.pk,
            series_id=row.series_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            action=row.action,
            value=row.value,
            reason=row.reason,
            author=row.author,
            known_at=row.known_at,
        )
        for chunk in _by_series(rows, series_ids)
        for row in chunk
    ]


def get_corrections(
    *, series_ids: Sequence[int] | None = None, organisation_id: int | None = None, open_only: bool = True
) -> list[CorrectionInfo]:
    """Return what changed after it was frozen, by series and day; `open_only`: not settled yet."""
    rows = Correction.objects.order_by("series_id", "day", "known_at")
    if open_only:
        rows = rows.filter(settled_by="")
    if organisation_id is not None:
        rows = rows.of(organisation_id)
    return [to_correction(row) for chunk in _by_series(rows, series_ids) for row in chunk]


def to_correction(row: Correction) -> CorrectionInfo:
    """A correction as it leaves the room."""
    return CorrectionInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        series_id=row.series_id,
        day=row.day,
        before=row.before,
        after=row.after,
        before_quality=row.before_quality,
        after_quality=row.after_quality,
        known_at=row.known_at,
        settled_by=row.settled_by,
    )


def get_formulas(series_ids: Sequence[int]) -> list[FormulaInfo]:
    """Return the formulas of virtual series, by series and time."""
    rows = Formula.objects.order_by("series_id", "starts_on").prefetch_related("terms")
    return [
        FormulaInfo(
            id=row.pk,
            series_id=row.series_id,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            terms=tuple((term.part_id, term.factor) for term in row.terms.all()),
            at_least_zero=row.at_least_zero,
        )
        for chunk in _by_series(rows, series_ids)
        for row in chunk
    ]


def _by_series(rows: QuerySet[R], series_ids: Sequence[int] | None) -> list[QuerySet[R]]:
    if series_ids is None:
        return [rows]
    wanted = sorted(set(series_ids))
    return [rows.filter(series_id__in=wanted[at : at + _SQL_CHUNK]) for at in range(0, len(wanted), _SQL_CHUNK)]


def get_derive_progress() -> DeriveProgress:
    """Return how far derivation has come."""
    state = DeriveState.objects.filter(name="derive").first()
    waiting = DeriveTask.objects.count()
    failing = DeriveTask.objects.exclude(error="").order_by("pk")
    return DeriveProgress(
        horizon=state.horizon if state else None,
        readings_version=state.readings_version if state else None,
        waiting=waiting,
        failing=failing.count(),
        error=failing.values_list("error", flat=True).first() or "",
    )
