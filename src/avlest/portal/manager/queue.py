# SPDX-License-Identifier: Apache-2.0
"""Values that wait for a person: the queue, many decided alike, and one looked at closely.

The list tells how far beyond its limit something was, not how much a household used: amounts and hours stand on the
page of the one finding, for those who may see them (rules §8.2).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from avlest.portal.access import SeriesAccess, access_series
from avlest.portal.forms import UNPROCESSABLE, answer_form
from avlest.portal.manager.crumbs import Crumb, make_crumbs
from avlest.portal.manager.deciding import BulkForm, DecisionForm, say_refusal
from avlest.portal.manager.media import name_medium
from avlest.portal.manager.rows import LazyRows, read_page
from avlest.portal.manager.values import Shown, make_chart, make_head, make_table, read_lines
from avlest.portal.manager.words import AMOUNTS, say_action, say_check, say_severity
from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_local_day
from avlest.readings.models import Finding
from avlest.readings.services.decisions import Choice, derive_decision_period, do_decide, do_decide_findings
from avlest.registry.access import access_row
from avlest.registry.errors import RegistryError
from avlest.registry.rights import Right
from avlest.wording import format_date, format_instant, format_number, format_period, format_quantity

PAGE: Final = 50
MOST_AT_ONCE: Final = 500
"""Decided in one request: each is a transaction of its own with its audit row."""
_DAY: Final = timedelta(days=1)
_WORDS: Final = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Waiting:
    """One finding in the list."""

    id: int
    code: str
    what: str
    where: str
    when: str
    beyond: str
    severity: str
    suggestion: str


@dataclasses.dataclass(frozen=True, slots=True)
class Chip:
    """A filter: its words, how many it leaves, where it leads."""

    text: str
    count: int
    address: str
    is_current: bool


@require_http_methods(["GET", "HEAD", "POST"])
def show_queue(request: ViewerRequest) -> HttpResponse:
    """What waits; `?code=V07&q=…&page=2`.  A POST decides the chosen ones, or all that match."""
    code, text = request.GET.get("code", ""), request.GET.get("q", "").strip()
    rows = _filter(request, code, text)
    lazy = LazyRows(rows.order_by("-severity", "-starts_at", "pk"), _to_waiting)
    pages = max(1, -(-len(lazy) // PAGE))
    page = min(read_page(request.GET), pages)
    shown = lazy[(page - 1) * PAGE : page * PAGE]
    data = request.POST if request.method == "POST" else None
    form = BulkForm(data, numbers=[row.id for row in shown], total=len(lazy), most=MOST_AT_ONCE)
    if form.is_valid():
        return _decide_many(request, form, rows)
    chosen = set(request.POST.getlist("findings"))
    context = {
        "form": form, "rows": shown, "chosen": chosen, "total": len(lazy), "q": text, "code": code,
        "chips": _list_chips(request, code), "pages": _list_pages(request, page, pages), "has_more": pages > 1,
    }  # fmt: skip
    return render(request, "portal/manager/queue.html", context, status=UNPROCESSABLE if form.errors else 200)


def _filter(request: ViewerRequest, code: str, text: str) -> QuerySet[Finding]:
    rows = Finding.objects.of(request.viewer.scope).filter(state=Finding.State.OPEN)
    found = rows.filter(code=code) if code else rows
    for word in text.split()[:_WORDS]:
        found = found.filter(
            Q(series__point__code__icontains=word)
            | Q(series__point__unit__number__icontains=word)
            | Q(series__point__unit__property__address__icontains=word)
            | Q(series__point__property__address__icontains=word)
        )
    return found.select_related("series__point__unit__property", "series__point__property")


def _to_waiting(rows: Sequence[Finding]) -> list[Waiting]:
    language = get_language() or "nb"
    return [
        Waiting(
            id=row.pk, code=row.code, what=say_check(row.code), where=name_place(row),
            when=_name_days(row.starts_at, row.ends_at, language), beyond=_say_beyond(row, language),
            severity=say_severity(row.severity), suggestion=say_action(row.suggestion) if row.suggestion else "",
        )
        for row in rows
    ]  # fmt: skip


def name_place(row: Finding) -> str:
    """Where a series is measured: address, unit, medium."""
    point = row.series.point
    place = str(point.unit or point.property or "")
    return ", ".join(filter(None, (place or point.code, name_medium(point.medium))))


def _name_days(start: datetime, stop: datetime | None, language: str) -> str:
    first = derive_local_day(start)
    last = derive_local_day(stop) if stop else first
    if first == last:
        return format_date(first, language=language)
    return format_period(first, last + _DAY, language=language)


def _say_beyond(row: Finding, language: str) -> str:
    """How far beyond its limit, as a multiple; nothing where the check has no amounts."""
    if row.code not in AMOUNTS or not row.limit or row.observed is None or row.observed * row.limit <= 0:
        return ""
    times = format_number(Fraction(row.observed, row.limit), language=language, decimals=1)
    return _("%(times)s × the limit") % {"times": times}


def _list_chips(request: ViewerRequest, code: str) -> list[Chip]:
    rows = Finding.objects.of(request.viewer.scope).filter(state=Finding.State.OPEN)
    counts = dict(rows.order_by().values_list("code").annotate(number=Count("pk")))
    chips = [Chip(_("All"), sum(counts.values()), "?", not code)]
    return chips + [
        Chip(f"{each} {say_check(each)}", number, f"?code={each}", each == code)
        for each, number in sorted(counts.items())
    ]


def _list_pages(request: ViewerRequest, page: int, pages: int) -> list[tuple[int, str]]:
    kept = {name: request.GET[name] for name in ("code", "q") if request.GET.get(name)}
    wanted = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)})
    return [(number, "" if number == page else "?" + urlencode(kept | {"page": number})) for number in wanted]


def _decide_many(request: ViewerRequest, form: BulkForm, rows: QuerySet[Finding]) -> HttpResponse:
    cleaned = form.cleaned_data
    numbers = list(rows.values_list("pk", flat=True)[:MOST_AT_ONCE]) if cleaned["every"] else cleaned["findings"]
    done = do_decide_findings(
        request.viewer.actor, numbers, action=cleaned["action"], reason=cleaned["reason"], now=request.now
    )
    made = len(done.decisions)
    words = ngettext("%(count)d value is decided.", "%(count)d values are decided.", made) % {"count": made}
    messages.success(request, words)
    if done.refused:
        left = len(done.refused)
        words = ngettext(
            "%(count)d could not be decided, because it was decided already or is locked.",
            "%(count)d could not be decided, because they were decided already or are locked.",
            left,
        )
        messages.warning(request, words % {"count": left})
    response = HttpResponseRedirect(f"{reverse('manager:queue')}?{urlencode(_kept(request))}")
    response.status_code = 303
    return response


def _kept(request: ViewerRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in ("code", "q") if request.GET.get(name)}


@require_http_methods(["GET", "HEAD", "POST"])
def show_finding(request: ViewerRequest, finding_id: int) -> HttpResponse:
    """One finding with the values around it, and the decision."""
    row = access_row(Finding, request.viewer.actor, finding_id, right=Right.DECIDE_VALUES)
    access = access_series(request.viewer, row.series_id)
    language = get_language() or "nb"
    data = request.POST if request.method == "POST" else None
    start, stop = derive_decision_period(row.starts_at, row.ends_at, action="edit")
    period = format_period(start, stop, language=language) if access.access.hours else _name_days(start, stop, language)
    form = DecisionForm(data, unit=access.series.unit, period=period, initial={"action": row.suggestion or None})
    if form.is_valid() and _decide(request, row, form):
        messages.success(request, _("The value is decided. The hours are worked out again within minutes."))
        response = HttpResponseRedirect(reverse("manager:queue"))
        response.status_code = 303
        return response
    context = _describe(request, row, access, language) | {"is_open": row.state == Finding.State.OPEN}
    return answer_form(request, "portal/manager/finding.html", form, context)


def _decide(request: ViewerRequest, row: Finding, form: DecisionForm) -> bool:
    """Write the decision; an error of the form when it is refused."""
    action = form.cleaned_data["action"]
    if row.state != Finding.State.OPEN:
        form.add_error(None, _("Somebody has decided this already."))
        return False
    start, stop = derive_decision_period(row.starts_at, row.ends_at, action=action)
    choice = Choice(row.series_id, start, stop, action, form.cleaned_data["reason"], form.thousandths)
    try:
        do_decide(request.viewer.actor, choice, now=request.now, finding_ids=[row.pk])
    except RegistryError as error:
        form.add_error(None, say_refusal(error))
        return False
    return True


def _describe(request: ViewerRequest, row: Finding, access: SeriesAccess, language: str) -> dict[str, Any]:
    """What was found; amounts and the hours around it where the viewer may see hours (staff is asked why)."""
    head = make_head(access)
    context = head | {
        "row": row, "what": say_check(row.code), "where": name_place(row), "severity": say_severity(row.severity),
        "suggestion": say_action(row.suggestion) if row.suggestion else "", "has_hours": bool(access.access.hours),
        "when": _name_days(row.starts_at, row.ends_at, language),
        "crumbs": make_crumbs(Crumb(_("Values to decide"), reverse("manager:queue")), Crumb(say_check(row.code))),
    }  # fmt: skip
    if not access.access.hours:
        return context
    shown = _choose_shown(row)
    lines = read_lines(request, access, shown)
    table = dataclasses.replace(make_table(request, access, shown, lines), size=100)
    amounts = _list_amounts(row, access, language)
    at = format_instant(row.starts_at, language=language)
    chart = make_chart(access, shown, lines, head["name"]) if lines else None
    return context | {"table": table, "chart": chart, "amounts": amounts, "at": at}


def _choose_shown(row: Finding) -> Shown:
    """The day of the finding, or its first month where it lasts longer."""
    first = derive_local_day(row.starts_at)
    last = derive_local_day(row.ends_at) if row.ends_at else first
    if (last - first).days <= 1:
        return Shown("day", first, last + _DAY)
    month = date(last.year, last.month, 1)
    return Shown("month", month, (month + timedelta(days=32)).replace(day=1))


def _list_amounts(row: Finding, access: SeriesAccess, language: str) -> list[tuple[str, str]]:
    """What was seen and what the limit is, for checks of amounts."""
    if row.code not in AMOUNTS:
        return []
    unit = access.series.unit
    pairs = ((_("Observed"), row.observed), (_("Limit"), row.limit))
    return [(name, format_quantity(value, unit, language=language)) for name, value in pairs if value is not None]
