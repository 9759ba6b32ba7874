# SPDX-License-Identifier: Apache-2.0
"""The places of a resident by name, present ones and those they have left."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from avlest.portal.request import ViewerRequest
from avlest.registry.models import Tenancy
from avlest.registry.rights import AccessDeniedError


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """A tenancy: where, in which role, since when."""

    tenancy_id: int
    party_id: int
    unit_id: int | None
    property_id: int | None
    role: str
    name: str
    starts_at: datetime
    ends_at: datetime | None
    is_present: bool


def get_homes(request: ViewerRequest, *, is_present: bool | None = None) -> list[Home]:
    """Return the resident's places, the present first; `is_present`: only those of now, or only those left."""
    ids = [place.tenancy_id for place in request.viewer.places]
    rows = Tenancy.objects.of(request.viewer.scope).filter(pk__in=ids)
    rows = rows.select_related("unit__property", "property").order_by("starts_at", "pk")
    homes = [_to_home(row, request.now) for row in rows]
    homes.sort(key=lambda home: not home.is_present)
    return [home for home in homes if is_present is None or home.is_present == is_present]


def _to_home(row: Tenancy, now: datetime) -> Home:
    place = row.unit.property if row.unit else row.property
    address = (place.address or str(place)) if place else ""
    name = f"{address}, {row.unit.number}" if row.unit else address
    is_present = row.starts_at <= now and (row.ends_at is None or row.ends_at > now)
    return Home(
        row.pk, row.party_id, row.unit_id, row.property_id, row.role, name, row.starts_at, row.ends_at, is_present
    )


def access_home(request: ViewerRequest, tenancy_id: int) -> Home:
    """Return one of the resident's own places; `AccessDeniedError` for any other."""
    for home in get_homes(request):
        if home.tenancy_id == tenancy_id:
            return home
    raise AccessDeniedError(f"no tenancy {tenancy_id} in this organisation")


def name_homes(homes: list[Home]) -> list[tuple[int, str]]:
    """Return the places as choices: one line for each place, whatever the roles."""
    seen: dict[tuple[int | None, int | None], tuple[int, str]] = {}
    for home in homes:
        seen.setdefault((home.unit_id, home.property_id), (home.tenancy_id, home.name))
    return list(seen.values())
