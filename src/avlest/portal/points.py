# SPDX-License-Identifier: Apache-2.0
"""Which metering points a person may see, and when: hours, or only sums of months (rules §8.2).

* Resident: the points of their places, in their tenancy.  An owner or subscriber who lets the place sees sums, not
  hours, while somebody else lives there.
* Staff: technical and building meters by the hour; what a household uses according to the role (`STAFF_DETAIL`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from avlest.portal.viewer import Place, Viewer
from avlest.portal.windows import ALWAYS, Window, merge, subtract
from avlest.project.prepared import Prepared
from avlest.registry import mapping
from avlest.registry.contracts import PointInfo
from avlest.registry.models import MeteringPoint, Party, Tenancy
from avlest.registry.rights import AccessDeniedError, Right, Role

_CHUNK: Final = 900


class Detail(IntEnum):
    """How closely somebody may look."""

    NOTHING = 0
    TOTALS = 1
    HOURS = 2


STAFF_DETAIL: Final[dict[Role, Detail]] = {
    Role.ADMINISTRATOR: Detail.HOURS,
    Role.OPERATOR: Detail.HOURS,
    Role.BILLING: Detail.TOTALS,
    Role.MANAGER: Detail.TOTALS,
    Role.CARETAKER: Detail.NOTHING,
    Role.INSTALLER: Detail.NOTHING,
}
"""What each role sees of a household's use (rules §8.2); building and technical meters are seen by the hour."""


@dataclasses.dataclass(frozen=True, slots=True)
class PointAccess:
    """A point with the windows in which its hours, and in which its sums may be seen (the former lie in the latter).

    `is_personal`: what is measured is what a household uses; staff then says why it looks, and it is written down.
    `is_own`: the viewer lives or has lived there (or owns it); then the windows are theirs, whatever else they are.
    """

    point: PointInfo
    hours: tuple[Window, ...]
    totals: tuple[Window, ...]
    is_personal: bool = False
    is_own: bool = False


def access_points(viewer: Viewer) -> list[PointAccess]:
    """Return the points of the viewer's own places (residents), by code; nothing for staff, who ask for rows."""
    if viewer.organisation_id is None or not viewer.places:
        return []
    if "points" not in viewer.memory:
        viewer.memory["points"] = _read_own_points(viewer)
    return list(viewer.memory["points"])


def _read_own_points(viewer: Viewer) -> list[PointAccess]:
    units = sorted({place.unit_id for place in viewer.places if place.unit_id is not None})
    properties = sorted({place.property_id for place in viewer.places if place.property_id is not None})
    rows = _POINTS.ask(organisation=viewer.scope, units=units, properties=properties)
    homes = _get_homes(viewer, units=units, properties=properties)
    access = [_resident_access(viewer, row, homes) for row in rows]
    return [each for each in access if each.totals]


_POINTS: Final = Prepared(
    lambda organisation, units, properties: MeteringPoint.objects.filter(
        Q(unit_id__in=units) | Q(property_id__in=properties, unit__isnull=True), organisation_id=organisation
    ).order_by("code", "pk")
)
_RESIDENTS: Final = Prepared(
    lambda organisation, units, properties: Tenancy.objects.filter(
        Q(unit_id__in=units) | Q(property_id__in=properties),
        organisation_id=organisation,
        role=Tenancy.Role.RESIDENT,
    ).values_list("party_id", "unit_id", "property_id", "starts_at", "ends_at")
)


def access_point(viewer: Viewer, point_id: int) -> PointAccess:
    """Return one point with its windows.

    Raises `AccessDeniedError` (to the person: 404) when it is not theirs, in the words of one that does not exist.
    """
    row = _annotated(viewer).filter(pk=point_id).first()
    if row is not None:
        found = _own_access(viewer, row) or _staff_access(viewer, row)
        if found is not None:
            return found
    raise AccessDeniedError(f"no meteringpoint {point_id} in this organisation")


