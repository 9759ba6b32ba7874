# SPDX-License-Identifier: Apache-2.0
"""The list of meters with the filters of the map, and one meter."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.access import access_alarms
from avlest.portal.operations.fleet import Choice, Selection, count_stages, get_filters, get_fleet, read_selection
from avlest.portal.operations.rows import Row, read_frame_table
from avlest.portal.operations.shapes import draw_stage
from avlest.portal.operations.stages import NAMES, Stage
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, Table, answer_csv
from avlest.registry.media import get_media
from avlest.registry.models import Gateway, Installation, Zone
from avlest.registry.rights import AccessDeniedError
from avlest.wording import MISSING, format_instant


@require_safe
def show_meters(request: ViewerRequest) -> HttpResponse:
    """The list; `?stage=silent&medium=cold_water&zone=3&gateway=fv-1&q=storgata`, `format=csv` for all of it."""
    fleet = get_fleet(request.viewer)
    selection = read_selection(request.GET)
    table = make_table(request, fleet, selection)
    if table.wants_csv:
        return answer_csv(table, "maalere")
    return render(request, "portal/operations/meters.html", make_context(request, fleet, selection) | {"table": table})


def make_context(request: ViewerRequest, fleet: pl.DataFrame, selection: Selection) -> dict[str, Any]:
    """What list and map share: the filters and how many points are in each state."""
    counts = count_stages(selection.choose(fleet, without_stage=True))
    every = Choice(selection.address(stage=""), _("All"), not selection.stage)
    stages = [
        (Choice(selection.address(stage=stage.value), str(NAMES[stage]), selection.stage == stage), stage, count)
        for stage, count in counts.items()
    ]
    return {
        "selection": selection,
        "filters": get_filters(request, fleet, selection),
        "every": (every, sum(counts.values())),
        "stages": stages,
        "query": selection.address(),
    }


def make_table(request: ViewerRequest, fleet: pl.DataFrame, selection: Selection) -> Table:
    """The points that the filters leave, as a table."""
    names = {row.pk: str(row) for row in Zone.objects.of(request.viewer.scope)}
    named = selection.choose(fleet).with_columns(zone_name=fleet_zone(names))
    gateways = dict(Gateway.objects.of(request.viewer.scope).exclude(name="").values_list("code", "name"))
    return read_frame_table(
        request.GET, named, caption=_("Meters"), columns=get_columns(gateways),
        empty=gettext_lazy("No meter is like that."),
    )  # fmt: skip


def fleet_zone(names: dict[int, str]) -> pl.Expr:
    """The zone's name as a column."""
    return pl.col("zone").replace_strict(names, default=None, return_dtype=pl.String)


def get_columns(gateways: dict[str, str]) -> tuple[Column, ...]:
    """The columns of the list."""
    return (
        Column("address", _("Place"), name_place, link=link_point),
        Column("serial", _("Meter"), lambda row: row["serial"] or MISSING),
        Column("medium", _("Medium"), lambda row: name_medium(row["medium"])),
        Column("stage", _("State"), lambda row: draw_stage(row["stage"]), cell=lambda row: NAMES[Stage(row["stage"])]),
        Column("last_heard_at", _("Last heard"), _show_heard, cell=lambda row: row["last_heard_at"] or ""),
        Column("gateway", _("Gateway"), lambda row: gateways.get(row["gateway"], row["gateway"] or MISSING)),
        Column("zone_name", _("Zone"), lambda row: row["zone_name"] or MISSING),
    )


def name_place(row: Row) -> str:
    """`Storgata 4 H0101`; where nothing is known, the point's number."""
    parts = [row["address"], row["unit"]] if row["address"] else [row["location"] or row["code"]]
    return " ".join(part for part in parts if part)


def name_medium(code: str) -> str:
    """The medium in the reader's words."""
    known = get_media().get(code)
    name = known.names.get(get_language() or "nb", code) if known else code
    return name[:1].upper() + name[1:]


def link_point(row: Row) -> str:
    """The address of a point's page."""
    return reverse("operations:meter", args=[row["point"]])


def _show_heard(row: Row) -> str:
    at = row["last_heard_at"]
    return format_instant(at, language=get_language() or "nb", style="short") if at else MISSING


@require_safe
def show_meter(request: ViewerRequest, point_id: int) -> HttpResponse:
    """What is known of the radio and state of one point; nothing of what is used there."""
    fleet = get_fleet(request.viewer, point_ids=[point_id])
    if fleet.is_empty():
        raise AccessDeniedError(f"no meteringpoint {point_id} in this organisation")
    row = fleet.row(0, named=True)
    history = Installation.objects.of(request.viewer.scope).filter(point_id=point_id).select_related("meter")
    context = {
        "row": row,
        "place": name_place(row),
        "medium": name_medium(row["medium"]),
        "stage": draw_stage(row["stage"]),
        "gateway": Gateway.objects.of(request.viewer.scope).filter(code=row["gateway"] or "").first(),
        "zone": Zone.objects.of(request.viewer.scope).filter(pk=row["zone"]).first(),
        "history": history.order_by("-starts_at"),
        "alarms": access_alarms(request.viewer.actor, now=request.now, point_ids=[point_id], limit=20),
    }
    template = "portal/operations/meter_part.html" if request.htmx else "portal/operations/meter.html"
    return render(request, template, context)
