# SPDX-License-Identifier: Apache-2.0
"""People who log in, with a role in an organisation and, where they live there, the party they are."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Membership, Party, User
from avlest.registry.rights import Actor, Right, Role
from avlest.registry.services.audit import Change, check_row, record, save_changed, save_new, snapshot


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """Who is to log in, and as what; `party_id` is the party whose own they then see."""

    username: str
    role: Role
    name: str = ""
    email: str = ""
    party_id: int | None = None


@transaction.atomic
def do_make_account(actor: Actor, account: Account, password: str, *, now: datetime) -> int:
    """Make a user with a role in the actor's organisation, or give a known one the role and a new password.

    Raises `AccessDeniedError`, and `RegistryError` for a name or password that does not do.
    """
    actor.require(Right.MANAGE)
    row = User.objects.filter(username=account.username).first() or User(username=account.username)
    before = snapshot(row) if row.pk else None
    row.email = account.email
    row.first_name, _, row.last_name = account.name.rpartition(" ")
    _set_password(row, password)
    check_row(row)
    row.save()
    record(actor, Change("create" if before is None else "change", row, before, snapshot(row)), now=now)
    membership = {"user_id": row.pk, "organisation_id": actor.organisation_id, "role": account.role.value}
    if not Membership.objects.filter(**membership).exists():
        save_new(actor, Membership(**membership), now=now, action="add_member")
    if account.party_id is not None:
        party = access_row(Party, actor, account.party_id, right=Right.CHANGE_PEOPLE, for_update=True)
        save_changed(actor, party, {"user_id": row.pk}, now=now, action="change")
    return int(row.pk)


def get_user_id(username: str) -> int:
    """Return the number of a user; `RegistryError` for a name that nobody has."""
    found = User.objects.filter(username=username).values_list("pk", flat=True).first()
    if found is None:
        raise RegistryError(Problem.INVALID, f"nobody is called {username}")
    return int(found)


def _set_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RegistryError(Problem.INVALID, f"password: {' '.join(error.messages)}") from error
    user.set_password(password)
