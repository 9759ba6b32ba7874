# SPDX-License-Identifier: Apache-2.0
"""Who lives in or pays for places, for those who may know it (rules §8.2: not the caretaker)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from avlest.portal.viewer import Viewer
from avlest.registry.models import Tenancy
from avlest.registry.rights import Right


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A party in a place; `is_current` at the time of the request."""

    party_id: int
    name: str
    role: str
    unit_id: int | None
    property_id: int | None
    starts_at: datetime
    ends_at: datetime | None
    is_current: bool


def may_know_people(viewer: Viewer) -> bool:
    """Whether names may stand on the page."""
    return Right.VIEW_PEOPLE in viewer.rights


def access_people(
    viewer: Viewer, *, units: Collection[int] = (), properties: Collection[int] = (), now: datetime, past: bool = False
) -> list[Person]:
    """Return who is tied to these units and properties, the present first; nobody without the right.

    `past` also gives who was.
    """
    if not may_know_people(viewer):
        return []
    rows = Tenancy.objects.of(viewer.scope).filter(Q(unit_id__in=units) | Q(property_id__in=properties))
    if not past:
        rows = rows.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), starts_at__lte=now)
    people = [_to_person(row, now) for row in rows.select_related("party").order_by("-starts_at", "-pk")]
    return sorted(people, key=lambda person: not person.is_current)


def _to_person(row: Tenancy, now: datetime) -> Person:
    is_current = row.starts_at <= now and (row.ends_at is None or row.ends_at > now)
    return Person(
        row.party_id, row.party.name, row.role, row.unit_id, row.property_id, row.starts_at, row.ends_at, is_current
    )


def name_residents(people: Collection[Person]) -> str:
    """The names of those who live somewhere, or who pay for it where nobody is known to."""
    for role in ("resident", "subscriber", "owner"):
        names = [person.name for person in people if person.role == role and person.is_current]
        if names:
            return ", ".join(names)
    return ""
