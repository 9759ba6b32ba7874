# SPDX-License-Identifier: Apache-2.0
"""The only door to values: what a person asks for is cut at what they may see, on the server.

Every function takes the viewer first and raises `AccessDeniedError` (404 to the person) for what is not theirs.  What
lies outside a window is absent: no row, no sum, no register value that could be subtracted (rules §8.3).  Staff who
look at a household's hours have said why (`ReasonNeededError` asks them) and the resident sees that they did.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from avlest.portal.looks import Look, do_record_looks
from avlest.portal.points import Detail, PointAccess, access_point, access_points, access_these_points
from avlest.portal.viewer import Viewer
from avlest.portal.windows import Window, cut, intersect
from avlest.readings import queries
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.tables import Store
from avlest.registry.contracts import SeriesInfo
from avlest.registry.models import Series
from avlest.registry.queries import get_series, get_series_feeds
from avlest.registry.rights import AccessDeniedError

__all__ = [
    "Detail",
    "PointAccess",
    "ReasonNeededError",
    "SeriesAccess",
    "TakeOver",
    "access_daily",
    "access_hourly",
    "access_own_series",
    "access_point",
    "access_points",
    "access_readings",
    "access_series",
    "access_take_over",
    "access_these_series",
    "access_totals",
]

_INSTANT: Final = pl.Datetime("us", "UTC")
HOURS: Final[dict[str, Any]] = {
    "series": pl.Int64,
    "hour": _INSTANT,
    "value": pl.Int64,
    "quality": pl.Int16,
    "rule": pl.String,
    "known_at": _INSTANT,
}
READINGS: Final[dict[str, Any]] = {"register": pl.Int64, "at": _INSTANT, "value": pl.Int64, "quality": pl.Int16}
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)


class ReasonNeededError(PermissionError):
    """Staff is about to see what a household uses by the hour and has not said why; the middleware asks."""


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesAccess:
    """A series with the access to its point."""

    series: SeriesInfo
    access: PointAccess


@dataclasses.dataclass(frozen=True, slots=True)
class TakeOver:
    """The register value (thousandths of the unit) at the moment a person took over: the one number both know."""

    at: datetime
    value: int


def access_own_series(viewer: Viewer) -> list[SeriesAccess]:
    """Return the series of the resident's own points, in the order of the points."""
    points = {each.point.id: each for each in access_points(viewer)}
    found = get_series(points)
    order = {point: at for at, point in enumerate(points)}
    return [SeriesAccess(each, points[each.point_id]) for each in sorted(found, key=lambda s: order[s.point_id])]


def access_series(viewer: Viewer, series_id: int) -> SeriesAccess:
    """Return one series with its windows."""
    row = Series.objects.filter(organisation_id=viewer.scope, pk=series_id).first()
    if row is None:
        raise AccessDeniedError(f"no series {series_id} in this organisation")
    access = access_point(viewer, row.point_id)
    return SeriesAccess(next(each for each in get_series([row.point_id]) if each.id == series_id), access)


def access_these_series(viewer: Viewer, series_ids: Sequence[int]) -> list[SeriesAccess]:
    """Return many series with their windows in few queries, in the order asked for; refuse one that is not theirs."""
    wanted = list(dict.fromkeys(series_ids))
    rows = dict(Series.objects.filter(organisation_id=viewer.scope, pk__in=wanted).values_list("pk", "point_id"))
    points = access_these_points(viewer, rows.values())
    infos = {each.id: each for each in get_series(points)}
    for number in wanted:
        if number not in infos:
            raise AccessDeniedError(f"no series {number} in this organisation")
    return [SeriesAccess(infos[number], points[rows[number]]) for number in wanted]


def access_hourly(
    viewer: Viewer,
    store: Store,
    series: Sequence[SeriesAccess],
    start: datetime,
    stop: datetime,
    *,
    now: datetime,
    as_known_at: datetime | None = None,
) -> pl.DataFrame:
    """Return the hours of `readings.queries.get_hourly` that the viewer may see, of series they have access to.

    A series outside its windows gives no rows, not zeros.
    """
    _look_closely(viewer, series, "hours", now=now)
    frames = [
        queries.get_hourly(store, ids, first, last, as_known_at=as_known_at)
        for windows, ids in _by_windows(series).items()
        for first, last in cut(windows, start, stop)
    ]
    return _concatenate(frames) if frames else pl.DataFrame(schema=HOURS)


