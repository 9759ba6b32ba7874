# SPDX-License-Identifier: Apache-2.0
"""The only door to single rows: one fetch that checks organisation and right.

A row of another organisation is refused in the same words as one that does not exist, so
that nobody learns which numbers are in use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from avlest.registry import mapping
from avlest.registry.contracts import (
    GatewayInfo,
    InstallationInfo,
    MeterInfo,
    PointInfo,
    PropertyInfo,
    TenancyInfo,
)
from avlest.registry.models import (
    Gateway,
    Installation,
    Membership,
    Meter,
    MeteringPoint,
    Organisation,
    Owned,
    Property,
    Tenancy,
)
from avlest.registry.rights import RIGHTS, AccessDeniedError, Actor, Right, Role

O = TypeVar("O", bound=Owned)  # noqa: E741


def access_row(model: type[O], actor: Actor, row_id: int, *, right: Right, for_update: bool = False) -> O:
    """Return one row of the actor's organisation, locked when it is about to change.

    Raises `AccessDeniedError` without the right, or when the organisation has no such row.
    """
    actor.require(right)
    rows = model._default_manager.filter(organisation_id=actor.organisation_id, pk=row_id)
    row = (rows.select_for_update() if for_update else rows).first()
    if row is None:
        raise AccessDeniedError(f"no {model._meta.model_name} {row_id} in this organisation")
    return row


def access_actor(user_id: int, organisation_id: int) -> Actor:
    """Return what a user is in an organisation; `AccessDeniedError` for one who is not a member."""
    rows = Membership.objects.filter(user_id=user_id, organisation_id=organisation_id, user__is_active=True)
    roles = list(rows.values_list("role", "user__username"))
    if not roles:
        raise AccessDeniedError(f"user {user_id} is not a member of organisation {organisation_id}")
    rights = frozenset[Right]().union(*(RIGHTS[Role(role)] for role, _ in roles))
    return Actor(organisation_id, name=roles[0][1], rights=rights, user_id=user_id)


def access_organisation_as_system(slug: str, *, name: str) -> Actor:
    """Return the actor of the command line or a worker, with every right in one organisation."""
    found = Organisation.objects.filter(slug=slug).values_list("id", flat=True).first()
    if found is None:
        known = ", ".join(Organisation.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise AccessDeniedError(f'no organisation "{slug}"; known: {known}')
    return make_system_actor(found, name=name)


def make_system_actor(organisation_id: int, *, name: str) -> Actor:
    """Return an actor with every right in one organisation, for programs rather than people."""
    return Actor(organisation_id, name=name, rights=frozenset(Right))


def access_meter(actor: Actor, meter_id: int) -> MeterInfo:
    """Return one meter."""
    return mapping.to_meter(access_row(Meter, actor, meter_id, right=Right.VIEW_METERS))


def access_installation(actor: Actor, installation_id: int) -> InstallationInfo:
    """Return one installation."""
    row = access_row(Installation, actor, installation_id, right=Right.VIEW_METERS)
    return mapping.to_installation(row)


def access_property(actor: Actor, property_id: int) -> PropertyInfo:
    """Return one property."""
    return mapping.to_property(access_row(Property, actor, property_id, right=Right.VIEW_PLACES))


def access_point(actor: Actor, point_id: int) -> PointInfo:
    """Return one metering point."""
    return mapping.to_point(access_row(MeteringPoint, actor, point_id, right=Right.VIEW_PLACES))


def access_tenancy(actor: Actor, tenancy_id: int) -> TenancyInfo:
    """Return one tenancy."""
    return mapping.to_tenancy(access_row(Tenancy, actor, tenancy_id, right=Right.VIEW_PEOPLE))


def access_gateway(actor: Actor, gateway_id: int) -> GatewayInfo:
    """Return one gateway."""
    return mapping.to_gateway(access_row(Gateway, actor, gateway_id, right=Right.VIEW_METERS))


def check_same_organisation(actor: Actor, rows: Iterable[Owned | None]) -> None:
    """Raise `AccessDeniedError` when any row belongs to another organisation than the actor's."""
    for row in rows:
        if row is not None and row.organisation_id != actor.organisation_id:
            raise AccessDeniedError(f"no {row._meta.model_name} {row.pk} in this organisation")
