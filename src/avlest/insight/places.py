# SPDX-License-Identifier: Apache-2.0
"""Where an alarm is, in words: an address with the unit, a gateway, a zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db.models import Model

from avlest.insight.models import Alarm
from avlest.registry.models import Gateway, Meter, MeteringPoint, Zone

_CHUNK: Final = 900


def name_places(rows: Sequence[Alarm]) -> dict[int, str]:
    """Return the place of each alarm: four queries at most for each 900 of a kind."""
    points = _read(MeteringPoint, (row.point_id for row in rows), "property", "unit", "unit__property")
    gateways = _read(Gateway, (row.gateway_id for row in rows))
    zones = _read(Zone, (row.zone_id for row in rows))
    meters = _read(Meter, (row.meter_id for row in rows if row.point_id is None))
    return {row.pk: _name(row, points, gateways, zones, meters) for row in rows}


def name_points(point_ids: Iterable[int | None]) -> dict[int, str]:
    """Return points by their address and unit, or else their number."""
    return {key: _name_point(row) for key, row in _read(MeteringPoint, point_ids, *_OF_POINT).items()}


_OF_POINT: Final = ("property", "unit", "unit__property")


def _read(model: type[Model], ids: Iterable[int | None], *related: str) -> dict[int, Any]:
    wanted = sorted({one for one in ids if one is not None})
    found: dict[int, Any] = {}
    for at in range(0, len(wanted), _CHUNK):
        found |= model._default_manager.select_related(*related or (None,)).in_bulk(wanted[at : at + _CHUNK])
    return found


def _name(
    row: Alarm,
    points: Mapping[int, MeteringPoint],
    gateways: Mapping[int, Gateway],
    zones: Mapping[int, Zone],
    meters: Mapping[int, Meter],
) -> str:
    if row.point_id is not None:
        return _name_point(points[row.point_id])
    one: object = gateways.get(row.gateway_id or 0) or zones.get(row.zone_id or 0) or meters.get(row.meter_id or 0)
    return str(one or row.subject)


def _name_point(point: MeteringPoint) -> str:
    """`Bakkegata 4 H0102`; the location or number where a point belongs to no property."""
    place = point.unit or point.property
    return str(place) if place is not None else point.location or point.code