def access_daily(
    viewer: Viewer,
    store: Store,
    series: Sequence[SeriesAccess],
    start: datetime,
    stop: datetime,
    *,
    now: datetime,
    as_known_at: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the rows of the table `daily` for local days that lie wholly in a window of hours, and in the period.

    `columns`: at least these, which costs less than all.
    """
    _look_closely(viewer, series, "days", now=now)
    frames = []
    for windows, ids in _by_windows(series).items():
        for first, last in cut(windows, start, stop):
            begin, end = derive_local_day(first), derive_local_day(last)
            begin += timedelta(days=derive_day_start(begin) < first)
            if begin < end:
                frames.append(queries.get_daily(store, ids, begin, end, as_known_at=as_known_at, columns=columns))
    return _concatenate(frames)


def _by_windows(series: Sequence[SeriesAccess]) -> dict[tuple[Window, ...], list[int]]:
    """The numbers of series that may be seen in the same windows: they are read together."""
    found: dict[tuple[Window, ...], list[int]] = {}
    for each in series:
        found.setdefault(each.access.hours, []).append(each.series.id)
    return found


def access_totals(
    viewer: Viewer,
    store: Store,
    series: Sequence[SeriesAccess],
    periods: Sequence[tuple[datetime, datetime]],
    *,
    now: datetime,
) -> pl.DataFrame:
    """Return sums as `readings.queries.get_totals` does: one row a (series, period) that the viewer may see.

    Each period is cut at the windows first.  A period of which nothing is visible gives no row, so a comparison with
    the time before a move is empty.  Where only sums may be seen, a period must begin and end with a local month or
    with the window: shorter ones would be hours by subtraction (`AccessDeniedError`).
    """
    _record(viewer, series, "totals", now=now)
    frames = []
    for each in series:
        parts = [part for index, period in enumerate(periods) for part in _cut_period(each, index, period)]
        if parts:
            found = queries.get_totals(store, [each.series.id], [(first, last) for _, first, last in parts])
            frames.append(
                found.with_columns(pl.col("period").replace_strict([*range(len(parts))], [i for i, *_ in parts]))
            )
    return _concatenate(frames)


def _cut_period(
    each: SeriesAccess, index: int, period: tuple[datetime, datetime]
) -> list[tuple[int, datetime, datetime]]:
    parts = cut(each.access.totals, *period)
    hours = each.access.hours
    for first, last in parts:
        if cut(hours, first, last) != [(first, last)] and not _is_coarse(each.access.totals, first, last):
            raise AccessDeniedError("only whole months of this series may be seen")
    return [(index, first, last) for first, last in parts]


def _is_coarse(windows: Iterable[Window], first: datetime, last: datetime) -> bool:
    edges = {edge for window in windows for edge in window}
    return all(edge in edges or _is_month_start(edge) for edge in (first, last))


def _is_month_start(instant: datetime) -> bool:
    day = derive_local_day(instant)
    return day.day == 1 and derive_day_start(day) == instant


def access_readings(
    viewer: Viewer, store: Store, series: SeriesAccess, start: datetime, stop: datetime, *, now: datetime
) -> pl.DataFrame:
    """Return register readings `register, at, value, quality` of the meters that fed a series, in the windows of hours.

    For a resident `value` is relative to the register at the take-over (the window's start) or, for a meter put up
    later, to its start value: a cumulative register would tell what was used before.  For staff it is the register.
    """
    _look_closely(viewer, [series], "readings", now=now)
    frames = []
    for window in series.access.hours:
        frames += _read_window(viewer, store, series, window, (start, stop))
    return _concatenate(frames) if frames else pl.DataFrame(schema=READINGS)


def _read_window(
    viewer: Viewer, store: Store, series: SeriesAccess, window: Window, period: tuple[datetime, datetime]
) -> list[pl.DataFrame]:
    frames = []
    for feed in get_series_feeds([series.series.id]):
        fed = intersect(Window(feed.starts_at, feed.ends_at), *period)
        part = fed and intersect(window, *fed)
        if not part:
            continue
        rows = store.read_range("readings", ids=[feed.register_id], start=part[0], stop=part[1])
        shown = rows.select("register", "at", "value", "quality")
        if not series.access.is_own:
            frames.append(shown)
            continue
        base = feed.start_value if feed.starts_at >= window.start else None
        base = (
            base if base is not None else _get_base(store, feed.register_id, max(window.start, feed.starts_at), part[1])
        )
        if base is not None:
            frames.append(shown.with_columns(pl.col("value") - base))
    return frames


def _get_base(store: Store, register_id: int, start: datetime, stop: datetime) -> int | None:
    """The first register value in the window: what came before stays unknown, even the hours since the window began."""
    rows = store.read_range("readings", ids=[register_id], start=start, stop=stop)
    return int(rows["value"][0]) if rows.height else None


def access_take_over(viewer: Viewer, store: Store, series: SeriesAccess) -> TakeOver | None:
    """Return the register value with which the viewer's present window began; None when nothing was read then.

    It is the first reading in the window, which both the one who left and the one who came may know.
    """
    if not series.access.hours:
        return None
    window = series.access.hours[-1]
    for feed in get_series_feeds([series.series.id]):
        part = intersect(Window(feed.starts_at, feed.ends_at), window.start, window.stop or _FAR)
        if part:
            rows = store.read_range("readings", ids=[feed.register_id], start=part[0], stop=part[1])
            return TakeOver(rows["at"][0], int(rows["value"][0])) if rows.height else None
    return None


def _look_closely(viewer: Viewer, series: Sequence[SeriesAccess], what: str, *, now: datetime) -> None:
    """Refuse staff without a reason a household's hours; write down that they looked."""
    foreign = [each for each in series if _is_foreign(viewer, each)]
    if foreign and not viewer.reason:
        raise ReasonNeededError("say why you need to see what a household uses by the hour")
    _record(viewer, foreign, what, now=now)


def _record(viewer: Viewer, series: Iterable[SeriesAccess], what: str, *, now: datetime) -> None:
    points = dict.fromkeys(each.access.point.id for each in series if _is_foreign(viewer, each))
    do_record_looks(viewer, [Look(point, what) for point in points], now=now)


def _is_foreign(viewer: Viewer, each: SeriesAccess) -> bool:
    """Whether the viewer looks at the values of somebody else's household."""
    return each.access.is_personal and (not each.access.is_own or viewer.seen_as is not None)


def _concatenate(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows together; a frame without columns when nothing was visible."""
    return pl.concat(frames, how="vertical_relaxed") if frames else pl.DataFrame()
