# SPDX-License-Identifier: Apache-2.0
"""The water balance of zones: what went in, what was counted, what is lost, and the nights."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.access import access_balances, access_nights
from avlest.insight.infos import BalanceInfo, NightInfo
from avlest.portal.charts import Bar, BarChart
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, Table, answer_csv, read_table
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.registry.access import access_row
from avlest.registry.models import Zone
from avlest.registry.rights import Right
from avlest.wording import MISSING, format_cell, format_month, format_number, format_percent, format_quantity

_DAYS: Final = 42
_DAY: Final = timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone with its newest whole month and night; None where there is none yet."""

    zone: Zone
    month: BalanceInfo | None
    night: NightInfo | None


@require_safe
def show_zones(request: ViewerRequest) -> HttpResponse:
    """All zones with their newest balance."""
    actor, today = request.viewer.actor, derive_local_day(request.now)
    months = access_balances(actor, span="month", until=today.replace(day=1))
    nights = access_nights(actor, first=today - timedelta(days=14))
    newest, last = {each.zone_id: each for each in months}, {each.zone_id: each for each in nights}
    zones = Zone.objects.of(request.viewer.scope).order_by("name", "code")
    rows = [ZoneRow(zone, newest.get(zone.pk), last.get(zone.pk)) for zone in zones]
    table = read_table(
        request.GET, caption=_("Zones"), columns=_get_columns(), rows=rows, can_search=False,
        empty=_("No zone is registered."),
    )  # fmt: skip
    if table.wants_csv:
        return answer_csv(table, "soner")
    return render(request, "portal/operations/zones.html", {"table": table})


def _get_columns() -> tuple[Column, ...]:
    language = get_language() or "nb"

    def month(row: ZoneRow) -> str:
        return format_month(row.month.starts_on, language=language) if row.month else MISSING

    def litres(value: int | None, unit: str = "l") -> str:
        return format_quantity(value, unit, language=language)

    return (
        Column("zone", _("Zone"), lambda row: str(row.zone), link=_link),
        Column("month", _("Month"), month, key=lambda row: row.month.starts_on if row.month else None),
        Column("supplied", _("Into the zone"), lambda row: litres(row.month and row.month.supplied), is_number=True,
               key=lambda row: row.month and row.month.supplied),
        Column("metered", _("Counted"), lambda row: litres(row.month and row.month.metered), is_number=True,
               key=lambda row: row.month and row.month.metered),
        Column("lost", _("Not counted"), lambda row: litres(row.month and row.month.non_revenue), is_number=True,
               key=lambda row: row.month and row.month.non_revenue),
        Column("share", _("Share"), lambda row: _show_share(row.month), key=lambda row: row.month and row.month.share,
               is_number=True),
        Column("night", _("Leakage at night"), lambda row: litres(row.night and row.night.leak, "lh"), is_number=True,
               key=lambda row: row.night and row.night.leak),
    )  # fmt: skip


def _link(row: ZoneRow) -> str:
    return reverse("operations:zone", args=[row.zone.pk])


def _show_share(month: BalanceInfo | None) -> str:
    """Percent of what went in; nothing where that is not known."""
    if month is None or month.share is None:
        return MISSING
    return format_percent(month.share / 100, language=get_language() or "nb", decimals=1)


@require_safe
def show_zone(request: ViewerRequest, zone_id: int) -> HttpResponse:
    """One zone: its nights, its days and its months."""
    actor, today = request.viewer.actor, derive_local_day(request.now)
    zone = access_row(Zone, actor, zone_id, right=Right.VIEW_METERS)
    first = today - timedelta(days=_DAYS)
    days = access_balances(actor, span="day", zone_ids=[zone_id], first=first)
    nights = access_nights(actor, zone_ids=[zone_id], first=first)
    months = access_balances(actor, span="month", zone_ids=[zone_id])
    table = _make_months(request, months)
    if table.wants_csv:
        return answer_csv(table, f"sone-{zone.code}")
    context = {
        "zone": zone,
        "table": table,
        "days": _make_days(days) if any(day.supplied is not None for day in days) else None,
        "nights": _make_nights(nights) if nights else None,
        "night": min(nights, key=lambda night: night.inflow, default=None),
        "last": nights[-1] if nights else None,
        "month": months[-1] if months else None,
    }
    return render(request, "portal/operations/zone.html", context)


