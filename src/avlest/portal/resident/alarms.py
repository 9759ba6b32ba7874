# SPDX-License-Identifier: Apache-2.0
"""Alarms of the home: what, since when, how much, what it has cost, what to check."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from avlest.insight.infos import AlarmInfo
from avlest.insight.queries import get_alarm
from avlest.insight.texts import AlarmText
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.overview import get_own_alarms
from avlest.portal.resident.windows import get_alarm_windows
from avlest.registry.rights import AccessDeniedError


@require_safe
def show_alarms(request: ViewerRequest) -> HttpResponse:
    """The timeline, what is open first."""
    alarms = [(alarm, get_text(alarm)) for alarm in get_own_alarms(request)]
    context = {
        "open": [pair for pair in alarms if pair[0].is_open],
        "over": [pair for pair in alarms if not pair[0].is_open],
    }
    return render(request, "portal/resident/alarms.html", context)


@require_safe
def show_alarm(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """One alarm with all it carries."""
    found = get_alarm(request.viewer.scope, alarm_id, now=request.now, windows=get_alarm_windows(request.viewer))
    if found is None:
        raise AccessDeniedError(f"no alarm {alarm_id} in this organisation")
    return render(request, "portal/resident/alarm.html", {"alarm": found, "text": get_text(found)})


def get_text(alarm: AlarmInfo) -> AlarmText:
    """The alarm's words in the reader's language."""
    return alarm.get_text(get_language() or "nb")
