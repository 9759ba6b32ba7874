# SPDX-License-Identifier: Apache-2.0
"""Series and their values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Schema
from pydantic import Field

from avlest.portal.access import SeriesAccess, access_own_series, access_series, access_these_series
from avlest.portal.api import schemas
from avlest.portal.api.consenting import require_consent
from avlest.portal.api.formats import MEDIA_TYPES, Format, answer_rows, choose_format
from avlest.portal.api.latest import read_latest
from avlest.portal.api.paging import ListQuery, Number, get_following, read_cursor, take_after, write_cursor
from avlest.portal.api.reading_out import (
    MOST_SERIES,
    Resolution,
    Wanted,
    check_detail,
    get_longest,
    parse_period,
    read_readings,
    read_values,
)
from avlest.portal.api.v1.common import answers, files, get_caller, get_now, get_viewer, make_router, sees_organisation
from avlest.portal.store import get_store
from avlest.registry import mapping
from avlest.registry.contracts import SeriesInfo
from avlest.registry.models import Series

router = make_router("Series and values")
_LONGEST_READINGS = timedelta(days=1100)
_OTHER = [MEDIA_TYPES[each].partition(";")[0] for each in Format if each != Format.JSON]
_FILES = files(*_OTHER, description="A page of rows, in the format asked for.")


class SeriesQuery(ListQuery):
    """Which series."""

    point: int | None = Field(None, ge=1, le=2**63 - 1, description="Those of this point.")


class PeriodQuery(Schema):
    """Which period, how many rows, in which format."""

    start: datetime | None = Field(None, description="From, with zone; default: 31 days before `stop`.")
    stop: datetime | None = Field(None, description="To (exclusive), with zone; default: now.")
    limit: int = Field(5000, ge=1, le=100_000, description="Most rows of a page.")
    cursor: str = Field("", max_length=200, description="From `next` of the page before.")
    format: Format | None = Field(None, description="Default: what `Accept` asks for, else JSON.")


class ValueQuery(PeriodQuery):
    """How long the periods of values are, and as known when."""

    resolution: Resolution = Field(Resolution.DAY, description="Hours, local days or local months (Europe/Oslo).")
    as_known_at: datetime | None = Field(None, description="What would have been said then; hours and days only.")


class ManyValueQuery(ValueQuery):
    """The same for many series."""

    series: list[Number] = Field(min_length=1, max_length=MOST_SERIES, description="Give it several times.")


@router.get(
    "/series", url_name="series", operation_id="list_series", response=answers(schemas.SeriesPage),
    summary="List series",
)  # fmt: skip
def list_series(request: HttpRequest, query: Query[SeriesQuery]) -> Any:
    """The organisation's series, or those of the caller's homes."""
    viewer = get_viewer(request)
    if not sees_organisation(viewer):
        own = [each.series for each in access_own_series(viewer) if query.point in (None, each.series.point_id)]
        page = take_after(sorted(own, key=lambda each: each.id), query, lambda each: each.id)
        return {"items": [_write(each) for each in page.items], "next": get_following(request, page.after)}
    rows = Series.objects.of(viewer.scope).order_by("pk")
    rows = rows.filter(point_id=query.point) if query.point else rows
    after = read_cursor(query.cursor, int)
    found = list((rows.filter(pk__gt=after[0]) if after else rows)[: query.limit + 1])
    some = found[: query.limit]
    following = write_cursor(some[-1].pk) if len(found) > query.limit else None
    return {"items": [_write(mapping.to_series(row)) for row in some], "next": get_following(request, following)}


@router.get(
    "/series/{series_id}", url_name="one_series", operation_id="get_series", response=answers(schemas.Series),
    summary="Get a series",
)  # fmt: skip
def get_series(request: HttpRequest, series_id: Path[Number]) -> Any:
    """One series."""
    return _write(access_series(get_viewer(request), series_id).series)


def _write(series: SeriesInfo) -> schemas.Series:
    names = ("id", "point_id", "quantity", "unit", "kind", "qualifier", "tariff", "role")
    return schemas.Series(**{name: getattr(series, name) for name in names})


@router.get(
    "/series/{series_id}/latest", url_name="latest", operation_id="get_latest", response=answers(schemas.Latest),
    summary="Get what is known last",
)  # fmt: skip
def get_latest(request: HttpRequest, series_id: Path[Number]) -> Any:
    """The last reading, and what was used so far today and this month."""
    viewer = get_viewer(request)
    series = [access_series(viewer, series_id)]
    check_detail(series, Resolution.HOUR)
    allowed = require_consent(get_caller(request), series, now=get_now(request))
    return schemas.Latest(**read_latest(viewer, get_store(), allowed, now=get_now(request))[0])


@router.get(
    "/series/{series_id}/values", url_name="values", operation_id="list_values_of_series",
    response=answers(schemas.ValuePage, refusals=(404, 406, 422)), summary="Get values of a series",
    openapi_extra=_FILES,
)  # fmt: skip
def list_values_of_series(request: HttpRequest, series_id: Path[Number], query: Query[ValueQuery]) -> Any:
    """Validated values by hour, local day or local month, as JSON, CSV, Parquet or an Arrow stream."""
    return _answer_values(request, [access_series(get_viewer(request), series_id)], query)


@router.get(
    "/values", url_name="all_values", operation_id="list_values",
    response=answers(schemas.ValuePage, refusals=(404, 406, 422)), summary="Get values of many series",
    openapi_extra=_FILES,
)  # fmt: skip
def list_values(request: HttpRequest, query: Query[ManyValueQuery]) -> Any:
    """The same for up to 200 series, in the order asked for; one that is not the caller's refuses the whole request."""
    return _answer_values(request, access_these_series(get_viewer(request), query.series), query)


