# SPDX-License-Identifier: Apache-2.0
"""Alarms as each role may know of them, and what people do about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from avlest.insight.cases import get_parts, keep_leads
from avlest.insight.contracts import AlarmKind
from avlest.insight.infos import AlarmInfo, AlarmState
from avlest.insight.mapping import to_alarm
from avlest.insight.models import Alarm
from avlest.insight.places import name_places
from avlest.insight.services.alarms import do_acknowledge, do_note_fixed
from avlest.insight.texts import get_alarm_text
from avlest.insight.told import get_told
from avlest.portal.forms import Form, answer_form
from avlest.portal.manager.crumbs import Crumb, make_crumbs
from avlest.portal.manager.people import may_know_people
from avlest.portal.manager.policy import GROUPS, filter_alarms, may_see_amounts
from avlest.portal.manager.queue import Chip
from avlest.portal.manager.rows import read_rows
from avlest.portal.manager.words import say_severity
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, Table, answer_csv
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import AccessDeniedError, Right
from avlest.wording import format_date, format_instant, format_money

GROUP_NAMES: dict[str, Promise] = {
    "leak": gettext_lazy("Leaks"),
    "frost": gettext_lazy("Frost and heat"),
    "silent": gettext_lazy("Silent"),
    "meter": gettext_lazy("The meter itself"),
    "use": gettext_lazy("Unusual use"),
}
STATE_NAMES: dict[AlarmState, Promise] = {
    AlarmState.OPEN: gettext_lazy("Open"),
    AlarmState.SNOOZED: gettext_lazy("Quiet for a while"),
    AlarmState.ACKNOWLEDGED: gettext_lazy("Seen"),
    AlarmState.FIXED: gettext_lazy("Said to be mended"),
    AlarmState.CLEARED: gettext_lazy("Over"),
}
_RANKS = ("critical", "severe", "warning", "notice")


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """An alarm in the list; `cost` is empty where the viewer may not know it."""

    id: int
    title: str
    place: str
    since: str
    severity: str
    state: str
    cost: str


class AlarmForm(Form):
    """What somebody of the staff says about an alarm."""

    action = forms.ChoiceField(
        label=gettext_lazy("What do you want to say?"),
        widget=forms.RadioSelect,
        choices=(
            ("acknowledge", gettext_lazy("I have seen it and take care of it")),
            ("fixed", gettext_lazy("It is mended")),
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("Others who work with this see it. Write nothing private about people."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    submit = gettext_lazy("Save")


@require_safe
def show_alarms(request: ViewerRequest) -> HttpResponse:
    """Open alarms, the gravest first; `?group=leak&days=3&all=1`, `format=csv`."""
    rows = filter_alarms(request.viewer)
    if not request.GET.get("all"):
        rows = rows.filter(cleared_at__isnull=True)
    rows = keep_leads(rows)
    counts = count_groups(rows)
    group = request.GET.get("group", "")
    chosen = _narrow(request, rows, group)
    table = _make_table(request, chosen)
    if table.wants_csv:
        return answer_csv(table, "varsler")
    context = {"table": table, "chips": _list_chips(request, counts, group), "is_all": bool(request.GET.get("all"))}
    return render(request, "portal/manager/alarms.html", context)


def _narrow(request: ViewerRequest, rows: QuerySet[Alarm], group: str) -> QuerySet[Alarm]:
    """A group, and only what has stood for some days."""
    if group in GROUPS:
        rows = rows.filter(kind__in=[str(kind) for kind in GROUPS[group]])
    days = request.GET.get("days", "")
    if days.isascii() and days.isdigit() and len(days) < 4:
        rows = rows.filter(since__lte=request.now - timedelta(days=int(days)))
    return rows


def count_groups(rows: QuerySet[Alarm]) -> dict[str, int]:
    """How many alarms each group has."""
    counts = dict(rows.order_by().values_list("kind").annotate(number=Count("pk")))
    return {name: sum(counts.get(str(kind), 0) for kind in kinds) for name, kinds in GROUPS.items()}


def _list_chips(request: ViewerRequest, counts: dict[str, int], group: str) -> list[Chip]:
    more = "&all=1" if request.GET.get("all") else ""
    first = Chip(_("All"), sum(counts.values()), f"?{more.removeprefix('&')}", group not in GROUPS)
    return [first] + [
        Chip(str(GROUP_NAMES[name]), number, f"?group={name}{more}", name == group)
        for name, number in counts.items()
        if number or name == group
    ]


def order_by_gravity(rows: QuerySet[Alarm]) -> QuerySet[Alarm]:
    """The gravest first, then the newest."""
    whens = [When(severity=name, then=Value(rank)) for rank, name in enumerate(_RANKS)]
    ranked = rows.annotate(rank=Case(*whens, default=Value(len(_RANKS)), output_field=IntegerField()))
    return ranked.order_by("rank", "-opened_at", "-pk")


def _make_table(request: ViewerRequest, rows: QuerySet[Alarm]) -> Table:
    columns = (
        Column("title", _("What"), lambda row: row.title, can_sort=False, link=_address_of),
        Column("place", _("Where"), lambda row: row.place, can_sort=False),
        Column("since", _("Since"), lambda row: row.since),
        Column("severity", _("How serious"), lambda row: row.severity),
        Column("state", _("State"), lambda row: row.state, can_sort=False),
        Column("cost", _("Cost so far"), lambda row: row.cost, is_number=True),
    )  # fmt: skip
    ranked = order_by_gravity(rows)
    return read_rows(
        request.GET, caption=_("Alarms"), columns=columns, rows=ranked,
        orders={"since": ("since",), "severity": ("rank",), "cost": ("cost",)}, search=_search,
        convert=make_converter(request), empty=_("No alarm matches. Everything looks normal."),
    )  # fmt: skip


def _address_of(row: Shown) -> str:
    return reverse("manager:alarm", args=[row.id])


def _search(rows: QuerySet[Alarm], word: str) -> QuerySet[Alarm]:
    return rows.filter(
        Q(point__code__icontains=word)
        | Q(point__unit__number__icontains=word)
        | Q(point__unit__property__address__icontains=word)
        | Q(point__property__address__icontains=word)
        | Q(meter__serial__icontains=word)
    )


def make_converter(request: ViewerRequest) -> Callable[[Sequence[Alarm]], list[Shown]]:
    """Return the function that makes lines of alarms, as this viewer may see them."""
    language = get_language() or "nb"

    def convert(rows: Sequence[Alarm]) -> list[Shown]:
        places, parts = name_places(rows), get_parts(rows, filter_alarms(request.viewer))
        return [_to_shown(request, row, places[row.pk], parts.get(row.pk, ()), language) for row in rows]

    return convert


def _to_shown(request: ViewerRequest, row: Any, place: str, parts: Sequence[Alarm], language: str) -> Shown:
    info = to_alarm(row, place=place, told=(), now=request.now)
    sees = may_see_amounts(request.viewer, is_personal=row.is_personal)
    since = (
        format_instant(row.since, language=language)
        if sees
        else format_date(derive_local_day(row.since), language=language)
    )
    return Shown(
        row.pk, _name_case(info, parts, language), place, since, say_severity(row.severity),
        str(STATE_NAMES[info.state]),
        format_money(row.cost, language=language, decimals=0) if sees and row.cost is not None else "",
    )  # fmt: skip


def _name_case(lead: AlarmInfo, parts: Sequence[Alarm], language: str) -> str:
    """The alarm's title, and what else shows the same leak."""
    title = lead.get_text(language).title
    others = [_name_part(part, language) for part in parts if part.cleared_at is None or not lead.is_open]
    named = [name for name in dict.fromkeys(others) if name != title]
    return _("%(title)s (also: %(others)s)") % {"title": title, "others": ", ".join(named)} if named else title


