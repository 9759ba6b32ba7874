# SPDX-License-Identifier: Apache-2.0
"""Open alarms by what is the matter and why; one alarm with what it stands for; acknowledging."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from avlest.insight.access import access_alarm, access_alarms, access_members, access_open_briefs, access_these_alarms
from avlest.insight.infos import AlarmBrief, AlarmInfo
from avlest.insight.queries import get_silenced_meters
from avlest.insight.services.alarms import do_acknowledge
from avlest.insight.standing import SEVERITIES
from avlest.portal.forms import Form, answer_form
from avlest.portal.operations.fleet import get_fleet
from avlest.portal.operations.meters import link_point, name_place
from avlest.portal.request import ViewerRequest
from avlest.registry.models import Installation
from avlest.registry.rights import Actor, Right

_MOST: Final = 20
"""Alarms of one cause that are listed at once; the rest is behind a link."""
_LISTED: Final = 200


class AcknowledgeForm(Form):
    """That somebody has seen it, and what they know."""

    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Such as who looks into it. Colleagues see it."),
    )  # fmt: skip
    submit = gettext_lazy("Acknowledge")


@dataclasses.dataclass(frozen=True, slots=True)
class CauseGroup:
    """Open alarms with one kind and cause; `meters` they stand for, `amount` of litres that should not run, an hour."""

    kind: str
    cause: str
    severity: str
    first: AlarmInfo | AlarmBrief
    alarms: tuple[AlarmInfo | AlarmBrief, ...]
    total: int
    meters: int
    unseen: int


@require_safe
def show_alarms(request: ViewerRequest) -> HttpResponse:
    """What is open, by cause, the worst first; `?kind=silent` for all of one kind, `?state=over` for what has ended."""
    is_over = request.GET.get("state") == "over"
    kind = request.GET.get("kind", "")
    kinds, actor = [kind] if kind else None, request.viewer.actor
    context: dict[str, Any] = {"kind": kind, "is_over": is_over}
    if is_over:
        context["over"] = access_alarms(actor, now=request.now, is_open=False, kinds=kinds, limit=_LISTED)
    else:
        briefs = access_open_briefs(actor, kinds=kinds)
        groups = group_by_cause(briefs, most=len(briefs) if kind else _MOST)
        context["groups"] = complete_groups(actor, groups, now=request.now)
    return render(request, "portal/operations/alarms.html", context)


def complete_groups(actor: Actor, groups: Sequence[CauseGroup], *, now: datetime) -> list[CauseGroup]:
    """The groups with all that their alarms carry."""
    known = access_these_alarms(actor, [alarm.id for group in groups for alarm in group.alarms], now=now)
    return [
        dataclasses.replace(
            group,
            first=known[group.first.id],
            alarms=tuple(known[alarm.id] for alarm in group.alarms),
        )
        for group in groups
    ]


def group_by_cause(alarms: Sequence[AlarmInfo | AlarmBrief], *, most: int) -> list[CauseGroup]:
    """Alarms of one kind and cause together, the worst and largest first; `most` of each are kept."""
    found: dict[tuple[str, str], list[AlarmInfo | AlarmBrief]] = {}
    for alarm in alarms:
        found.setdefault((str(alarm.kind), alarm.cause), []).append(alarm)
    groups = [_make_group(kind, cause, members, most) for (kind, cause), members in found.items()]
    return sorted(groups, key=lambda group: (SEVERITIES.index(group.severity), -group.meters, group.kind))


def _make_group(kind: str, cause: str, members: list[AlarmInfo | AlarmBrief], most: int) -> CauseGroup:
    """What runs away fastest comes first, then what has lasted longest."""
    ordered = sorted(members, key=lambda alarm: (SEVERITIES.index(alarm.severity), -(alarm.rate or 0), alarm.since))
    return CauseGroup(
        kind=kind,
        cause=cause,
        severity=ordered[0].severity,
        first=ordered[0],
        alarms=tuple(ordered[:most]),
        total=len(members),
        meters=sum(alarm.count for alarm in members),
        unseen=sum(alarm.acknowledged_at is None for alarm in members),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def show_alarm(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """One alarm with what it stands for, and the form to acknowledge it."""
    alarm = access_alarm(request.viewer.actor, alarm_id, now=request.now)
    form = AcknowledgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        do_acknowledge(request.viewer.actor, alarm_id, now=request.now, note=form.cleaned_data["note"])
        messages.success(request, _("Acknowledged. Nobody is reminded of it any more."))
        return redirect("operations:alarm", alarm_id=alarm_id)
    context = {
        "alarm": alarm,
        "members": access_members(request.viewer.actor, alarm_id, now=request.now),
        "can_acknowledge": alarm.is_open and Right.HANDLE_ALARMS in request.viewer.rights,
    } | _get_silenced(request, alarm)
    return answer_form(request, "portal/operations/alarm.html", form, context)


def _get_silenced(request: ViewerRequest, alarm: AlarmInfo) -> dict[str, Any]:
    """The meters that went silent with a gateway or a power cut, by place."""
    meters = get_silenced_meters(request.viewer.scope, alarm.id)
    placed = Installation.objects.of(request.viewer.scope).filter(meter_id__in=meters[:_LISTED], ends_at__isnull=True)
    points = list(placed.values_list("point_id", flat=True))
    rows = get_fleet(request.viewer, point_ids=points).to_dicts() if points else []
    return {"silenced": [(name_place(row), link_point(row), row) for row in rows], "silenced_total": len(meters)}


@require_http_methods(["POST"])
def acknowledge_cause(request: ViewerRequest) -> HttpResponse:
    """Acknowledge all open alarms of one kind and cause."""
    kind, cause = request.POST.get("kind", ""), request.POST.get("cause", "")
    found = access_open_briefs(request.viewer.actor, kinds=[kind])
    chosen = [alarm for alarm in found if alarm.cause == cause and alarm.acknowledged_at is None]
    for alarm in chosen:
        do_acknowledge(request.viewer.actor, alarm.id, now=request.now)
    messages.success(request, _("Acknowledged: %(count)d.") % {"count": len(chosen)})
    return redirect("operations:alarms")
