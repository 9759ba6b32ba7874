# SPDX-License-Identifier: Apache-2.0
"""Guards against two things being true at once: overlapping installations and tenancies.

Called inside the write's transaction, which on SQLite is IMMEDIATE (one writer) and on
PostgreSQL holds a lock on the meter and the place; PostgreSQL's own exclusion constraints
stand behind it where btree_gist is available.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Installation, Tenancy


def overlapping(starts_at: datetime, ends_at: datetime | None) -> Q:
    """Return the condition that a row's period shares an instant with `[starts_at, ends_at)`."""
    rule = Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at)
    return rule if ends_at is None else rule & Q(starts_at__lt=ends_at)


def check_installation_free(row: Installation) -> None:
    """Raise `RegistryError` when the meter, or the point in that role, is taken in the period."""
    rows = Installation.objects.exclude(pk=row.pk).filter(overlapping(row.starts_at, row.ends_at))
    _refuse(rows.filter(meter_id=row.meter_id).select_related("meter", "point"), "the meter")
    same_place = rows.filter(point_id=row.point_id, role=row.role)
    _refuse(same_place.select_related("meter", "point"), "the metering point")


def check_tenancy_free(row: Tenancy) -> None:
    """Raise `RegistryError` when the place already has a tenancy of that role in the period."""
    rows = Tenancy.objects.exclude(pk=row.pk).filter(overlapping(row.starts_at, row.ends_at))
    place = Q(unit_id=row.unit_id, property_id=row.property_id, role=row.role)
    _refuse(rows.filter(place).select_related("party", "unit", "property"), "the place")


def _refuse(rows: QuerySet[Installation] | QuerySet[Tenancy], what: str) -> None:
    other = rows.order_by("starts_at").first()
    if other is not None:
        raise RegistryError(Problem.OVERLAP, f"{what} is taken: {other}, {describe(other)}")


def describe(row: Installation | Tenancy) -> str:
    """Return the period of a row for a message: `from 2025-01-01T00:00Z to ...`."""
    end = "now" if row.ends_at is None else f"{row.ends_at:%Y-%m-%dT%H:%MZ}"
    return f"from {row.starts_at:%Y-%m-%dT%H:%MZ} to {end}"
