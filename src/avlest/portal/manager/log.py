# SPDX-License-Identifier: Apache-2.0
"""The log: who changed what, and who looked at what households use."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.manager.crumbs import Crumb, make_crumbs
from avlest.portal.manager.logwords import say_look, say_subject, say_verb
from avlest.portal.manager.policy import may_see_amounts
from avlest.portal.manager.rows import read_rows
from avlest.portal.models import AccessLog
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, Table, answer_csv
from avlest.readings.calendar import derive_day_start
from avlest.registry.access import access_row
from avlest.registry.models import AuditEntry
from avlest.registry.rights import Right
from avlest.wording import format_instant

_OF_HOUSEHOLDS: Final = frozenset({"decision", "finding", "installationvalue", "alarm", "correction", "ownlimit"})
_AMOUNTS: Final = frozenset({"value", "observed", "limit", "rate", "amount", "cost", "yearly_amount", "cost_per_year"})
"""What would tell of a household's hours (rules §8.2)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    id: int
    at: datetime
    who: str
    what: str
    thing: str


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One column of a row before and after."""

    name: str
    before: str
    after: str


@require_safe
def show_log(request: ViewerRequest) -> HttpResponse:
    """What was changed, the latest first; `?from=2026-11-01&to=2026-11-30&q=…`, `format=csv`."""
    request.viewer.actor.require(Right.VIEW_AUDIT)
    rows = _between(request, AuditEntry.objects.of(request.viewer.scope))
    columns = (
        Column("at", _("When"), lambda row: _write(row.at), cell=lambda row: row.at.isoformat(), link=_address_of),
        Column("who", _("Who"), lambda row: row.who),
        Column("what", _("What"), lambda row: row.what, can_sort=False),
        Column("thing", _("Thing"), lambda row: row.thing, can_sort=False),
    )
    table = read_rows(
        request.GET, caption=_("Changes"), columns=columns, rows=rows, sort="-at", search=_search_entries,
        orders={"at": ("at",), "who": ("actor",)}, convert=_to_entries, empty=_("Nothing was changed in this time."),
    )  # fmt: skip
    return answer_csv(table, "logg") if table.wants_csv else _answer(request, table, is_looks=False)


@require_safe
def show_looks(request: ViewerRequest) -> HttpResponse:
    """Who looked at what households use, and why; each resident sees the same of their own home."""
    request.viewer.actor.require(Right.VIEW_AUDIT)
    rows = _between(request, AccessLog.objects.of(request.viewer.scope)).select_related("point")
    columns = (
        Column("at", _("When"), lambda row: _write(row.at), cell=lambda row: row.at.isoformat()),
        Column("who", _("Who"), lambda row: row.name),
        Column("what", _("What"), lambda row: say_look(row.what), can_sort=False),
        Column("point", _("Metering point"), lambda row: row.point.code),
        Column("why", _("Why"), lambda row: row.reason, can_sort=False),
    )
    table = read_rows(
        request.GET, caption=_("Looks"), columns=columns, rows=rows, sort="-at", search=_search_looks,
        orders={"at": ("at",), "who": ("name",), "point": ("point__code",)}, empty=_("Nobody has looked in this time."),
    )  # fmt: skip
    return answer_csv(table, "innsyn") if table.wants_csv else _answer(request, table, is_looks=True)


def _answer(request: ViewerRequest, table: Table, *, is_looks: bool) -> HttpResponse:
    context = {
        "table": table,
        "is_looks": is_looks,
        "first": _read_day(request, "from"),
        "last": _read_day(request, "to"),
    }
    return render(request, "portal/manager/log.html", context)


def _between(request: ViewerRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows of the local days asked for, both included."""
    first, last = _read_day(request, "from"), _read_day(request, "to")
    if first is not None:
        rows = rows.filter(at__gte=derive_day_start(first))
    if last is not None:
        rows = rows.filter(at__lt=derive_day_start(last + timedelta(days=1)))
    return rows


def _read_day(request: ViewerRequest, name: str) -> date | None:
    """A day of the query; what makes no sense is no limit."""
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2999 else None


def _search_entries(rows: QuerySet[Any], word: str) -> QuerySet[Any]:
    return rows.filter(
        Q(actor__icontains=word) | Q(label__icontains=word) | Q(action__icontains=word) | Q(subject__icontains=word)
    )


def _search_looks(rows: QuerySet[Any], word: str) -> QuerySet[Any]:
    return rows.filter(Q(name__icontains=word) | Q(point__code__icontains=word) | Q(reason__icontains=word))


def _to_entries(rows: Sequence[Any]) -> list[Entry]:
    return [
        Entry(row.pk, row.at, row.actor, say_verb(row.action), f"{say_subject(row.subject)}: {row.label}")
        for row in rows
    ]


def _address_of(row: Entry) -> str:
    return reverse("manager:log_entry", args=[row.id])


def _write(at: datetime) -> str:
    return format_instant(at, language=get_language() or "nb", style="short")


@require_safe
def show_entry(request: ViewerRequest, entry_id: int) -> HttpResponse:
    """One change with what was before and after.  Secrets are never in the log."""
    row = access_row(AuditEntry, request.viewer.actor, entry_id, right=Right.VIEW_AUDIT)
    context = {
        "row": row,
        "verb": say_verb(row.action),
        "subject": say_subject(row.subject),
        "differences": _list_differences(row, sees_amounts=may_see_amounts(request.viewer, is_personal=True)),
        "crumbs": make_crumbs(Crumb(_("The log"), reverse("manager:log")), Crumb(row.label or str(row.pk))),
    }
    return render(request, "portal/manager/log_entry.html", context)


def _list_differences(row: AuditEntry, *, sees_amounts: bool) -> list[Difference]:
    """The columns before and after; amounts of values and alarms only for those who may see a household's hours."""
    before, after = row.before or {}, row.after or {}
    hidden = frozenset() if sees_amounts or row.subject not in _OF_HOUSEHOLDS else _AMOUNTS
    names = [*after, *(name for name in before if name not in after)]
    return [
        Difference(name, _("hidden"), _("hidden"))
        if name in hidden
        else Difference(name, _show(before.get(name)), _show(after.get(name)))
        for name in names
    ]


def _show(value: Any) -> str:
    return "" if value is None else str(value)
