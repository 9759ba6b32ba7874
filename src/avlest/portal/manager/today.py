# SPDX-License-Identifier: Apache-2.0
"""The first page: five counters that are filters, and what waits for a decision today."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.cases import keep_leads
from avlest.insight.contracts import AlarmKind
from avlest.insight.models import Campaign
from avlest.portal.manager.alarms import make_converter, order_by_gravity
from avlest.portal.manager.due import filter_due
from avlest.portal.manager.policy import LEAKS, filter_alarms, may_see_amounts
from avlest.portal.manager.words import say_check
from avlest.portal.request import ViewerRequest
from avlest.portal.viewer import Viewer
from avlest.readings.calendar import derive_local_day
from avlest.readings.models import Finding
from avlest.registry.rights import Right
from avlest.settlement.access import access_runs
from avlest.settlement.infos import RunInfo
from avlest.wording import format_money

SILENT_DAYS: Final = 3
_MOST: Final = 5
_RUNNING: Final = frozenset({"preview", "approved", "issuing"})


@dataclasses.dataclass(frozen=True, slots=True)
class Counter:
    """A number that leads to what it counts."""

    name: str
    number: int
    more: str
    address: str


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for this person."""

    text: str
    more: str
    address: str


@require_safe
def show_today(request: ViewerRequest) -> HttpResponse:
    """What is wrong, how many values wait, which meters are due, how far the settlement is."""
    runs = _get_runs(request.viewer)
    context = {
        "counters": _count(request, runs),
        "tasks": _list_tasks(request, runs),
        "alarms": _list_alarms(request),
    }
    return render(request, "portal/manager/today.html", context)


def _get_runs(viewer: Viewer) -> list[RunInfo]:
    if Right.VIEW_SETTLEMENT not in viewer.rights:
        return []
    return [run for run in access_runs(viewer.actor) if run.state in _RUNNING]


def _count(request: ViewerRequest, runs: list[RunInfo]) -> list[Counter]:
    viewer = request.viewer
    counters = [*_count_alarms(request)]
    if Right.DECIDE_VALUES in viewer.rights:
        waiting = Finding.objects.of(viewer.scope).filter(state=Finding.State.OPEN).count()
        counters.append(Counter(_("Values to decide"), waiting, "", reverse("manager:queue")))
    due = filter_due(viewer, derive_local_day(request.now)).count()
    counters.append(Counter(_("Meters to test or exchange"), due, "", reverse("manager:due")))
    if Right.VIEW_SETTLEMENT in viewer.rights:
        counters.append(Counter(_("Settlements in progress"), len(runs), "", reverse("billing:runs")))
    return counters


def _count_alarms(request: ViewerRequest) -> list[Counter]:
    """Silent meters (those behind a silent gateway too) and leaks, with what they cost as far as one may know."""
    rows = keep_leads(filter_alarms(request.viewer).filter(cleared_at__isnull=True))
    sees_all = may_see_amounts(request.viewer, is_personal=True)
    costs = Q() if sees_all else Q(is_personal=False)
    leaks = Q(kind__in=[str(kind) for kind in LEAKS])
    silent = Q(kind__in=[str(AlarmKind.SILENT), str(AlarmKind.GATEWAY_SILENT)])
    since = request.now - timedelta(days=SILENT_DAYS)
    found = rows.aggregate(
        silent=Sum("count", filter=silent & Q(since__lte=since)),
        leaks=Count("pk", filter=leaks),
        cost=Sum("cost", filter=leaks & costs),
    )
    cost = format_money(found["cost"], language=get_language() or "nb", decimals=0) if found["cost"] else ""
    more = _("about %(cost)s so far") % {"cost": cost} if cost else ""
    address = reverse("manager:alarms")
    name = _("Silent for more than %(days)d days") % {"days": SILENT_DAYS}
    return [
        Counter(name, found["silent"] or 0, "", f"{address}?group=silent&days={SILENT_DAYS}"),
        Counter(_("Open leaks"), found["leaks"], more, f"{address}?group=leak"),
    ]


def _list_tasks(request: ViewerRequest, runs: list[RunInfo]) -> list[Task]:
    """Settlements to approve, checks with values to decide, messages that were not sent."""
    viewer = request.viewer
    tasks = [_to_task(run) for run in runs if run.state != "issuing"]
    if Right.DECIDE_VALUES in viewer.rights:
        rows = Finding.objects.of(viewer.scope).filter(state=Finding.State.OPEN, severity__in=("task", "reject"))
        counts = rows.order_by().values_list("code").annotate(number=Count("pk")).order_by("-number")
        tasks += [_decide_task(code, number) for code, number in counts[:_MOST]]
    if Right.CHANGE_PEOPLE in viewer.rights:
        drafts = Campaign.objects.of(viewer.scope).filter(state=Campaign.State.DRAFT).order_by("-made_at")
        tasks += [_draft_task(row) for row in drafts[:_MOST]]
    return tasks


def _to_task(run: RunInfo) -> Task:
    text = _("Approve the settlement") if run.state == "preview" else _("Send the settlement")
    more = ngettext("%(count)d account", "%(count)d accounts", run.accounts) % {"count": run.accounts}
    return Task(text, f"{run.year}, {more}", reverse("billing:runs"))


def _draft_task(row: Campaign) -> Task:
    text = _("Message not sent: %(title)s") % {"title": row}
    return Task(text, row.made_by, reverse("manager:campaign", args=[row.pk]))


def _decide_task(code: str, number: int) -> Task:
    more = ngettext("%(count)d value", "%(count)d values", number) % {"count": number}
    return Task(say_check(code), more, f"{reverse('manager:queue')}?code={code}")


def _list_alarms(request: ViewerRequest) -> list[Any]:
    """The gravest that nobody has seen to yet."""
    rows = filter_alarms(request.viewer).filter(cleared_at__isnull=True, acknowledged_at__isnull=True)
    fresh = rows.exclude(snoozed_until__gt=request.now).exclude(fixed_at__isnull=False)
    return make_converter(request)(list(order_by_gravity(keep_leads(fresh))[:_MOST]))
