# SPDX-License-Identifier: Apache-2.0
"""Activation codes by letter: made once, kept as a hash, used once, tied to a party."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from avlest.portal.login.linking import do_link_party
from avlest.portal.models import ActivationCode
from avlest.registry.access import access_row
from avlest.registry.models import Party, User
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, record

ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No I, O, 0, 1: a letter is read by people."""
_GROUPS, _GROUP = 3, 4


class CodeError(ValueError):
    """A code that is unknown, used or too old; which of these is not said."""


def _digest(code: str) -> str:
    """Keyed with the installation's secret, so that a copy of the database does not give the codes."""
    plain = "".join(sign for sign in code.upper() if sign in ALPHABET)
    return hmac.new(f"activation:{settings.SECRET_KEY}".encode(), plain.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def do_make_code(actor: Actor, party_id: int, *, now: datetime) -> str:
    """Make a party's code, such as `K7QM-2XHP-9WTB` (60 bits), for the letter; earlier ones stop working."""
    party = access_row(Party, actor, party_id, right=Right.CHANGE_PEOPLE, for_update=True)
    ActivationCode.objects.filter(party=party, used_at__isnull=True).delete()
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    expires_at = now + timedelta(days=settings.AVLEST.login.activation_days)
    ActivationCode.objects.create(
        organisation_id=actor.organisation_id, party=party, digest=_digest(code), made_at=now, expires_at=expires_at
    )
    record(actor, Change("make_activation_code", party, None, {"expires_at": expires_at.isoformat()}), now=now)
    return code


def find_code(code: str, *, now: datetime, for_update: bool = False) -> ActivationCode:
    """Return the code's row; `CodeError` for one that is unknown, used or too old."""
    rows = ActivationCode.objects.select_for_update() if for_update else ActivationCode.objects
    row = rows.filter(digest=_digest(code), used_at__isnull=True, expires_at__gt=now).first()
    if row is None:
        raise CodeError("no such code")
    return row


@transaction.atomic
def do_use_code(code: str, user: User, *, now: datetime) -> int:
    """Tie the code's party to a login and use the code up; return the party's number."""
    row = find_code(code, now=now, for_update=True)
    row.used_at = now
    row.save(update_fields=["used_at"])
    do_link_party(user, row.party_id, now=now)
    return row.party_id