def _name_part(part: Alarm, language: str) -> str:
    text = get_alarm_text(
        AlarmKind(part.kind), severity=part.severity, cause=part.cause, advice=part.advice, language=language
    )
    return text.title


@require_safe
def show_alarm(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """One alarm, and the form to say what is done about it, for those who may."""
    return _answer(request, _access_alarm(request, alarm_id), AlarmForm(initial={"action": "acknowledge"}))


@require_POST
def handle_alarm(request: ViewerRequest, alarm_id: int) -> HttpResponse:
    """Note that somebody has seen it, or that it is mended."""
    row = _access_alarm(request, alarm_id)
    form = AlarmForm(request.POST)
    if not form.is_valid():
        return _answer(request, row, form)
    _handle(request, alarm_id, form)
    response = HttpResponseRedirect(reverse("manager:alarm", args=[alarm_id]))
    response.status_code = 303
    return response


def _access_alarm(request: ViewerRequest, alarm_id: int) -> Any:
    row = filter_alarms(request.viewer).filter(pk=alarm_id).first()
    if row is None:
        raise AccessDeniedError(f"no alarm {alarm_id} in this organisation")
    return row


def _answer(request: ViewerRequest, row: Any, form: AlarmForm) -> HttpResponse:
    info = to_alarm(row, place=name_places([row])[row.pk], told=get_told([row]).get(row.cause_key, ()), now=request.now)
    may_handle = Right.HANDLE_ALARMS in request.viewer.rights and info.is_open
    context = _describe(request, row, info) | {"may_handle": may_handle}
    return answer_form(request, "portal/manager/alarm.html", form, context)


def _describe(request: ViewerRequest, row: Any, info: AlarmInfo) -> dict[str, Any]:
    language = get_language() or "nb"
    text = info.get_text(language)
    parts = get_parts([row], filter_alarms(request.viewer)).get(row.pk, [])
    return {
        "parts": [(part.pk, _name_part(part, language)) for part in parts],
        "alarm": info, "text": text, "severity": say_severity(info.severity), "state": STATE_NAMES[info.state],
        "sees_amounts": may_see_amounts(request.viewer, is_personal=row.is_personal), "is_personal": row.is_personal,
        "since_day": derive_local_day(info.since), "told": info.told if may_know_people(request.viewer) else (),
        "crumbs": make_crumbs(Crumb(_("Alarms"), reverse("manager:alarms")), Crumb(text.title)),
    }  # fmt: skip


def _handle(request: ViewerRequest, alarm_id: int, form: AlarmForm) -> None:
    note, actor = form.cleaned_data["note"], request.viewer.actor
    if form.cleaned_data["action"] == "fixed":
        do_note_fixed(actor, alarm_id, own_points=None, now=request.now, note=note)
        messages.success(request, _("Noted. The alarm goes away when the meter shows that it is over."))
    else:
        do_acknowledge(actor, alarm_id, now=request.now, note=note)
        messages.success(request, _("Noted that you have seen it. Nobody is reminded any more."))