def _answer_values(request: HttpRequest, series: list[SeriesAccess], query: ValueQuery) -> Any:
    form, now = choose_format(request, query.format), get_now(request)
    start, stop = parse_period(query.start, query.stop, longest=get_longest(query.resolution), now=now)
    wanted = Wanted(
        start=start, stop=stop, resolution=query.resolution, limit=query.limit, cursor=query.cursor,
        as_known_at=query.as_known_at,
    )  # fmt: skip
    if query.resolution != Resolution.MONTH:
        series = require_consent(get_caller(request), series, now=now)
    frame, cursor = read_values(get_viewer(request), get_store(), series, wanted, now=now)
    return answer_rows(request, frame, form, following=_follow(request, cursor, wanted))


@router.get(
    "/series/{series_id}/readings", url_name="readings_of", operation_id="list_readings",
    response=answers(schemas.ReadingPage, refusals=(404, 406, 422)), summary="Get readings of a series",
    openapi_extra=_FILES,
)  # fmt: skip
def list_readings(request: HttpRequest, series_id: Path[Number], query: Query[PeriodQuery]) -> Any:
    """What the registers of the meters of a series said; for a resident relative to the take-over."""
    form, now, viewer = choose_format(request, query.format), get_now(request), get_viewer(request)
    start, stop = parse_period(query.start, query.stop, longest=_LONGEST_READINGS, now=now)
    wanted = Wanted(start=start, stop=stop, limit=query.limit, cursor=query.cursor)
    (series,) = require_consent(get_caller(request), [access_series(viewer, series_id)], now=now)
    frame, cursor = read_readings(viewer, get_store(), series, wanted, now=now)
    return answer_rows(request, frame, form, following=_follow(request, cursor, wanted))


def _follow(request: HttpRequest, cursor: str | None, wanted: Wanted) -> str | None:
    """The next page of the same period, even where its ends were left out and time goes on."""
    ends = {"start": _to_text(wanted.start), "stop": _to_text(wanted.stop)}
    return get_following(request, cursor, **ends)


def _to_text(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds" if instant.microsecond else "seconds").replace("+00:00", "Z")
