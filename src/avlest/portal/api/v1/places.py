# SPDX-License-Identifier: Apache-2.0
"""Metering points and the meters at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q
from django.http import HttpRequest
from ninja import Path, Query
from pydantic import Field

from avlest.portal.access import PointAccess, access_point, access_points
from avlest.portal.api import schemas
from avlest.portal.api.paging import ListQuery, Number, Page, get_following, read_cursor, take_after, write_cursor
from avlest.portal.api.v1.common import answers, get_viewer, make_router, sees_organisation
from avlest.portal.viewer import Viewer
from avlest.portal.windows import cut
from avlest.registry import mapping
from avlest.registry.contracts import InstallationInfo, PointInfo
from avlest.registry.models import Meter, MeteringPoint
from avlest.registry.queries import get_installations, get_installations_of_points
from avlest.registry.rights import AccessDeniedError

router = make_router("Points and meters")
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)


class PointQuery(ListQuery):
    """Which points."""

    medium: str = Field("", max_length=30, description="Such as `cold_water`, `hot_water`, `heat`, `electricity`.")
    code: str = Field("", max_length=60, description="The point of this code.")


class MeterQuery(ListQuery):
    """Which meters."""

    serial: str = Field("", max_length=40, description="The meters of this serial, or of this number on the meter.")


@router.get(
    "/points", url_name="points", operation_id="list_points", response=answers(schemas.PointPage),
    summary="List metering points",
)  # fmt: skip
def list_points(request: HttpRequest, query: Query[PointQuery]) -> Any:
    """The organisation's points, or those of the homes of the caller."""
    viewer = get_viewer(request)
    page = _page_points(viewer, query) if sees_organisation(viewer) else _page_own_points(viewer, query)
    return {"items": page.items, "next": get_following(request, page.after)}


def _page_points(viewer: Viewer, query: PointQuery) -> Page[schemas.Point]:
    rows = MeteringPoint.objects.of(viewer.scope).filter(_wanted_points(query)).order_by("pk")
    after = read_cursor(query.cursor, int)
    rows = rows.filter(pk__gt=after[0]) if after else rows
    found = [mapping.to_point(row) for row in rows[: query.limit + 1]]
    items = [write_point(point) for point in found[: query.limit]]
    return Page(items, write_cursor(items[-1].id) if len(found) > query.limit else None)


def _wanted_points(query: PointQuery) -> Q:
    wanted = {name: value for name, value in (("medium", query.medium), ("code", query.code)) if value}
    return Q(**wanted)


def _page_own_points(viewer: Viewer, query: PointQuery) -> Page[schemas.Point]:
    own = sorted(access_points(viewer), key=lambda each: each.point.id)
    wanted = [
        write_own_point(each)
        for each in own
        if query.medium in ("", each.point.medium) and query.code in ("", each.point.code)
    ]
    return take_after(wanted, query, lambda point: point.id)


@router.get(
    "/points/{point_id}", url_name="point", operation_id="get_point", response=answers(schemas.Point),
    summary="Get a metering point",
)  # fmt: skip
def get_point(request: HttpRequest, point_id: Path[Number]) -> Any:
    """One point."""
    access = access_point(get_viewer(request), point_id)
    return write_own_point(access) if access.is_own else write_point(access.point)


def write_point(point: PointInfo) -> schemas.Point:
    """A point as the API gives it."""
    names = ("id", "code", "medium", "purpose", "gsrn", "property_id", "unit_id", "zone_id", "parent_id")
    return schemas.Point(**{name: getattr(point, name) for name in names}, visible_from=None, visible_to=None)


def write_own_point(access: PointAccess) -> schemas.Point:
    """A point of one's own home, with the time in which its values are one's own."""
    shown = write_point(access.point)
    if access.totals:
        shown.visible_from, shown.visible_to = access.totals[0].start, access.totals[-1].stop
    return shown


@router.get(
    "/meters", url_name="meters", operation_id="list_meters", response=answers(schemas.MeterPage),
    summary="List meters",
)  # fmt: skip
def list_meters(request: HttpRequest, query: Query[MeterQuery]) -> Any:
    """The organisation's meters, or those that hang or hung in the caller's home in their time."""
    viewer = get_viewer(request)
    own = None if sees_organisation(viewer) else _get_own_installations(viewer)
    rows = Meter.objects.of(viewer.scope).order_by("pk")
    if own is not None:
        rows = rows.filter(pk__in={each.meter_id for each in own})
    if query.serial:
        rows = rows.filter(Q(serial=query.serial.lower()) | Q(printed_number=query.serial))
    after = read_cursor(query.cursor, int)
    found = list((rows.filter(pk__gt=after[0]) if after else rows)[: query.limit + 1])
    some = found[: query.limit]
    placed = own if own is not None else get_installations([row.pk for row in some])
    following = write_cursor(some[-1].pk) if len(found) > query.limit else None
    return {"items": [_write_meter(row, placed) for row in some], "next": get_following(request, following)}


@router.get(
    "/meters/{meter_id}", url_name="meter", operation_id="get_meter", response=answers(schemas.Meter),
    summary="Get a meter",
)  # fmt: skip
def get_meter(request: HttpRequest, meter_id: Path[Number]) -> Any:
    """One meter with where it is and has been."""
    viewer = get_viewer(request)
    row = Meter.objects.of(viewer.scope).filter(pk=meter_id).first()
    placed: Sequence[InstallationInfo] = ()
    if row is not None:
        placed = get_installations([row.pk]) if sees_organisation(viewer) else _get_own_installations(viewer)
    is_theirs = sees_organisation(viewer) or any(each.meter_id == meter_id for each in placed)
    if row is None or not is_theirs:
        raise AccessDeniedError(f"no meter {meter_id} in this organisation")
    return _write_meter(row, placed)


def _get_own_installations(viewer: Viewer) -> list[InstallationInfo]:
    """Where meters hung at one's own points, in one's own time."""
    points = {each.point.id: each for each in access_points(viewer)}
    return [each for each in get_installations_of_points(points) if _touches(points[each.point_id], each)]


def _touches(access: PointAccess, placed: InstallationInfo) -> bool:
    return bool(cut(access.totals, placed.starts_at, placed.ends_at or _FAR))


def _write_meter(row: Meter, placed: Iterable[InstallationInfo]) -> schemas.Meter:
    return schemas.Meter(
        id=row.pk,
        manufacturer=row.manufacturer,
        serial=row.serial,
        printed_number=row.printed_number,
        dev_eui=row.dev_eui,
        family=row.family,
        state=row.state,
        installations=[
            schemas.Placed(point_id=each.point_id, role=each.role, starts_at=each.starts_at, ends_at=each.ends_at)
            for each in placed
            if each.meter_id == row.pk
        ],
    )
