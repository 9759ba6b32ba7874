# SPDX-License-Identifier: Apache-2.0
"""One field that finds everything: address, gnr/bnr, serial number, metering point, name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.manager.crumbs import address_of, make_crumbs
from avlest.portal.manager.media import name_medium, say
from avlest.portal.manager.people import may_know_people
from avlest.portal.manager.places import search_properties
from avlest.portal.request import ViewerRequest
from avlest.registry.models import Meter, MeteringPoint, Property, Tenancy, Unit

MOST: Final = 20
_LEAST: Final = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """One thing found, with what tells it from others."""

    text: str
    address: str
    more: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind; `is_cut` when there are more than are shown."""

    title: str
    hits: tuple[Hit, ...]
    is_cut: bool


@require_safe
def show_search(request: ViewerRequest) -> HttpResponse:
    """What matches all words of `q`, by kind."""
    text = request.GET.get("q", "").strip()
    words = text.split()[:8] if len(text) >= _LEAST else []
    groups = [group for group in _find_all(request, words) if group.hits] if words else []
    context = {"q": text, "groups": groups, "is_short": not words, "crumbs": make_crumbs()}
    return render(request, "portal/manager/search.html", context)


def _find_all(request: ViewerRequest, words: list[str]) -> list[Group]:
    scope = request.viewer.scope
    found = [
        _group(_("Properties"), _find_properties(scope, words)),
        _group(_("Units"), _find_units(scope, words)),
        _group(_("Metering points"), _find_points(scope, words)),
        _group(_("Meters"), _find_meters(scope, words)),
    ]
    return [*found, _group(_("People"), _find_people(scope, words))] if may_know_people(request.viewer) else found


def _group(title: str, hits: Iterable[Hit]) -> Group:
    every = tuple(hits)
    return Group(title, every[:MOST], len(every) > MOST)


def _find_properties(scope: int, words: list[str]) -> Iterable[Hit]:
    rows: QuerySet[Property] = Property.objects.of(scope)
    for word in words:
        rows = search_properties(rows, word)
    for row in rows.order_by("address", "pk")[: MOST + 1]:
        yield Hit(str(row), address_of("property", row.pk), str(row.cadastre or row.code))


def _find_units(scope: int, words: list[str]) -> Iterable[Hit]:
    """Units need their number: an address alone is the property's."""
    rows = Unit.objects.of(scope).select_related("property")
    for word in words:
        rows = rows.filter(Q(number__icontains=word) | Q(property__address__icontains=word))
    if not any(any(sign.isdigit() for sign in word) for word in words):
        return
    for row in rows.order_by("property__address", "number")[: MOST + 1]:
        yield Hit(str(row), address_of("unit", row.pk), say(row.kind))


def _find_points(scope: int, words: list[str]) -> Iterable[Hit]:
    rows = MeteringPoint.objects.of(scope).select_related("unit__property", "property")
    for word in words:
        rows = rows.filter(Q(code__icontains=word) | Q(gsrn__contains=word) | Q(location__icontains=word))
    for row in rows.order_by("code")[: MOST + 1]:
        where = str(row.unit or row.property or "")
        yield Hit(row.code, address_of("point", row.pk), ", ".join(filter(None, (name_medium(row.medium), where))))


def _find_meters(scope: int, words: list[str]) -> Iterable[Hit]:
    rows = Meter.objects.of(scope)
    for word in words:
        rows = rows.filter(
            Q(serial__icontains=word)
            | Q(printed_number__icontains=word)
            | Q(dev_eui__icontains=word)
            | Q(manufacturer__iexact=word)
        )
    for row in rows.order_by("serial", "pk")[: MOST + 1]:
        yield Hit(str(row), address_of("meter", row.pk), say(row.state))


def _find_people(scope: int, words: list[str]) -> Iterable[Hit]:
    rows = Tenancy.objects.of(scope).select_related("party", "unit__property", "property")
    for word in words:
        rows = rows.filter(Q(party__name__icontains=word) | Q(party__code__iexact=word))
    for row in rows.order_by("party__name", "-starts_at")[: MOST + 1]:
        at = address_of("unit", row.unit_id) if row.unit_id else address_of("property", row.property_id or 0)
        yield Hit(row.party.name, at, f"{say(row.role)}, {row.unit or row.property}")