def access_these_points(viewer: Viewer, point_ids: Iterable[int]) -> dict[int, PointAccess]:
    """Return many points with their windows in few queries; those that are not theirs are left out."""
    wanted = sorted(set(point_ids))
    own = {each.point.id: each for each in access_points(viewer)} if viewer.places else {}
    found: dict[int, PointAccess] = {point: own[point] for point in wanted if point in own}
    if Right.VIEW_METERS not in viewer.rights:
        return found
    rest = [point for point in wanted if point not in found]
    for at in range(0, len(rest), _CHUNK):
        for row in _annotated(viewer).filter(pk__in=rest[at : at + _CHUNK]):
            access = _staff_access(viewer, row)
            if access is not None:
                found[row.pk] = access
    return found


def is_personal(row: MeteringPoint) -> bool:
    """Whether a point (from `_annotated`) measures what a household uses."""
    return row.unit_id is not None or bool(getattr(row, "has_person", False))


def _annotated(viewer: Viewer) -> QuerySet[MeteringPoint]:
    """The organisation's points; `has_person`: a person, not a company, is tied to the property itself."""
    person = Tenancy.objects.filter(property_id=OuterRef("property_id"), party__kind=Party.Kind.PERSON)
    return MeteringPoint.objects.filter(organisation_id=viewer.scope).annotate(has_person=Exists(person))


def _own_access(viewer: Viewer, row: MeteringPoint) -> PointAccess | None:
    places = [place for place in viewer.places if _is_at(place, row)]
    if not places:
        return None
    homes = _get_homes(
        viewer,
        units={place.unit_id for place in places if place.unit_id is not None},
        properties={place.property_id for place in places if place.property_id is not None},
    )
    access = _resident_access(viewer, row, homes)
    return access if access.totals else None


def _staff_access(viewer: Viewer, row: MeteringPoint) -> PointAccess | None:
    """The whole time, as closely as the role may look; nothing without the right to see meters."""
    if Right.VIEW_METERS not in viewer.rights:
        return None
    levels = [STAFF_DETAIL[role] for role in viewer.roles if role in STAFF_DETAIL]
    detail = max(levels, default=Detail.NOTHING) if is_personal(row) else Detail.HOURS
    hours = (ALWAYS,) if detail >= Detail.HOURS else ()
    totals = (ALWAYS,) if detail >= Detail.TOTALS else ()
    return PointAccess(mapping.to_point(row), hours, totals, is_personal=is_personal(row))


def _is_at(place: Place, row: MeteringPoint) -> bool:
    if row.unit_id is not None:
        return place.unit_id == row.unit_id
    return place.property_id is not None and place.property_id == row.property_id


Homes = dict[tuple[int | None, int | None], list[Window]]


def _get_homes(viewer: Viewer, *, units: Iterable[int], properties: Iterable[int]) -> Homes:
    """When somebody else has lived in these units and properties; asked for where it is not the viewer alone."""
    if all(place.role == Tenancy.Role.RESIDENT for place in viewer.places):
        return {}
    homes: Homes = {}
    rows = _RESIDENTS.ask(organisation=viewer.scope, units=sorted(units), properties=sorted(properties))
    for party, unit, property_, starts_at, ends_at in rows:
        if party not in viewer.party_ids:
            homes.setdefault((unit, property_), []).append(Window(starts_at, ends_at))
    return homes


def _resident_access(viewer: Viewer, row: MeteringPoint, homes: Homes) -> PointAccess:
    places = [place for place in viewer.places if _is_at(place, row)]
    hours = [window for place in places for window in _get_hours(place, homes)]
    return PointAccess(
        point=mapping.to_point(row),
        hours=merge(hours),
        totals=merge(place.window for place in places),
        is_personal=True,
        is_own=True,
    )


def _get_hours(place: Place, homes: Homes) -> Sequence[Window]:
    """Whoever lives there sees hours; an owner or subscriber while nobody else lives there."""
    if place.role == Tenancy.Role.RESIDENT:
        return (place.window,)
    return subtract([place.window], homes.get((place.unit_id, place.property_id), []))
