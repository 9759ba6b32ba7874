# SPDX-License-Identifier: Apache-2.0
"""Who looks: a person, the organisation they act in, their roles there, and the places they have lived in."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from avlest.portal.windows import Window
from avlest.project.prepared import Prepared
from avlest.registry.models import Membership, Organisation, Tenancy, User
from avlest.registry.rights import RIGHTS, AccessDeniedError, Actor, Right, Role

STAFF_ROLES = frozenset(Role) - {Role.RESIDENT}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A tenancy of the person: a unit, or a whole property, in `window`; `role` as in the registry."""

    tenancy_id: int
    party_id: int
    unit_id: int | None
    property_id: int | None
    role: str
    window: Window


@dataclasses.dataclass(frozen=True, slots=True)
class SeenAs:
    """A member of staff looks at the portal as a resident: who, why, until when."""

    user_id: int
    name: str
    reason: str
    until: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Viewer:
    """What a request may rest on; made once a request by the middleware (`request.viewer`).

    `organisations` are all those the person may choose between; `places` only those of the chosen one.  `reason` is
    why staff looks at persons' values now ("" when they have not said).
    """

    user_id: int | None = None
    name: str = ""
    organisation_id: int | None = None
    organisation_name: str = ""
    organisations: tuple[tuple[int, str], ...] = ()
    roles: frozenset[Role] = frozenset()
    places: tuple[Place, ...] = ()
    is_superuser: bool = False
    reason: str = ""
    seen_as: SeenAs | None = None
    memory: dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)
    """What was asked of the database for this viewer once, for as long as they look: one request."""

    @property
    def scope(self) -> int:
        """The organisation to filter rows by; 0, which is nobody's, without one."""
        return self.organisation_id or 0

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody has signed in."""
        return self.user_id is not None

    @property
    def is_staff(self) -> bool:
        """Whether the person has a role besides living here."""
        return bool(self.roles & STAFF_ROLES)

    @property
    def is_resident(self) -> bool:
        """Whether the person has, or has had, a home or property here."""
        return Role.RESIDENT in self.roles

    @property
    def rights(self) -> frozenset[Right]:
        """All rights of all roles."""
        return frozenset[Right]().union(*(RIGHTS[role] for role in self.roles))

    @property
    def party_ids(self) -> frozenset[int]:
        """The parties of the register that this person is."""
        return frozenset(place.party_id for place in self.places)

    @property
    def actor(self) -> Actor:
        """The actor for services of the lower rooms; `AccessDeniedError` without an organisation."""
        if self.organisation_id is None:
            raise AccessDeniedError("no organisation")
        name = self.seen_as.name if self.seen_as else self.name
        return Actor(self.organisation_id, name=name, rights=self.rights, user_id=self.user_id)


NOBODY = Viewer()


def get_viewer(user: User, *, organisation_id: int | None, reason: str = "") -> Viewer:
    """Return the viewer of a signed-in user in the organisation they chose (or the first they have); three queries."""
    memberships = _get_memberships(user)
    homes = _HOMES.ask(user=user.pk)
    names = {organisation: name for organisation, name, _ in memberships} | {row[0]: row[1] for row in homes}
    if not names:
        return Viewer(user_id=user.pk, name=get_name(user), is_superuser=user.is_superuser)
    chosen = organisation_id if organisation_id in names else min(names)
    places = tuple(_to_place(row[2:]) for row in homes if row[0] == chosen)
    roles = {Role(role) for organisation, _, role in memberships if organisation == chosen}
    return Viewer(
        user_id=user.pk,
        name=get_name(user),
        organisation_id=chosen,
        organisation_name=names[chosen],
        organisations=tuple(sorted(names.items(), key=lambda item: item[1])),
        roles=frozenset(roles | ({Role.RESIDENT} if places else set())),
        places=places,
        is_superuser=user.is_superuser,
        reason=reason,
    )


_PLACE_COLUMNS = ("pk", "party_id", "unit_id", "property_id", "role", "starts_at", "ends_at")
_HOMES = Prepared(
    lambda user: (
        Tenancy.objects.filter(party__user_id=user)
        .order_by("starts_at", "pk")
        .values_list("organisation_id", "organisation__name", *_PLACE_COLUMNS)
    )
)
_MEMBERSHIPS = Prepared(
    lambda user: (
        Membership.objects.filter(user_id=user)
        .exclude(role=Role.RESIDENT.value)
        .values_list("organisation_id", "organisation__name", "role")
    )
)


def _to_place(row: Sequence[Any]) -> Place:
    tenancy, party, unit, property_, role, starts_at, ends_at = row
    return Place(tenancy, party, unit, property_, role, Window(starts_at, ends_at))


def _get_memberships(user: User) -> list[tuple[int, str, str]]:
    """Return (organisation, its name, role); whoever runs the installation is administrator everywhere."""
    if user.is_superuser:
        rows = Organisation.objects.order_by("pk").values_list("pk", "name")
        return [(organisation, name, Role.ADMINISTRATOR.value) for organisation, name in rows]
    return _MEMBERSHIPS.ask(user=user.pk)


def get_name(user: User) -> str:
    """Return the name that others see, in logs too."""
    return user.get_full_name() or user.get_username()


def get_places(party_id: int) -> tuple[Place, ...]:
    """Return the places of one party."""
    rows = Tenancy.objects.filter(party_id=party_id).order_by("starts_at", "pk").values_list(*_PLACE_COLUMNS)
    return tuple(_to_place(row) for row in rows)
