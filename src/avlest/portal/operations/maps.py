# SPDX-License-Identifier: Apache-2.0
"""The map of meters: a page whose list has the same filters, and the points as columns."""

from __future__ import annotations

import json
from typing import Final

import polars as pl
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from avlest.portal.operations.fleet import get_fleet, read_selection
from avlest.portal.operations.meters import make_context, make_table
from avlest.portal.operations.shapes import PATHS
from avlest.portal.operations.stages import Stage
from avlest.portal.options import get_options
from avlest.portal.request import ViewerRequest
from avlest.registry.models import Gateway, Zone

_STEP: Final = 0.00004
"""Degrees between neighbours where many meters share a position: some four metres, so that each can be touched."""
_GOLDEN: Final = 2.399963229728653
"""The angle by which each next one turns, so that they fill a disc evenly (radians)."""


@require_safe
def show_map(request: ViewerRequest) -> HttpResponse:
    """The map over the list; what both show is chosen by the same filters."""
    fleet = get_fleet(request.viewer)
    selection = read_selection(request.GET)
    options = get_options()
    chosen = selection.choose(fleet)
    context = {
        "table": make_table(request, fleet, selection),
        "placeless": chosen["latitude"].null_count(),
        "bounds": write_bounds(chosen),
        "tiles": options.tiles,
        "tiles_source": options.tiles_source,
        "shapes": {stage.value: PATHS[stage] for stage in Stage},
        "words": _get_words(),
    }
    return render(request, "portal/operations/map.html", make_context(request, fleet, selection) | context)


def _get_words() -> dict[str, str]:
    """The library's own words."""
    return {
        "Map.Title": _("Map of meters"),
        "NavigationControl.ZoomIn": _("Zoom in"),
        "NavigationControl.ZoomOut": _("Zoom out"),
        "AttributionControl.ToggleAttribution": _("Show where the map is from"),
        "Popup.Close": _("Close"),
        "CooperativeGesturesHandler.WindowsHelpText": _("Hold Ctrl to zoom the map"),
        "CooperativeGesturesHandler.MacHelpText": _("Hold ⌘ to zoom the map"),
        "CooperativeGesturesHandler.MobileHelpText": _("Use two fingers to move the map"),
    }


@gzip_page
@require_safe
def show_points(request: ViewerRequest) -> HttpResponse:
    """The points that the filters leave, as columns (`write_columns`), with `zones` (names by number) and `gateways`.

    Columns, because ten thousand are sent at once: as GeoJSON they are five times as many bytes to write and to read.
    """
    chosen = read_selection(request.GET).choose(get_fleet(request.viewer))
    zones = {str(row.pk): str(row) for row in Zone.objects.of(request.viewer.scope)}
    rest = {"zones": zones, "gateways": _get_gateways(request.viewer.scope)}
    columns = write_columns(spread(chosen.drop_nulls(["latitude", "longitude"])))
    body = json.dumps(columns | rest, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")


def write_columns(placed: pl.DataFrame) -> dict[str, object]:
    """Each row at the same place of each column: `id` the point, `x` and `y` millionths of a degree east and north,
    `s` a text with the number of each one's state (`Stage`), `z` its zone or 0."""
    number = pl.col("stage").replace_strict({stage.value: at for at, stage in enumerate(Stage)}, return_dtype=pl.Int64)
    found = placed.select(
        "point",
        x=(pl.col("longitude") * 1e6).round().cast(pl.Int64),
        y=(pl.col("latitude") * 1e6).round().cast(pl.Int64),
        s=number.cast(pl.String),
        z=pl.col("zone").fill_null(0),
    )
    lists = {"id": found["point"], "x": found["x"], "y": found["y"], "z": found["z"]}
    return {name: column.to_list() for name, column in lists.items()} | {"s": "".join(found["s"])}


def spread(placed: pl.DataFrame) -> pl.DataFrame:
    """Lay meters that share a position (the flats of a building) around it in a spiral; a lone one stays in place."""
    rank = pl.int_range(pl.len()).over("latitude", "longitude").cast(pl.Float64)
    distance, angle = rank.sqrt() * _STEP, rank * _GOLDEN
    # A degree of longitude is shorter the further north.
    width = pl.col("latitude").radians().cos()
    return placed.with_columns(
        (pl.col("latitude") + distance * angle.sin()).alias("latitude"),
        (pl.col("longitude") + distance * angle.cos() / width).alias("longitude"),
    )


def write_bounds(placed: pl.DataFrame) -> str:
    """West, south, east, north of the points that have a position, with commas; empty without a point."""
    edges = placed.select("longitude", "latitude").drop_nulls()
    if edges.is_empty():
        return ""
    return ",".join(f"{degrees:.6f}" for degrees in (*edges.min().row(0), *edges.max().row(0)))


def _get_gateways(organisation_id: int) -> dict[str, object]:
    rows = Gateway.objects.of(organisation_id).filter(latitude__isnull=False, retired_at__isnull=True)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(row.longitude or 0), float(row.latitude or 0)]},
            "properties": {"name": str(row)},
        }
        for row in rows.order_by("pk")
    ]
    return {"type": "FeatureCollection", "features": features}
