# SPDX-License-Identifier: Apache-2.0
"""Metering points with where they are and what hangs there now, as columns; for pages that show all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from django.db.models import F, FloatField, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from avlest.registry.models import Installation, MeteringPoint

POINT_PLACES: Final[Mapping[str, pl.DataType]] = {
    "point": pl.Int64(),
    "code": pl.String(),
    "medium": pl.String(),
    "location": pl.String(),
    "zone": pl.Int64(),
    "address": pl.String(),
    "unit": pl.String(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
}
PLACED_METERS: Final[Mapping[str, pl.DataType]] = {
    "point": pl.Int64(),
    "meter": pl.Int64(),
    "manufacturer": pl.String(),
    "serial": pl.String(),
    "printed": pl.String(),
}


_AT: Final = ("property", "unit__property")


def get_point_places(organisation_id: int, point_ids: list[int] | None = None) -> pl.DataFrame:
    """Return the points of an organisation (None: all) with their present meters, by address: two queries.

    Columns `POINT_PLACES` and, null where no main meter hangs now, those of `PLACED_METERS`.  `address` is the one of
    the property, else its name or number; `unit` is null outside buildings of many; positions are the property's.
    """
    points = MeteringPoint.objects.of(organisation_id)
    placed = Installation.objects.of(organisation_id).filter(ends_at__isnull=True, role=Installation.Role.MAIN)
    if point_ids is not None:
        points, placed = points.filter(pk__in=point_ids), placed.filter(point_id__in=point_ids)
    rows = list(_read_points(points).iterator(chunk_size=20_000))
    places = pl.DataFrame(rows, schema=dict(POINT_PLACES), orient="row")
    columns = ("point_id", "meter_id", "meter__manufacturer", "meter__serial", "meter__printed_number")
    hung = list(placed.values_list(*columns).iterator(chunk_size=20_000))
    meters = pl.DataFrame(hung, schema=dict(PLACED_METERS), orient="row")
    return places.join(meters, on="point", how="left").sort("address", "unit", "code", nulls_last=True)


def _read_points(points: QuerySet[MeteringPoint]) -> QuerySet[MeteringPoint, Any]:
    """Floats, not decimals: they are for a map, and ten thousand are read at once."""
    return points.annotate(
        street=Coalesce(*(NullIf(f"{at}__{name}", Value("")) for name in ("address", "name", "code") for at in _AT)),
        north=Cast(Coalesce(*(f"{at}__latitude" for at in _AT)), FloatField()),
        east=Cast(Coalesce(*(f"{at}__longitude" for at in _AT)), FloatField()),
        flat=F("unit__number"),
    ).values_list("pk", "code", "medium", "location", "zone_id", "street", "flat", "north", "east")