def _make_days(days: list[BalanceInfo]) -> BarChart:
    """What went in, beside what the meters counted, day by day."""
    return BarChart(
        title=_("Into the zone and counted, day by day"), unit="l", interval="day",
        bars=_fill({day.starts_on: (day.supplied, day.metered) for day in days}),
        name=_("Into the zone"), compared_name=_("Counted"), language=get_language() or "nb",
    )  # fmt: skip


def _make_nights(nights: list[NightInfo]) -> BarChart:
    """The flow into the zone at night, beside what people are taken to use then; the rest leaks."""
    return BarChart(
        title=_("Water an hour at night"), unit="l", interval="day",
        bars=_fill({night.day: (night.inflow, night.metered + night.assumed) for night in nights}),
        name=_("Into the zone"), compared_name=_("Used"), language=get_language() or "nb",
    )  # fmt: skip


def _fill(values: dict[date, tuple[int | None, int]]) -> tuple[Bar, ...]:
    """A bar for each day from the first to the last; what is not known is a gap."""
    first, count = min(values), (max(values) - min(values)).days + 1
    days = [first + _DAY * number for number in range(count)]
    return tuple(_make_bar(day, *values.get(day, (None, None))) for day in days)


def _make_bar(day: date, value: int | None, compared: int | None) -> Bar:
    return Bar(derive_day_start(day), derive_day_start(day + _DAY), value, compared=compared)


def _make_months(request: ViewerRequest, months: list[BalanceInfo]) -> Table:
    language = get_language() or "nb"

    def litres(value: int | None) -> str:
        return format_quantity(value, "l", language=language)

    def lost(row: BalanceInfo) -> str:
        if row.non_revenue is None:
            return MISSING
        return f"{litres(row.non_revenue)} ± {litres(row.margin)}"

    columns = (
        Column("month", _("Month"), lambda row: format_month(row.starts_on, language=language),
               key=lambda row: row.starts_on),
        Column("supplied", _("Into the zone"), lambda row: litres(row.supplied), key=lambda row: row.supplied,
               cell=lambda row: format_cell(row.supplied), is_number=True),
        Column("metered", _("Counted"), lambda row: litres(row.metered), key=lambda row: row.metered,
               cell=lambda row: format_cell(row.metered), is_number=True),
        Column("unmetered", _("Without meter"), lambda row: litres(row.unmetered), key=lambda row: row.unmetered,
               cell=lambda row: format_cell(row.unmetered), is_number=True),
        Column("lost", _("Not counted"), lost, key=lambda row: row.non_revenue,
               cell=lambda row: format_cell(row.non_revenue), is_number=True),
        Column("share", _("Share"), _show_share, key=lambda row: row.share, is_number=True),
        Column("ili", _("ILI"), _show_index, key=_get_index, is_number=True),
    )  # fmt: skip
    return read_table(
        request.GET, caption=_("Months"), columns=columns, rows=months, sort="-month", can_search=False,
        empty=_("No month has been balanced yet."),
    )  # fmt: skip


def _get_index(row: BalanceInfo) -> Decimal | None:
    return row.infrastructure.index if row.infrastructure else None


def _show_index(row: BalanceInfo) -> str:
    """How the losses stand to what cannot be avoided in these pipes; nothing where the pipes are not known."""
    index = _get_index(row)
    return MISSING if index is None else format_number(Fraction(index), language=get_language() or "nb", decimals=1)
