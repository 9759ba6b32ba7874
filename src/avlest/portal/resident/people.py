# SPDX-License-Identifier: Apache-2.0
"""What the register knows of the person: name and where to reach them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from avlest.registry.models import Party
from avlest.registry.rights import AccessDeniedError, Actor
from avlest.registry.services.audit import save_changed


@dataclasses.dataclass(frozen=True, slots=True)
class Contact:
    """A person as the register has them."""

    name: str
    email: str
    phone: str
    language: str
    address: str


def get_contact(party_ids: Sequence[int]) -> Contact:
    """Return the contact of a person's parties (the first of them); `AccessDeniedError` for none."""
    row = Party.objects.filter(pk__in=list(party_ids)).order_by("pk").first()
    if row is None:
        raise AccessDeniedError("no party of this person")
    place = ", ".join(part for part in (row.address, f"{row.postal_code} {row.city}".strip()) if part)
    return Contact(row.name, row.email, row.phone, row.language, place)


@transaction.atomic
def do_change_contact(actor: Actor, party_ids: Sequence[int], *, email: str, phone: str, now: datetime) -> bool:
    """Set where a person is reached, for each of their own parties (the portal has checked that they are theirs)."""
    rows = Party.objects.of(actor.organisation_id).select_for_update().filter(pk__in=list(party_ids)).order_by("pk")
    values = {"email": email, "phone": phone.replace(" ", "")}
    changed = [save_changed(actor, row, values, now=now, action="contact") for row in rows]
    return any(changed)
