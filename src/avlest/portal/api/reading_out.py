# SPDX-License-Identifier: Apache-2.0
"""Values of series for the API: hours, local days, local months and register readings, page by page.

All go through `portal.access`, which cuts them at what the viewer may see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import polars as pl

from avlest.portal.access import (
    SeriesAccess,
    access_daily,
    access_hourly,
    access_readings,
    access_totals,
)
from avlest.portal.api.paging import read_cursor, write_cursor
from avlest.portal.api.problems import FieldProblem, ProblemError
from avlest.portal.viewer import Viewer
from avlest.readings.calendar import day_start, derive_day_start, derive_local_day, derive_month
from avlest.readings.tables import Store

_INSTANT: Final = pl.Datetime("us", "UTC")
VALUES: Final[dict[str, Any]] = {
    "series": pl.Int64,
    "start": _INSTANT,
    "stop": _INSTANT,
    "value": pl.Int64,
    "quality": pl.Int16,
}
READINGS: Final[dict[str, Any]] = {
    "series": pl.Int64, "register_id": pl.Int64, "at": _INSTANT, "value": pl.Int64, "quality": pl.Int16,
}  # fmt: skip
MOST_SERIES: Final = 200
_MOST_KNOWN: Final = 10
_LONGEST_KNOWN: Final = timedelta(days=62)
_EPOCH: Final = datetime(1990, 1, 1, tzinfo=UTC)
_END: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Resolution(StrEnum):
    """The length of the periods of values."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_LONGEST: Final = {
    Resolution.HOUR: timedelta(days=400),
    Resolution.DAY: timedelta(days=3700),
    Resolution.MONTH: timedelta(days=3700),
}
_ROWS: Final = {
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(hours=23),
    Resolution.MONTH: timedelta(days=28),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: values of periods that begin in `[start, stop)`, at most `limit` rows after `cursor`."""

    start: datetime
    stop: datetime
    resolution: Resolution = Resolution.DAY
    limit: int = 5000
    cursor: str = ""
    as_known_at: datetime | None = None


def parse_period(
    start: datetime | None, stop: datetime | None, *, longest: timedelta, now: datetime
) -> tuple[datetime, datetime]:
    """Return a checked period in UTC; by default the 31 days up to now.  `ProblemError` names the field."""
    last = parse_instant(stop, "stop") or now
    first = parse_instant(start, "start") or last - timedelta(days=31)
    if first >= last:
        raise _wrong("stop", "expected a time after start")
    if last - first > longest:
        raise _wrong("start", f"expected at most {longest.days} days at once")
    return first, last


def parse_instant(instant: datetime | None, field: str) -> datetime | None:
    """Return an instant that has a zone and that all parts can hold; `ProblemError` names the field."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise _wrong(field, "expected a time with zone, such as 2026-01-31T00:00:00Z")
    if not _EPOCH <= instant <= _END:
        raise _wrong(field, f"expected a time from {_EPOCH.year} to {_END.year}")
    return instant.astimezone(UTC)


def get_longest(resolution: Resolution) -> timedelta:
    """Return how long a period may be asked for at once."""
    return _LONGEST[resolution]


def _wrong(field: str, detail: str) -> ProblemError:
    return ProblemError(422, "invalid", f"{field}: {detail}", problems=[FieldProblem(detail, field, "period")])


def read_values(
    viewer: Viewer, store: Store, series: Sequence[SeriesAccess], wanted: Wanted, *, now: datetime
) -> tuple[pl.DataFrame, str | None]:
    """Return a page of `VALUES`, by series (in their order) and time, and the cursor of the next page.

    `ProblemError` 403 for hours or days of which the viewer may see only sums of months, or nothing.
    """
    check_detail(series, wanted.resolution)
    _check_known(series, wanted, now=now)
    at = read_cursor(wanted.cursor, int, str)
    rest = _skip_to(series, at[0]) if at else list(series)
    frames: list[pl.DataFrame] = []
    rows, page = 0, max(1, wanted.limit * _ROWS[wanted.resolution] // (wanted.stop - wanted.start))
    while rest and rows <= wanted.limit:
        some, rest = rest[:page], rest[page:]
        frame = _read_some(viewer, store, some, wanted, now=now)
        if at and not frames:
            frame = frame.filter((pl.col("series") != at[0]) | (pl.col("start") > _parse_instant(at[1])))
        order = {each.series.id: number for number, each in enumerate(some)}
        frame = frame.sort(pl.col("series").replace_strict(order, return_dtype=pl.Int64), "start")
        frames.append(frame)
        rows += frame.height
    found = pl.concat(frames) if frames else pl.DataFrame(schema=VALUES)
    return _cut_page(found, wanted.limit, "series", "start")


def _parse_instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong("cursor", "expected the cursor of the page before") from error


def _skip_to(series: Sequence[SeriesAccess], number: int) -> list[SeriesAccess]:
    ids = [each.series.id for each in series]
    if number not in ids:
        raise _wrong("cursor", "expected the cursor of the page before, with the same series")
    return list(series)[ids.index(number) :]


def _cut_page(found: pl.DataFrame, limit: int, number: str, time: str) -> tuple[pl.DataFrame, str | None]:
    page = found.head(limit)
    if found.height <= limit:
        return page, None
    last, at = page.select(number, time).row(-1)
    return page, write_cursor(last, at.isoformat())


def check_detail(series: Sequence[SeriesAccess], resolution: Resolution) -> None:
    """Say so instead of giving nothing where the viewer may not look so closely."""
    for each in series:
        if not each.access.totals:
            raise ProblemError(403, "nothing", "your role sees nothing of what this household uses")
        if resolution != Resolution.MONTH and not each.access.hours:
            raise ProblemError(403, "only_months", "only whole months of this series may be seen: resolution=month")


def _check_known(series: Sequence[SeriesAccess], wanted: Wanted, *, now: datetime) -> None:
    """What was known then is worked out again: only for so much."""
    if wanted.as_known_at is None:
        return
    if wanted.as_known_at.tzinfo is None or not _EPOCH <= wanted.as_known_at <= now:
        raise _wrong("as_known_at", "expected a time with zone that is not ahead")
    if wanted.resolution == Resolution.MONTH:
        raise _wrong("as_known_at", "expected resolution hour or day: months are not kept as known then")
    if len(series) > _MOST_KNOWN or wanted.stop - wanted.start > _LONGEST_KNOWN:
        detail = f"expected at most {_MOST_KNOWN} series and {_LONGEST_KNOWN.days} days together with as_known_at"
        raise _wrong("as_known_at", detail)


def _read_some(
    viewer: Viewer, store: Store, series: Sequence[SeriesAccess], wanted: Wanted, *, now: datetime
) -> pl.DataFrame:
    if wanted.resolution == Resolution.HOUR:
        start, stop, known = wanted.start, wanted.stop, wanted.as_known_at
        hours = access_hourly(viewer, store, series, start, stop, now=now, as_known_at=known)
        times = (pl.col("hour").alias("start"), (pl.col("hour") + pl.duration(hours=1)).alias("stop"))
        return hours.with_columns(*times).select(_as(VALUES))
    if wanted.resolution == Resolution.DAY:
        return _read_days(viewer, store, series, wanted, now=now)
    return _read_months(viewer, store, series, wanted, now=now)


def _read_days(
    viewer: Viewer, store: Store, series: Sequence[SeriesAccess], wanted: Wanted, *, now: datetime
) -> pl.DataFrame:
    """Local days that begin in the period."""
    first, last = _find_days(wanted.start, wanted.stop)
    begin, end = derive_day_start(first), derive_day_start(last)
    days = access_daily(viewer, store, series, begin, end, now=now, as_known_at=wanted.as_known_at)
    if not days.width:
        return pl.DataFrame(schema=VALUES)
    following = days.with_columns((pl.col("day") + pl.duration(days=1)).alias("next"))
    return following.with_columns(day_start("day").alias("start"), day_start("next").alias("stop")).select(_as(VALUES))


def _find_days(start: datetime, stop: datetime) -> tuple[date, date]:
    """The first local day that begins in the period, and the first that begins after it."""
    return _first_from(start), _first_from(stop)


def _first_from(instant: datetime) -> date:
    day = derive_local_day(instant)
    return day if derive_day_start(day) >= instant else day + timedelta(days=1)


def _read_months(
    viewer: Viewer, store: Store, series: Sequence[SeriesAccess], wanted: Wanted, *, now: datetime
) -> pl.DataFrame:
    """Local months that begin in the period; the sums of a counter, the mean of a gauge.

    The month of a move is cut at it: `start` and `stop` are those of the part that may be seen.
    """
    months = _list_months(wanted)
    totals = access_totals(viewer, store, series, months, now=now)
    if not totals.width:
        return pl.DataFrame(schema=VALUES)
    gauges = [each.series.id for each in series if each.series.kind == "gauge"]
    mean = (pl.col("value") / pl.col("hours_known")).round().cast(pl.Int64)
    value = pl.when(pl.col("series").is_in(gauges) & (pl.col("hours_known") > 0)).then(mean).otherwise(pl.col("value"))
    return totals.with_columns(value.alias("value")).select(_as(VALUES))


def _list_months(wanted: Wanted) -> list[tuple[datetime, datetime]]:
    day = derive_local_day(wanted.start)
    year, month = day.year, day.month
    found: list[tuple[datetime, datetime]] = []
    while True:
        start, stop = derive_month(year, month)
        if start >= wanted.stop:
            return found
        if start >= wanted.start:
            found.append((start, stop))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _as(schema: dict[str, Any]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in schema.items()]


def read_readings(
    viewer: Viewer, store: Store, series: SeriesAccess, wanted: Wanted, *, now: datetime
) -> tuple[pl.DataFrame, str | None]:
    """Return a page of `READINGS` and the cursor of the next; for a resident counted from the take-over."""
    check_detail([series], Resolution.HOUR)
    at = read_cursor(wanted.cursor, int, str)
    rows = access_readings(viewer, store, series, wanted.start, wanted.stop, now=now)
    if not rows.width:
        return pl.DataFrame(schema=READINGS), None
    named = rows.rename({"register": "register_id"}).with_columns(pl.lit(series.series.id).alias("series"))
    rows = named.select(_as(READINGS)).sort("at", "register_id")
    if at:
        instant = _parse_instant(at[1])
        rows = rows.filter((pl.col("at") > instant) | ((pl.col("at") == instant) & (pl.col("register_id") > at[0])))
    return _cut_page(rows, wanted.limit, "register_id", "at")
