# SPDX-License-Identifier: Apache-2.0
"""The map of meters: a page whose list has the same filters, and the points as GeoJSON."""

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
    context = {
        "table": make_table(request, fleet, selection),
        "placeless": selection.choose(fleet)["latitude"].null_count(),
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
    """The points that the filters leave, as compact GeoJSON: `id` the point, `s` the number of its state, `z` its zone.

    Beside the features: `bbox`, `zones` (names by number) and `gateways` (a collection of their own).
    """
    chosen = read_selection(request.GET).choose(get_fleet(request.viewer))
    placed = spread(chosen.drop_nulls(["latitude", "longitude"]))
    zones = {str(row.pk): str(row) for row in Zone.objects.of(request.viewer.scope)}
    parts = {"zones": zones, "gateways": _get_gateways(request.viewer.scope), "bbox": _get_bounds(placed)}
    features = ",".join(write_features(placed))
    body = f'{{"type":"FeatureCollection","features":[{features}],{json.dumps(parts, ensure_ascii=False)[1:]}'
    return HttpResponse(body, content_type="application/geo+json")


def write_features(placed: pl.DataFrame) -> pl.Series:
    """Each row as the text of a feature; written in columns, because ten thousand are sent at once."""
    number = pl.col("stage").replace_strict({stage.value: at for at, stage in enumerate(Stage)}, return_dtype=pl.Int64)
    shape = '{"type":"Feature","id":~,"geometry":{"type":"Point","coordinates":[~,~]},"properties":{"s":~,"z":~}}'
    pieces = shape.split("~")
    place = (pl.col("longitude").round(6), pl.col("latitude").round(6))
    columns = (pl.col("point"), *place, number, pl.col("zone").fill_null(0))
    every = [pl.lit(pieces[0])]
    for column, piece in zip(columns, pieces[1:], strict=True):
        every += [column.cast(pl.String), pl.lit(piece)]
    return placed.select(pl.concat_str(every).alias("feature"))["feature"]


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


def _get_bounds(placed: pl.DataFrame) -> list[float] | None:
    """West, south, east, north; None without a point."""
    if placed.is_empty():
        return None
    edges = placed.select("longitude", "latitude")
    return [*edges.min().row(0), *edges.max().row(0)]


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
