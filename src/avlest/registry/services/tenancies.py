# SPDX-License-Identifier: Apache-2.0
"""Moving in and out."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Party, Property, Tenancy, Unit
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import bump_version, save_changed, save_new
from avlest.registry.services.periods import check_tenancy_free


@dataclasses.dataclass(frozen=True, slots=True)
class MoveIn:
    """A party takes a place from `starts_at`; one of `unit_id` and `property_id` is set."""

    party_id: int
    role: str
    starts_at: datetime
    unit_id: int | None = None
    property_id: int | None = None


@transaction.atomic
def do_begin_tenancy(actor: Actor, move: MoveIn, *, now: datetime) -> int:
    """Begin a tenancy; return its number.  Raises `RegistryError` (overlap) when taken."""
    right = Right.CHANGE_PEOPLE
    party = access_row(Party, actor, move.party_id, right=right)
    unit = property_ = None
    if move.unit_id is not None:
        unit = access_row(Unit, actor, move.unit_id, right=right, for_update=True)
    if move.property_id is not None:
        property_ = access_row(Property, actor, move.property_id, right=right, for_update=True)
    row = Tenancy(
        organisation_id=actor.organisation_id, party=party, unit=unit, property=property_,
        role=move.role, starts_at=move.starts_at,
    )  # fmt: skip
    check_tenancy_free(row)
    save_new(actor, row, now=now, action="move_in")
    bump_version("people")
    return row.pk


@transaction.atomic
def do_end_tenancy(actor: Actor, tenancy_id: int, *, ends_at: datetime, now: datetime) -> None:
    """End a tenancy; raises `RegistryError` when it ended before."""
    right = Right.CHANGE_PEOPLE
    row = access_row(Tenancy, actor, tenancy_id, right=right, for_update=True)
    if row.ends_at is not None:
        raise RegistryError(Problem.ENDED, f"{row} ended {row.ends_at:%Y-%m-%dT%H:%MZ}")
    save_changed(actor, row, {"ends_at": ends_at}, now=now, action="move_out")
    bump_version("people")


@transaction.atomic
def do_hand_over(actor: Actor, move: MoveIn, *, now: datetime) -> int:
    """End the open tenancy of the same place and role at `starts_at` and begin the new one."""
    place = Q(unit_id=move.unit_id, property_id=move.property_id, role=move.role)
    open_rows = Tenancy.objects.of(actor.organisation_id).filter(place, ends_at__isnull=True)
    for tenancy_id in open_rows.values_list("id", flat=True):
        do_end_tenancy(actor, tenancy_id, ends_at=move.starts_at, now=now)
    return do_begin_tenancy(actor, move, now=now)
