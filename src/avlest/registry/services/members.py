# SPDX-License-Identifier: Apache-2.0
"""Inviting people to an organisation, and ending what they may do there."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from django.db import transaction

from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Membership, User
from avlest.registry.rights import Actor, Right, Role
from avlest.registry.services.audit import save_new
from avlest.registry.services.organisations import do_add_member, do_remove_member


@dataclasses.dataclass(frozen=True, slots=True)
class Invitation:
    """Who is to get a role; the e-mail address is what they sign in with."""

    email: str
    name: str
    role: Role


@transaction.atomic
def do_invite_member(actor: Actor, invitation: Invitation, *, now: datetime) -> int:
    """Give whoever has the address a role, making a login without password where there is none; return the user.

    Raises `AccessDeniedError`, and `RegistryError` where they have the role, or for the role of residents, which
    follows from where they live.
    """
    actor.require(Right.MANAGE)
    if invitation.role is Role.RESIDENT:
        raise RegistryError(Problem.INVALID, "role: a resident is one by a tenancy, not by an invitation")
    user = User.objects.filter(email__iexact=invitation.email).first() or _make_user(actor, invitation, now=now)
    has = Membership.objects.filter(user=user, organisation_id=actor.organisation_id, role=invitation.role.value)
    if has.exists():
        raise RegistryError(Problem.OVERLAP, f"{invitation.email} is {invitation.role.value} already")
    do_add_member(actor, user_id=user.pk, role=invitation.role, now=now)
    return int(user.pk)


def _make_user(actor: Actor, invitation: Invitation, *, now: datetime) -> User:
    """A login that only a code to the address opens."""
    email = invitation.email.lower()
    first, _, last = invitation.name.strip().rpartition(" ")
    user = User(username=email[:150], email=email, first_name=first[:150], last_name=last[:150])
    user.set_unusable_password()
    save_new(actor, user, now=now)
    return user


@transaction.atomic
def do_end_role(actor: Actor, user_id: int, role: Role, *, now: datetime) -> bool:
    """Take a role from a member; say whether they had it.

    Raises `RegistryError` for the last administrator: an organisation must not lock itself out.
    """
    actor.require(Right.MANAGE)
    others = Membership.objects.select_for_update().filter(
        organisation_id=actor.organisation_id, role=Role.ADMINISTRATOR.value, user__is_active=True
    )
    if role is Role.ADMINISTRATOR and {row.user_id for row in others} <= {user_id}:
        raise RegistryError(Problem.INVALID, "role: the last administrator stays")
    return do_remove_member(actor, user_id=user_id, role=role, now=now)
