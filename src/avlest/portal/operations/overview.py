# SPDX-License-Identifier: Apache-2.0
"""The first page: is anything wrong, and where; each figure leads to the page that tells more."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from avlest.insight.access import access_coverage, access_open_briefs
from avlest.insight.infos import CoverageInfo
from avlest.insight.notify.failed import count_messages
from avlest.portal.operations.alarms import CauseGroup, complete_groups, group_by_cause
from avlest.portal.operations.fleet import Selection, count_stages, get_fleet
from avlest.portal.operations.gateways import count_gateways
from avlest.portal.operations.messages import SINCE
from avlest.portal.operations.telegrams import count_unread
from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Meter

_GOOD: Final = 0.98
_FAIR: Final = 0.9
_SHOWN: Final = 6
_BACK: Final = timedelta(days=4)


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One number of the overview: `state` is good, late or bad; empty: neither."""

    text: str
    number: int | None
    note: str
    address: str
    state: str = ""
    share: float | None = None


@require_safe
def show_overview(request: ViewerRequest) -> HttpResponse:
    """States of all meters, what is open, and how the equipment does."""
    counts = count_stages(get_fleet(request.viewer))
    groups = group_by_cause(access_open_briefs(request.viewer.actor), most=1)
    meters = reverse("operations:meters")
    context = {
        "stages": [(meters + Selection(stage=stage.value).address(), stage, count) for stage, count in counts.items()],
        "total": sum(counts.values()),
        "groups": complete_groups(request.viewer.actor, groups[:_SHOWN], now=request.now),
        "more": max(0, len(groups) - _SHOWN),
        "figures": [_show_alarms(groups), _show_coverage(request), _show_gateways(request), *_show_queues(request)],
    }
    return render(request, "portal/operations/overview.html", context)


def _show_alarms(groups: Sequence[CauseGroup]) -> Figure:
    total, unseen = sum(group.total for group in groups), sum(group.unseen for group in groups)
    is_bad = any(group.severity in ("critical", "severe") and group.unseen for group in groups)
    note = ngettext("%(count)d not acknowledged", "%(count)d not acknowledged", unseen) % {"count": unseen}
    state = "bad" if is_bad else "late" if unseen else "good"
    return Figure(_("Open alarms"), total, note, reverse("operations:alarms"), state)


def _show_coverage(request: ViewerRequest) -> Figure:
    today = derive_local_day(request.now)
    days = access_coverage(request.viewer.actor, first=today - _BACK, until=today, dimension="all")
    last: CoverageInfo | None = days[-1] if days else None
    note = _("%(heard)d of %(meters)d meters heard") % {"heard": last.heard, "meters": last.meters} if last else ""
    state = "" if last is None else "good" if last.share >= _GOOD else "late" if last.share >= _FAIR else "bad"
    return Figure(
        _("Readings received, last day"), None, note or _("Not counted yet"), reverse("operations:coverage"), state,
        last.share if last else None,
    )  # fmt: skip


def _show_gateways(request: ViewerRequest) -> Figure:
    total, quiet = count_gateways(request)
    note = ngettext("%(count)d unheard for a day", "%(count)d unheard for a day", quiet) % {"count": quiet}
    return Figure(_("Gateways"), total, note, reverse("operations:gateways"), "late" if quiet else "good")


def _show_queues(request: ViewerRequest) -> list[Figure]:
    scope = request.viewer.scope
    found = Meter.objects.of(scope).filter(state=Meter.State.FOUND).count()
    sent = count_messages(scope, since=request.now - SINCE)
    failed = sent.get("failed", 0) + sent.get("no_contact", 0)
    return [
        Figure(_("Found, not placed"), found, _("meters wait for a place"), reverse("operations:found"),
               "late" if found else "good"),
        Figure(_("Telegrams that cannot be read"), count_unread(request), _("kept until they can be"),
               reverse("operations:unread")),
        Figure(_("Messages that did not arrive"), failed, _("in the last 30 days"), reverse("operations:messages"),
               "late" if failed else "good"),
    ]  # fmt: skip
