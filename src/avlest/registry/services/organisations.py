# SPDX-License-Identifier: Apache-2.0
"""Organisations and who may do what in them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from avlest.registry.access import make_system_actor
from avlest.registry.models import Membership, Organisation
from avlest.registry.rights import Actor, Right, Role
from avlest.registry.services.audit import Change, check_row, record, save_new, snapshot


@transaction.atomic
def do_create_organisation(*, name: str, slug: str, number: str = "", by: str, now: datetime) -> int:
    """Make an organisation, written in its own audit log as done by `by`; return its number."""
    row = Organisation(name=name, slug=slug, number=number)
    check_row(row)
    row.save(force_insert=True)
    actor = make_system_actor(row.pk, name=by)
    record(actor, Change("create", row, None, snapshot(row)), now=now)
    return row.pk


@transaction.atomic
def do_add_member(actor: Actor, *, user_id: int, role: Role, now: datetime) -> int:
    """Give a user a role in the actor's organisation; needs the right to manage it."""
    actor.require(Right.MANAGE)
    row = Membership(user_id=user_id, organisation_id=actor.organisation_id, role=role.value)
    save_new(actor, row, now=now, action="add_member")
    return row.pk


@transaction.atomic
def do_remove_member(actor: Actor, *, user_id: int, role: Role, now: datetime) -> bool:
    """Take a role from a user; return whether they had it."""
    actor.require(Right.MANAGE)
    row = Membership.objects.filter(user_id=user_id, organisation_id=actor.organisation_id, role=role.value).first()
    if row is None:
        return False
    record(actor, Change("remove_member", row, snapshot(row), None), now=now)
    row.delete()
    return True
