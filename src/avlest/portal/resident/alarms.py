# SPDX-License-Identifier: Apache-2.0
"""Alarms of the home: what, since when, how much, what it has cost, what to check."""

from __future__ import annotations

from typing import Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.infos import AlarmInfo, AlarmState
from avlest.insight.queries import get_alarm
from avlest.insight.texts import AlarmText
from avlest.portal.forms import UNPROCESSABLE, Form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.overview import get_own_alarms
from avlest.portal.resident.tips import get_tips
from avlest.portal.resident.windows import get_alarm_windows, get_present_points
from avlest.registry.rights import AccessDeniedError
from avlest.wording import format_instant

_DAYS: Final = (
    ("1", gettext_lazy("1 day")),
    ("7", gettext_lazy("1 week")),
    ("30", gettext_lazy("30 days")),
)


class FixedForm(Form):
    """It is mended; a word on what it was helps whoever comes next."""

    note = forms.CharField(label=gettext_lazy("What was it?"), max_length=500, required=False)
    submit = gettext_lazy("I have fixed it")


class SnoozeForm(Form):
    """How long to be quiet about it."""

    days = forms.ChoiceField(label=gettext_lazy("No reminders for"), choices=_DAYS, widget=forms.RadioSelect)
    submit = gettext_lazy("Be quiet about it")


@require_safe
def show_alarms(request: ViewerRequest) -> HttpResponse:
    """The timeline, what is open first."""
    alarms = [(alarm, get_text(alarm), describe_state(alarm)) for alarm in get_own_alarms(request)]
    context = {
        "open": [each for each in alarms if each[0].is_open],
        "over": [each for each in alarms if not each[0].is_open],
    }
    return render(request, "portal/resident/alarms.html", context)


@require_safe
def show_alarm(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """One alarm with all it carries, and what may be done about it."""
    return answer_alarm(request, access_own_alarm(request, alarm_id))


def access_own_alarm(request: ViewerRequest, alarm_id: int) -> AlarmInfo:
    """Return an alarm of the resident's points in their time; `AccessDeniedError` for any other."""
    found = get_alarm(request.viewer.scope, alarm_id, now=request.now, windows=get_alarm_windows(request.viewer))
    if found is None:
        raise AccessDeniedError(f"no alarm {alarm_id} in this organisation")
    return found


def answer_alarm(
    request: ViewerRequest, alarm: AlarmInfo, *, fixed: Form | None = None, snooze: Form | None = None
) -> HttpResponse:
    """Show an alarm with its forms; a form with errors is given back as it was typed, with status 422."""
    can_act = alarm.is_open and alarm.point_id in get_present_points(request)
    language = get_language() or "nb"
    context = {
        "alarm": alarm, "text": get_text(alarm), "state": describe_state(alarm), "can_act": can_act,
        "tips": get_tips(kind=alarm.kind, language=language),
        "fixed": fixed or (FixedForm() if alarm.state is not AlarmState.FIXED else None),
        "snooze": snooze or SnoozeForm(initial={"days": "7"}),
    }  # fmt: skip
    status = UNPROCESSABLE if fixed or snooze else 200
    return render(request, "portal/resident/alarm.html", context, status=status)


def describe_state(alarm: AlarmInfo) -> str:
    """Where the alarm is in its life, in words; empty while it is simply open."""
    language = get_language() or "nb"
    if alarm.state is AlarmState.FIXED and alarm.fixed_at:
        at = format_instant(alarm.fixed_at, language=language)
        return _("Reported as mended %(at)s. The alarm ends when the meter shows it.") % {"at": at}
    if alarm.state is AlarmState.SNOOZED and alarm.snoozed_until:
        at = format_instant(alarm.snoozed_until, language=language)
        return _("No reminders until %(at)s.") % {"at": at}
    if alarm.state is AlarmState.ACKNOWLEDGED and alarm.acknowledged_at:
        at = format_instant(alarm.acknowledged_at, language=language)
        return _("Seen by those who run the service %(at)s.") % {"at": at}
    return ""


def get_text(alarm: AlarmInfo) -> AlarmText:
    """The alarm's words in the reader's language."""
    return alarm.get_text(get_language() or "nb")
