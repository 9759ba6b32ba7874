# SPDX-License-Identifier: Apache-2.0
"""A list between its preview and its import: sealed by the key ring, because lists of keys are among them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from avlest.portal.billing.models import HeldFile
from avlest.portal.billing.uploads import Sent
from avlest.registry.access import access_row
from avlest.registry.keys.ring import get_key_ring
from avlest.registry.keys.seal import SealError
from avlest.registry.rights import AccessDeniedError, Actor, Right

KEPT: Final = timedelta(hours=1)


def do_hold(actor: Actor, kind: str, sent: Sent, *, now: datetime) -> int:
    """Keep a file for an hour; return its number.  Older ones are forgotten."""
    forget_old(now)
    ring = get_key_ring()
    row = HeldFile.objects.create(
        organisation_id=actor.organisation_id, kind=kind, name=sent.name, held_at=now, user=actor.user_id or 0
    )
    # Its own negative number is the associated data: what is sealed here opens as no meter's key.
    row.sealed = ring.seal(sent.content, meter_id=-row.pk)
    row.save(update_fields=["sealed"])
    return int(row.pk)


def access_held(actor: Actor, held_id: int, *, now: datetime) -> tuple[str, Sent | None]:
    """Return the kind of a held file and its content; None for one that is too old, or cannot be opened any more.

    Only the one who sent it gets it: `AccessDeniedError` for anybody else.
    """
    row = access_row(HeldFile, actor, held_id, right=Right.VIEW_PLACES)
    if row.user not in (actor.user_id, 0):
        raise AccessDeniedError(f"no heldfile {held_id} in this organisation")
    if row.held_at < now - KEPT:
        return row.kind, None
    try:
        return row.kind, Sent(row.name, bytes(get_key_ring().open(row.sealed, meter_id=-row.pk)))
    except SealError:
        return row.kind, None


def do_release(held_id: int) -> None:
    """Forget a held file."""
    HeldFile.objects.filter(pk=held_id).delete()


def forget_old(now: datetime) -> int:
    """Forget what nobody imported within the hour; return how many."""
    return HeldFile.objects.filter(held_at__lt=now - KEPT).delete()[0]
