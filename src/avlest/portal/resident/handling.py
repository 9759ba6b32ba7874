# SPDX-License-Identifier: Apache-2.0
"""What a resident does about an alarm: says that it is mended, or asks for quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from avlest.insight.services.alarms import do_note_fixed, do_snooze
from avlest.portal.forms import Form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.alarms import FixedForm, SnoozeForm, access_own_alarm, answer_alarm
from avlest.portal.resident.windows import get_present_points


@require_POST
def note_fixed(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """Note that it is mended; the alarm ends when the meter shows it."""

    def act(form: Form) -> None:
        points = get_present_points(request)
        do_note_fixed(
            request.viewer.actor, alarm_id, own_points=points, now=request.now, note=form.cleaned_data["note"]
        )
        messages.success(request, _("Thank you. The alarm ends by itself when the meter shows that it is mended."))

    return _handle(request, alarm_id, FixedForm(request.POST), act)


@require_POST
def snooze(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """Be quiet about it for some days; it stays on the page."""

    def act(form: Form) -> None:
        until = request.now + timedelta(days=int(form.cleaned_data["days"]))
        points = get_present_points(request)
        do_snooze(request.viewer.actor, alarm_id, until=until, own_points=points, now=request.now)
        messages.success(request, _("You are not reminded of it until then. The alarm stays here."))

    return _handle(request, alarm_id, SnoozeForm(request.POST), act)


def _handle(request: ViewerRequest, alarm_id: int, form: Form, act: Callable[[Form], None]) -> HttpResponse:
    """Do it for an alarm that is open at a place where the resident lives now; say why not for another of theirs."""
    alarm = access_own_alarm(request, alarm_id)
    if not alarm.is_open or alarm.point_id not in get_present_points(request):
        messages.info(request, _("There is nothing more to do about this alarm."))
    elif form.is_valid():
        act(form)
    else:
        fixed, quiet = (form, None) if isinstance(form, FixedForm) else (None, form)
        return answer_alarm(request, alarm, fixed=fixed, snooze=quiet)
    return redirect("resident:alarm", alarm_id=alarm_id)
