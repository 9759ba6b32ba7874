# SPDX-License-Identifier: Apache-2.0
"""An alarm behind a link from a message: without a login, for a few days, this alarm only and no hourly values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.insight.infos import AlarmInfo
from avlest.insight.links import read_link
from avlest.insight.queries import cut_alarm, get_alarm
from avlest.insight.wishes import find_alarm_organisation
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.alarms import get_text
from avlest.registry.models import MeteringPoint, Tenancy


@require_safe
def show_signed_alarm(request: ViewerRequest, token: str) -> HttpResponse:
    """What the message was about, as it stands now; an old or changed link says so, with the way to the login."""
    link = read_link(token)
    alarm = _find(link[0], link[1], now=request.now) if link else None
    context = {"alarm": alarm, "text": get_text(alarm) if alarm else None}
    answer = render(request, "portal/resident/signed_alarm.html", context, status=200 if alarm else 410)
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _find(alarm_id: int, made_at: datetime, *, now: datetime) -> AlarmInfo | None:
    """The alarm, cut at the time of those who lived there when the message was sent."""
    organisation = find_alarm_organisation(alarm_id)
    found = get_alarm(organisation, alarm_id, now=now) if organisation else None
    if found is None or found.point_id is None:
        return found
    windows = _get_windows(found.point_id, made_at)
    return cut_alarm(found, windows) if windows else found


def _get_windows(point_id: int, at: datetime) -> list[tuple[datetime, datetime | None]]:
    point = MeteringPoint.objects.get(pk=point_id)
    place: dict[str, Any] = {"unit_id": point.unit_id} if point.unit_id else {"property_id": point.property_id}
    rows = Tenancy.objects.filter(**place)
    return [
        (starts_at, ends_at)
        for starts_at, ends_at in rows.order_by("starts_at").values_list("starts_at", "ends_at")
        if starts_at <= at and (ends_at is None or ends_at > at)
    ]
