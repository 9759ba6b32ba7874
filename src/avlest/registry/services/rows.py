# SPDX-License-Identifier: Apache-2.0
"""Making and changing plain rows: properties, units, zones, points, parties, gateways."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from avlest.registry.access import access_row, check_same_organisation
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import (
    Gateway,
    Meter,
    MeteringPoint,
    Owned,
    Party,
    Property,
    Register,
    Series,
    Unit,
    Zone,
    ZoneMeter,
)
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import bump_version, save_changed, save_new

# Which right a write of each kind needs, and whose version it counts up.
_RIGHTS: dict[type[Owned], tuple[Right, str]] = {
    Property: (Right.CHANGE_PLACES, "places"),
    Unit: (Right.CHANGE_PLACES, "places"),
    Zone: (Right.CHANGE_PLACES, "places"),
    ZoneMeter: (Right.CHANGE_PLACES, "places"),
    MeteringPoint: (Right.CHANGE_PLACES, "places"),
    Series: (Right.CHANGE_PLACES, "meters"),
    Meter: (Right.CHANGE_METERS, "meters"),
    Register: (Right.CHANGE_METERS, "meters"),
    Gateway: (Right.CHANGE_METERS, "gateways"),
    Party: (Right.CHANGE_PEOPLE, "people"),
}
# The longest chain of main and sub points that makes sense; a loop is longer than any.
_MAX_DEPTH = 32


@transaction.atomic
def do_create_row(actor: Actor, row: Owned, *, now: datetime) -> int:
    """Check, save and audit one new row in the actor's organisation; return its number.

    Raises `AccessDeniedError`, or `RegistryError` naming every field that is wrong.
    """
    right, version = _RIGHTS[type(row)]
    actor.require(right)
    row.organisation_id = actor.organisation_id
    _check_relations(actor, row)
    save_new(actor, row, now=now)
    bump_version(version)
    return int(row.pk)


@transaction.atomic
def do_change_row(actor: Actor, kind: type[Owned], row_id: int, values: Mapping[str, Any], *, now: datetime) -> bool:
    """Change columns of one row; return whether anything differed.

    Raises `AccessDeniedError`, or `RegistryError` for an unknown column or a wrong value.
    """
    right, version = _RIGHTS[kind]
    row = access_row(kind, actor, row_id, right=right, for_update=True)
    _check_columns(kind, values)
    for name, value in values.items():
        setattr(row, name, value)
    _check_relations(actor, row)
    row.refresh_from_db()
    changed = save_changed(actor, row, values, now=now, action="change")
    if changed:
        bump_version(version)
    return changed


def _check_columns(kind: type[Owned], values: Mapping[str, Any]) -> None:
    fixed = {"id", "organisation", "organisation_id"}
    known = {f.attname for f in kind._meta.concrete_fields} | {f.name for f in kind._meta.concrete_fields}
    for name in values:
        if name not in known - fixed:
            raise RegistryError(Problem.INVALID, f"{kind._meta.model_name} has no column {name}")


def _check_relations(actor: Actor, row: Owned) -> None:
    related = [
        getattr(row, field.name)
        for field in row._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and getattr(row, field.attname) is not None
    ]
    check_same_organisation(actor, [r for r in related if isinstance(r, Owned)])
    if isinstance(row, MeteringPoint | Zone):
        check_no_loop(row)


def check_no_loop(row: MeteringPoint | Zone) -> None:
    """Raise `RegistryError` when following the parents of `row` comes back to it."""
    parent = row.parent
    for _step in range(_MAX_DEPTH):
        if parent is None:
            return
        if parent.pk == row.pk:
            raise RegistryError(Problem.LOOP, f"{row} would be part of itself")
        parent = parent.parent
    raise RegistryError(Problem.LOOP, f"{row} lies more than {_MAX_DEPTH} levels deep")
