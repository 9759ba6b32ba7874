# SPDX-License-Identifier: Apache-2.0
"""Meters that are due: so old that they must be tested or exchanged, or worn out by their own word."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.models import Alarm
from avlest.portal.manager.crumbs import address_of, make_crumbs
from avlest.portal.manager.media import name_medium
from avlest.portal.manager.policy import WEAR
from avlest.portal.manager.rows import read_rows
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, Table, answer_csv
from avlest.portal.viewer import Viewer
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Installation


@dataclasses.dataclass(frozen=True, slots=True)
class DueRow:
    """A meter in the list with why it is due."""

    meter_id: int
    point_id: int
    meter: str
    place: str
    medium: str
    year: int | None
    why: str


@cache
def _load_ages() -> tuple[tuple[date, int], ...]:
    text = files("avlest.portal.manager").joinpath("exchange.toml").read_text(encoding="utf-8")
    return tuple(sorted((row["starts_on"], row["years"]) for row in tomllib.loads(text)["age"]))


def get_oldest_year(today: date) -> int:
    """Return the last year of make that is due on a day, by the rule of that day (`exchange.toml`)."""
    return today.year - max((row for row in _load_ages() if row[0] <= today), default=_load_ages()[0])[1]


def filter_due(viewer: Viewer, today: date) -> QuerySet[Installation]:
    """Return the installations whose meter is due; each row says whether it `is_worn`."""
    worn = Alarm.objects.filter(
        meter_id=OuterRef("meter_id"), kind__in=[str(kind) for kind in WEAR], cleared_at__isnull=True
    )
    rows = Installation.objects.of(viewer.scope).filter(ends_at__isnull=True).annotate(is_worn=Exists(worn))
    return rows.filter(Q(is_worn=True) | Q(meter__production_year__lte=get_oldest_year(today)))


@require_safe
def show_due(request: ViewerRequest) -> HttpResponse:
    """The list, the oldest first; `format=csv`."""
    today = derive_local_day(request.now)
    table = _make_table(request, today)
    if table.wants_csv:
        return answer_csv(table, "maalere-til-bytte")
    context = {"table": table, "year": get_oldest_year(today), "crumbs": make_crumbs()}
    return render(request, "portal/manager/due.html", context)


def _make_table(request: ViewerRequest, today: date) -> Table:
    columns = (
        Column("meter", _("Meter"), lambda row: row.meter, link=lambda row: address_of("meter", row.meter_id)),
        Column("place", _("Where"), lambda row: row.place, can_sort=False, link=_address_of_point),
        Column("medium", _("Medium"), lambda row: row.medium),
        Column("year", _("Year made"), lambda row: row.year or "–", is_number=True),
        Column("why", _("Why"), lambda row: row.why, can_sort=False),
    )  # fmt: skip
    rows = filter_due(request.viewer, today).select_related("meter", "point__unit__property", "point__property")
    return read_rows(
        request.GET, caption=_("Meters to test or exchange"), columns=columns, rows=rows, sort="year",
        orders={"meter": ("meter__serial",), "medium": ("point__medium",), "year": ("meter__production_year",)},
        convert=_to_rows, search=_search, empty=_("No meter is due."),
    )  # fmt: skip


def _address_of_point(row: DueRow) -> str:
    return address_of("point", row.point_id)


def _search(rows: QuerySet[Installation], word: str) -> QuerySet[Installation]:
    return rows.filter(
        Q(meter__serial__icontains=word)
        | Q(point__unit__property__address__icontains=word)
        | Q(point__property__address__icontains=word)
    )


def _to_rows(rows: Sequence[Any]) -> list[DueRow]:
    return [
        DueRow(
            row.meter_id, row.point_id, row.meter.printed_number or row.meter.serial,
            str(row.point.unit or row.point.property or row.point.code), name_medium(row.point.medium),
            row.meter.production_year, _("Worn out by its own word") if row.is_worn else _("Age"),
        )
        for row in rows
    ]  # fmt: skip
