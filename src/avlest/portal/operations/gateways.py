# SPDX-License-Identifier: Apache-2.0
"""Gateways: when they were last heard, their share of the traffic, which meters hang on one alone."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import polars as pl
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.collect.heard_of import count_heard_last, get_gateways_of, get_reach_of
from avlest.portal.operations.templatetags.operations import share
from avlest.portal.operations.words import name_road
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, answer_csv, read_table
from avlest.registry.models import Gateway
from avlest.registry.rights import Right
from avlest.wording import MISSING, format_instant, format_number

QUIET: Final = timedelta(hours=24)
REACH: Final = timedelta(days=30)
"""How far back it counts who has heard a meter."""
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway with what came through it; `share` of all messages, `last` meters heard last by it.

    `alone`: meters no other gateway hears; None where nothing is known of who hears whom yet.
    """

    code: str
    name: str
    kind: str
    zone: str
    last_heard_at: datetime | None
    messages: int
    share: float
    last: int
    alone: int | None
    rssi: float | None
    is_quiet: bool


@require_safe
def show_gateways(request: ViewerRequest) -> HttpResponse:
    """The gateways of the organisation, those unheard the longest first."""
    rows = get_gateways(request)
    table = read_table(
        request.GET, caption=_("Gateways"), columns=_get_columns(), rows=rows, sort="last_heard_at", can_search=False
    )
    if table.wants_csv:
        return answer_csv(table, "portnere")
    context = {"table": table, "quiet": [row for row in rows if row.is_quiet], "total": len(rows)}
    return render(request, "portal/operations/gateways.html", context)


def count_gateways(request: ViewerRequest) -> tuple[int, int]:
    """How many gateways are in use, and how many of them nothing was heard of for a day."""
    request.viewer.actor.require(Right.VIEW_METERS)
    own = Gateway.objects.of(request.viewer.scope).filter(retired_at__isnull=True)
    codes = list(own.values_list("code", flat=True))
    heard = dict(get_gateways_of(codes).select("code", "last_heard_at").iter_rows())
    return len(codes), sum(_is_quiet(heard.get(code), request.now) for code in codes)


def _is_quiet(last_heard_at: datetime | None, now: datetime) -> bool:
    return last_heard_at is None or now - last_heard_at > QUIET


def get_gateways(request: ViewerRequest) -> list[GatewayRow]:
    """Return the gateways in use with their figures: five queries."""
    request.viewer.actor.require(Right.VIEW_METERS)
    own = Gateway.objects.of(request.viewer.scope).filter(retired_at__isnull=True).select_related("zone")
    gateways = list(own.order_by("name", "code"))
    states = {row["code"]: row for row in get_gateways_of([each.code for each in gateways]).to_dicts()}
    total = sum(row["heard"] for row in states.values()) or 1
    lasts = count_heard_last(request.viewer.scope)
    reach = get_reach_of(request.viewer.scope, since=request.now - REACH)
    alone = None if reach.is_empty() else count_alone(reach)
    return [_to_row(each, states.get(each.code, {}), total, lasts, alone, request.now) for each in gateways]


def count_alone(reach: pl.DataFrame) -> dict[str, int]:
    """How many meters each gateway hears that no other does; `reach` is `collect.heard_of.REACH`."""
    single = reach.group_by("manufacturer", "serial").agg(pl.col("gateway")).filter(pl.col("gateway").list.len() == 1)
    return dict(single.select(pl.col("gateway").list.first()).group_by("gateway").agg(pl.len()).iter_rows())


def _to_row(
    each: Gateway, state: dict[str, Any], total: int, lasts: dict[str, int], alone: dict[str, int] | None, now: datetime
) -> GatewayRow:
    at = state.get("last_heard_at")
    return GatewayRow(
        code=each.code,
        name=str(each),
        kind=each.road or each.kind,
        zone=str(each.zone) if each.zone else MISSING,
        last_heard_at=at,
        messages=state.get("heard", 0),
        share=state.get("heard", 0) / total,
        last=lasts.get(each.code, 0),
        alone=None if alone is None else alone.get(each.code, 0),
        rssi=state.get("rssi"),
        is_quiet=_is_quiet(at, now),
    )


def _get_columns() -> tuple[Column, ...]:
    language = get_language() or "nb"

    def count(value: int) -> str:
        return format_number(value, language=language)

    def heard(row: GatewayRow) -> str:
        return format_instant(row.last_heard_at, language=language, style="short") if row.last_heard_at else _("never")

    def link(row: GatewayRow) -> str:
        return reverse("operations:meters") + "?" + urlencode({"gateway": row.code})

    return (
        Column("name", _("Gateway"), lambda row: row.name, link=link),
        Column("kind", _("Road"), lambda row: name_road(row.kind)),
        Column("zone", _("Zone"), lambda row: row.zone),
        Column("last_heard_at", _("Last heard"), heard, key=lambda row: row.last_heard_at or _LONG_AGO),
        Column("messages", _("Messages"), lambda row: count(row.messages), key=lambda r: r.messages, is_number=True),
        Column(
            "share", _("Share of traffic"), lambda row: share(row.share), key=lambda row: row.share, cell=_cell_share
        ),
        Column("last", _("Meters heard last"), lambda row: count(row.last), key=lambda row: row.last, is_number=True),
        Column(
            "alone",
            _("Heard by it alone"),
            lambda row: MISSING if row.alone is None else count(row.alone),
            key=lambda r: r.alone,
            is_number=True,
        ),
        Column("rssi", _("Signal"), _show_signal, key=lambda row: row.rssi, is_number=True),
    )


def _cell_share(row: GatewayRow) -> str:
    return format_number(row.share * 100, language=get_language() or "nb", decimals=1)


def _show_signal(row: GatewayRow) -> str:
    return (
        MISSING if row.rssi is None else f"{format_number(round(row.rssi), language=get_language() or 'nb')}\u00a0dBm"
    )
