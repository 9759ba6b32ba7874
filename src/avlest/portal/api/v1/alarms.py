# SPDX-License-Identifier: Apache-2.0
"""Alarms of the organisation, or of one's own home in one's own time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Path, Query
from pydantic import Field

from avlest.insight.access import access_alarm, access_alarms
from avlest.insight.contracts import AlarmKind
from avlest.insight.infos import AlarmInfo
from avlest.insight.queries import get_alarm as find_alarm
from avlest.insight.queries import get_alarms
from avlest.portal.access import access_points
from avlest.portal.api import schemas
from avlest.portal.api.paging import ListQuery, Number, get_following, take_offset
from avlest.portal.api.reading_out import parse_instant
from avlest.portal.api.v1.common import (
    answers,
    get_now,
    get_viewer,
    make_router,
    sees_organisation,
    to_kroner,
    to_unit,
)
from avlest.portal.points import access_these_points
from avlest.portal.viewer import Viewer
from avlest.registry.rights import AccessDeniedError

router = make_router("Alarms")
_MOST: Final = 100_000
_SAME: Final = (
    "id", "severity", "since", "opened_at", "last_at", "cleared_at", "point_id", "series_id", "meter_id", "gateway_id",
    "zone_id", "place", "cause", "unit", "count", "fixed_at", "acknowledged_at", "snoozed_until",
)  # fmt: skip


class AlarmQuery(ListQuery):
    """Which alarms."""

    open: bool | None = Field(None, description="Only open, or only cleared ones.")
    kind: list[AlarmKind] = Field([], max_length=50, description="Give it several times.")
    since: datetime | None = Field(None, description="Open at some time from then on; with zone.")
    until: datetime | None = Field(None, description="Open at some time before; with zone.")


@router.get(
    "/alarms", url_name="alarms", operation_id="list_alarms", response=answers(schemas.AlarmPage),
    summary="List alarms",
)  # fmt: skip
def list_alarms(request: HttpRequest, query: Query[AlarmQuery]) -> Any:
    """Alarms, the newest first."""
    viewer, now = get_viewer(request), get_now(request)
    wanted: dict[str, Any] = {
        "kinds": [str(kind) for kind in query.kind] or None, "is_open": query.open,
        "since": parse_instant(query.since, "since"), "until": parse_instant(query.until, "until"),
    }  # fmt: skip

    def find(offset: int, limit: int) -> Sequence[AlarmInfo]:
        most = min(offset + limit, _MOST)
        if sees_organisation(viewer):
            found = access_alarms(viewer.actor, now=now, limit=most, **wanted)
        else:
            found = get_alarms(viewer.scope, now=now, windows=_get_windows(viewer), limit=most, **wanted)
        return found[offset:]

    page = take_offset(find, query)
    return {"items": _write_all(viewer, page.items), "next": get_following(request, page.after)}


@router.get(
    "/alarms/{alarm_id}", url_name="alarm", operation_id="get_alarm", response=answers(schemas.Alarm),
    summary="Get an alarm",
)  # fmt: skip
def get_alarm(request: HttpRequest, alarm_id: Path[Number]) -> Any:
    """One alarm with what it means and what to check."""
    viewer, now = get_viewer(request), get_now(request)
    if sees_organisation(viewer):
        found: AlarmInfo | None = access_alarm(viewer.actor, alarm_id, now=now)
    else:
        found = find_alarm(viewer.scope, alarm_id, now=now, windows=_get_windows(viewer))
    if found is None:
        raise AccessDeniedError(f"no alarm {alarm_id} in this organisation")
    return _write_all(viewer, [found])[0]


def _get_windows(viewer: Viewer) -> dict[int, list[tuple[datetime, datetime | None]]]:
    return {each.point.id: [(window.start, window.stop) for window in each.totals] for each in access_points(viewer)}


def _write_all(viewer: Viewer, alarms: Sequence[AlarmInfo]) -> list[schemas.Alarm]:
    """Alarms as JSON; how much a household uses is told to those only who may see its hours."""
    points = access_these_points(viewer, [each.point_id for each in alarms if each.point_id is not None])
    blind = {number for number, access in points.items() if access.is_personal and not access.hours}
    return [_write(each, with_amounts=each.point_id not in blind) for each in alarms]


def _write(alarm: AlarmInfo, *, with_amounts: bool) -> schemas.Alarm:
    text = alarm.get_text(get_language() or "nb")
    costs = (alarm.cost, alarm.cost_per_year) if with_amounts else (None, None)
    cost, per_year = (None if each is None else float(to_kroner(each)) for each in costs)
    return schemas.Alarm(
        **{name: getattr(alarm, name) for name in _SAME},
        kind=str(alarm.kind),
        state=str(alarm.state),
        rate_per_hour=to_unit(alarm.rate) if with_amounts else None,
        amount=to_unit(alarm.amount) if with_amounts else None,
        cost=cost,
        cost_per_year=per_year,
        title=text.title,
        meaning=text.meaning,
        probable_cause=text.cause,
        checks=list(text.checks),
    )
