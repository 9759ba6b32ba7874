# SPDX-License-Identifier: Apache-2.0
"""Tying a login to the parties of the register."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction

from avlest.registry.access import make_system_actor
from avlest.registry.models import Party, User
from avlest.registry.services.audit import save_changed


def find_user_by_email(email: str) -> User | None:
    """Return the user who owns an address that stands in the register, made when a party has it and no login.

    Such a user has no password; only a code sent to the address lets them in.
    """
    known = User.objects.filter(email__iexact=email, is_active=True).first()
    if known or not Party.objects.filter(email__iexact=email, user__isnull=True).exists():
        return known
    user = get_user_model()(username=_make_username(email), email=email.lower())
    user.set_unusable_password()
    user.save()
    return user


def _make_username(email: str) -> str:
    """The address itself, cut to size; a number is added where somebody has it as a name."""
    base, number = email.lower()[:140], 0
    name = base
    while User.objects.filter(username=name).exists():
        number += 1
        name = f"{base}-{number}"
    return name


@transaction.atomic
def do_link_by_email(user: User, *, now: datetime) -> int:
    """Tie the parties with the user's address that nobody is tied to; return how many.

    Only after a code to that address was typed in: then the address is the user's.
    """
    if not user.email:
        return 0
    rows = Party.objects.filter(email__iexact=user.email, user__isnull=True)
    return sum(_link(party, user, now=now) for party in rows)


def _link(party: Party, user: User, *, now: datetime) -> bool:
    actor = make_system_actor(party.organisation_id, name=f"sign-in of {user.get_username()}")
    return save_changed(actor, party, {"user_id": user.pk}, now=now, action="link_login")


@transaction.atomic
def do_link_party(user: User, party_id: int, *, now: datetime) -> bool:
    """Tie one party to a login, taking it from whoever had it (a code by letter proves who lives there now)."""
    party = Party.objects.select_for_update().get(pk=party_id)
    return _link(party, user, now=now)
