# SPDX-License-Identifier: Apache-2.0
"""The first page: is anything wrong, how much so far, more or less than usual, what the settlement will be."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from avlest.insight.cases import join_cases
from avlest.insight.costs import Tariff, get_tariffs
from avlest.insight.infos import AlarmInfo
from avlest.insight.queries import get_alarms
from avlest.portal.access import access_own_series
from avlest.portal.fronts import get_front
from avlest.portal.momentary import has_live
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.bars import Days, Sum, add_up, read_days, to_parts
from avlest.portal.resident.comparing import Change, make_change
from avlest.portal.resident.periods import shift
from avlest.portal.resident.received import get_received
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.resident.windows import get_alarm_windows
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
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
    change: Change
    last_at: datetime | None
    cost: int | None = None
    top: tuple[date, int] | None = None
    """The day that most was used, and how much."""


@require_safe
def show_overview(request: ViewerRequest) -> HttpResponse:
    """The first page of a resident; others are sent to theirs."""
    if not request.viewer.is_resident:
        front = get_front(request.viewer)
        return HttpResponseRedirect(front) if front else render(request, "portal/common/no_place.html")
    own = access_own_series(request.viewer)
    store, uses = get_store(), choose_uses(own)
    alarms = get_own_alarms(request, is_open=True)
    context = {
        "alarms": alarms,
        "worst": alarms[0] if alarms else None,
        "cards": _make_cards(request, store, uses),
        "expected": _get_expected(request),
        "has_live": has_live(own),
    }
    return render(request, "portal/resident/overview.html", context)


def get_own_alarms(request: ViewerRequest, *, is_open: bool | None = None) -> list[AlarmInfo]:
    """Return the alarms of the resident's points in their time, the latest first; of one leak the one that leads."""
    windows = get_alarm_windows(request.viewer)
    if not windows:
        return []
    return join_cases(get_alarms(request.viewer.scope, now=request.now, windows=windows, is_open=is_open))


def _make_cards(request: ViewerRequest, store: Store, uses: list[Use]) -> list[Card]:
    today = derive_local_day(request.now)
    first = today.replace(day=1)
    before, until = shift(first, "year", -1), shift(today, "year", -1)
    now_days = read_days(request.viewer, store, uses, first, today, now=request.now)
    then_days = read_days(request.viewer, store, uses, before, until, now=request.now)
    latest = get_received(store, uses, now=request.now)
    tariffs = get_tariffs(request.viewer.scope, {use.access.access.point.medium: use.unit for use in uses})
    cards = []
    for use in uses:
        days = now_days.get(use.id, {})
        total = add_up(days, first, today)
        earlier = add_up(then_days.get(use.id, {}), before, until)
        change = _compare(total, earlier, before)
        cost = _count_cost(days, tariffs.get(use.access.access.point.medium))
        cards.append(Card(use, first, total, change, latest.get(use.id), cost, _find_top(days)))
    return cards


def _compare(total: Sum, earlier: Sum, before: date) -> Change:
    """More or less than the same days a year before; nothing where the days are not the same number."""
    language = get_language() or "nb"
    is_fair = total.known == total.expected and earlier.known == earlier.expected and total.known > 0
    if not is_fair:
        return Change("", "")
    than = format_month(before, language=language)
    return make_change(total.value, earlier.value, than=than, language=language)


def _count_cost(days: Days, tariff: Tariff | None) -> int | None:
    """What the days cost together, øre; None where there is no price."""
    parts = [value for value, _q in to_parts(days, tariff).values() if value is not None] if tariff else []
    return tariff.round_parts(sum(parts)) if tariff and parts else None


def _find_top(days: Days) -> tuple[date, int] | None:
    known = [(value, day) for day, (value, _q) in days.items() if value]
    return (max(known)[1], max(known)[0]) if len(known) > 1 else None


def _get_expected(request: ViewerRequest) -> ExpectedInfo | None:
    """The running settlement, for those who pay."""
    found = access_own_expected(sorted(request.viewer.party_ids), year=derive_local_day(request.now).year)
    return next(iter(found.values()), None)
