# SPDX-License-Identifier: Apache-2.0
"""The first page: is anything wrong, how much so far, more or less than usual, what the settlement will be."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from avlest.insight.infos import AlarmInfo
from avlest.insight.queries import get_alarms
from avlest.portal.access import access_own_series
from avlest.portal.fronts import get_front
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.bars import Sum, add_up, read_days
from avlest.portal.resident.comparing import describe_change
from avlest.portal.resident.periods import shift
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.resident.windows import get_alarm_windows
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
from avlest.readings.queries import get_latest_values
from avlest.readings.tables import Store
from avlest.settlement.access import access_own_expected
from avlest.settlement.infos import ExpectedInfo
from avlest.wording import format_month


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """One medium so far this month."""

    use: Use
    month: date
    total: Sum
    change: str
    last_at: datetime | None


@require_safe
def show_overview(request: ViewerRequest) -> HttpResponse:
    """The first page of a resident; others are sent to theirs."""
    if not request.viewer.is_resident:
        front = get_front(request.viewer)
        return HttpResponseRedirect(front) if front else render(request, "portal/common/no_place.html")
    store, uses = get_store(), choose_uses(access_own_series(request.viewer))
    alarms = get_own_alarms(request, is_open=True)
    context = {
        "alarms": alarms,
        "worst": alarms[0] if alarms else None,
        "cards": _make_cards(request, store, uses),
        "expected": _get_expected(request),
    }
    return render(request, "portal/resident/overview.html", context)


def get_own_alarms(request: ViewerRequest, *, is_open: bool | None = None) -> list[AlarmInfo]:
    """Return the alarms of the resident's points in their time, the latest first."""
    windows = get_alarm_windows(request.viewer)
    if not windows:
        return []
    return get_alarms(request.viewer.scope, now=request.now, windows=windows, is_open=is_open)


def _make_cards(request: ViewerRequest, store: Store, uses: list[Use]) -> list[Card]:
    today = derive_local_day(request.now)
    first = today.replace(day=1)
    before, until = shift(first, "year", -1), shift(today, "year", -1)
    now_days = read_days(request.viewer, store, uses, first, today, now=request.now)
    then_days = read_days(request.viewer, store, uses, before, until, now=request.now)
    latest = _get_latest(request, store, uses)
    language = get_language() or "nb"
    cards = []
    for use in uses:
        total = add_up(now_days.get(use.id, {}), first, today)
        earlier = add_up(then_days.get(use.id, {}), before, until)
        # Only the same number of days can be compared.
        is_fair = total.known == total.expected and earlier.known == earlier.expected and total.known > 0
        than = format_month(before, language=language)
        change = describe_change(total.value, earlier.value, than=than, language=language) if is_fair else ""
        cards.append(Card(use, first, total, change, latest.get(use.id)))
    return cards


def _get_latest(request: ViewerRequest, store: Store, uses: list[Use]) -> dict[int, datetime]:
    """When each series was last heard of, as far as the viewer may know."""
    rows = get_latest_values(store, [use.id for use in uses])
    found = dict(rows.select("series", "at").iter_rows())
    open_ones = {use.id for use in uses if any(window.contains(request.now) for window in use.access.access.totals)}
    return {series: at for series, at in found.items() if series in open_ones}


def _get_expected(request: ViewerRequest) -> ExpectedInfo | None:
    """The running settlement, for those who pay."""
    found = access_own_expected(sorted(request.viewer.party_ids), year=derive_local_day(request.now).year)
    return next(iter(found.values()), None)
