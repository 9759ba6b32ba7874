# SPDX-License-Identifier: Apache-2.0
"""The people of the register: where they live, how they are reached, whether they sign in; codes by letter, see-as."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from avlest.portal.login.codes import do_make_code
from avlest.portal.manager.crumbs import Crumb, make_crumbs
from avlest.portal.manager.media import say
from avlest.portal.manager.rows import pick, read_rows
from avlest.portal.request import ViewerRequest
from avlest.portal.sessions import SEEN_AS_ROLES
from avlest.portal.tables import Column, Table, answer_csv
from avlest.registry.access import access_row
from avlest.registry.models import Party, Tenancy
from avlest.registry.rights import Right


@dataclasses.dataclass(frozen=True, slots=True)
class PartyRow:
    """A person or company in the list."""

    id: int
    name: str
    code: str
    place: str
    contact: str
    signs_in: str


@require_safe
def show_people(request: ViewerRequest) -> HttpResponse:
    """The list with search; `?without=contact` shows those who cannot be reached, `format=csv` gives the file."""
    table = _make_table(request)
    if table.wants_csv:
        return answer_csv(table, "personer")
    context = {"table": table, "is_without": request.GET.get("without") == "contact"}
    return render(request, "portal/manager/people.html", context)


def _make_table(request: ViewerRequest) -> Table:
    rows = Party.objects.of(request.viewer.scope)
    if request.GET.get("without") == "contact":
        rows = rows.filter(email="", phone="")
    columns = (
        Column("name", _("Name"), lambda row: row.name, link=lambda row: reverse("manager:person", args=[row.id])),
        Column("code", _("Customer number"), lambda row: row.code),
        Column("place", _("Place"), lambda row: row.place, can_sort=False),
        Column("contact", _("Contact"), lambda row: row.contact, can_sort=False),
        Column("signs_in", _("Signs in"), lambda row: row.signs_in, can_sort=False),
    )
    return read_rows(
        request.GET, caption=_("People"), columns=columns, rows=rows, sort="name", search=_search,
        orders={"name": ("name",), "code": ("code",)}, convert=lambda found: _to_rows(found, request),
        empty=_("Nobody matches."),
    )  # fmt: skip


def _search(rows: QuerySet[Party], word: str) -> QuerySet[Party]:
    return rows.filter(
        Q(name__icontains=word) | Q(code__icontains=word) | Q(email__icontains=word) | Q(phone__contains=word)
    )


def _to_rows(rows: Sequence[Party], request: ViewerRequest) -> list[PartyRow]:
    now = request.now
    present = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    homes = Tenancy.objects.filter(present, party_id__in=pick(rows, "pk"), starts_at__lte=now)
    places: dict[int, list[str]] = {}
    for home in homes.select_related("unit__property", "property"):
        places.setdefault(home.party_id, []).append(str(home.unit or home.property))
    return [
        PartyRow(
            row.pk, row.name, row.code, ", ".join(dict.fromkeys(places.get(row.pk, []))),
            ", ".join(filter(None, (row.email, row.phone))) or _("Missing contact"),
            _("Yes") if row.user_id else _("No"),
        )
        for row in rows
    ]  # fmt: skip


@require_safe
def show_person(request: ViewerRequest, party_id: int) -> HttpResponse:
    """One person: contact, places, and what can be done for them."""
    row = access_row(Party, request.viewer.actor, party_id, right=Right.VIEW_PEOPLE)
    return render(request, "portal/manager/person.html", _describe(request, row))


def _describe(request: ViewerRequest, row: Party) -> dict[str, Any]:
    homes = Tenancy.objects.filter(party=row).select_related("unit__property", "property").order_by("-starts_at")
    return {
        "row": row,
        "homes": [(home, say(home.role)) for home in homes],
        "may_see_as": bool(request.viewer.roles & SEEN_AS_ROLES),
        "may_change": Right.CHANGE_PEOPLE in request.viewer.rights,
        "crumbs": make_crumbs(Crumb(_("People"), reverse("manager:people")), Crumb(row.name)),
    }


@require_POST
def make_code(request: ViewerRequest, party_id: int) -> HttpResponse:
    """Make the code for a letter and show it this once."""
    row = access_row(Party, request.viewer.actor, party_id, right=Right.CHANGE_PEOPLE)
    code = do_make_code(request.viewer.actor, party_id, now=request.now)
    address = request.build_absolute_uri(reverse("common:activate"))
    context = _describe(request, row) | {"code": code, "address": address}
    return render(request, "portal/manager/person.html", context)
