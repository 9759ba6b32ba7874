# SPDX-License-Identifier: Apache-2.0
"""Tokens: made, found by their secret, revoked.  The secret is shown once and kept as a hash.

A token acts as a person (whose roles, homes and windows of time are looked up at each use, so that it ends with
them) or stands for a program of the organisation.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from avlest.portal.api.models import ApiToken
from avlest.portal.api.refusals import FieldRefusedError
from avlest.portal.api.scopes import Scope, get_allowed_scopes, may_make_for_organisation
from avlest.portal.viewer import Viewer, get_viewer
from avlest.registry.rights import AccessDeniedError, Role
from avlest.registry.services.audit import Change, record, save_new

LONGEST: Final = timedelta(days=731)
MOST_PER_PERSON: Final = 20
PROGRAM_ROLES: Final = (Role.OPERATOR, Role.BILLING, Role.MANAGER, Role.ADMINISTRATOR)
_USED_EVERY: Final = timedelta(minutes=5)
_FORM: Final = re.compile(r"avlest_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}", re.ASCII)


class TokenError(FieldRefusedError):
    """A token that cannot be made; `field` names what is wrong, `code` why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What somebody wants.  `role`: for a program of the organisation; None: it acts as the person."""

    name: str
    scopes: tuple[Scope, ...]
    expires_at: datetime
    purpose: str = ""
    role: Role | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """A token as shown; never its secret."""

    id: int
    name: str
    purpose: str
    prefix: str
    scopes: tuple[Scope, ...]
    role: str
    is_personal: bool
    made_at: datetime
    made_by: str
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and now < self.expires_at


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Who calls an operation: what they may see, what the token allows (None: a signed-in person, everything)."""

    viewer: Viewer
    scopes: frozenset[Scope] | None = None
    token: TokenInfo | None = None


@transaction.atomic
def do_make_token(viewer: Viewer, wish: TokenWish, *, now: datetime) -> tuple[TokenInfo, str]:
    """Make a token; return it and its secret, which nobody can read again.

    Raises `TokenError` for what cannot be, `AccessDeniedError` for what the viewer may not give.
    """
    check_wish(viewer, wish, now=now)
    prefix = _make_prefix()
    secret = f"avlest_{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiToken(
        organisation_id=viewer.scope, name=wish.name, purpose=wish.purpose, prefix=prefix, digest=derive_digest(secret),
        scopes=[scope.value for scope in wish.scopes], user_id=None if wish.role else viewer.user_id,
        role=wish.role.value if wish.role else "", made_at=now, made_by=viewer.name[:150],
        made_by_id=viewer.user_id or 0, expires_at=wish.expires_at,
    )  # fmt: skip
    save_new(viewer.actor, row, now=now)
    return to_token(row), secret


def check_wish(viewer: Viewer, wish: TokenWish, *, now: datetime) -> None:
    """Raise `TokenError` or `AccessDeniedError` where the viewer cannot have such a token."""
    if not viewer.is_signed_in or viewer.seen_as is not None:
        raise AccessDeniedError("nobody makes tokens in another's name")
    if wish.role is not None and not may_make_for_organisation(viewer):
        raise AccessDeniedError(f"{viewer.name} may not make tokens for the organisation")
    if wish.role is not None and wish.role not in PROGRAM_ROLES:
        raise TokenError("role", "role", "a program cannot have this role")
    roles = frozenset({wish.role}) if wish.role else viewer.roles
    beyond = sorted(set(wish.scopes) - set(get_allowed_scopes(roles)))
    if beyond or not wish.scopes:
        raise TokenError("scopes", "scopes", f"not allowed: {', '.join(beyond)}" if beyond else "nothing allowed")
    if not now < wish.expires_at <= now + LONGEST:
        raise TokenError("expires_at", "expires_at", f"expected a time at most {LONGEST.days} days ahead")
    if len(wish.purpose) < 5 and (wish.role or viewer.is_staff):
        # Staff says why it looks at what households use, and so does a program.
        raise TokenError("purpose", "purpose", "a purpose is required")
    valid = ApiToken.objects.filter(made_by_id=viewer.user_id or 0, revoked_at__isnull=True, expires_at__gt=now)
    if valid.count() >= MOST_PER_PERSON:
        raise TokenError("name", "too_many", f"at most {MOST_PER_PERSON} tokens a person")


def _make_prefix() -> str:
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(alphabet) for _ in range(8))


def derive_digest(secret: str) -> str:
    """Return what is kept of a secret: it has 256 bits of chance, so that one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_caller(secret: str, *, now: datetime) -> Caller | None:
    """Return who a secret lets in; None for one that is unknown, revoked, run out, or whose person is gone.

    The token of somebody who lives nowhere in the organisation any more, and has no role there, has ended with it.
    """
    if not _FORM.fullmatch(secret):
        return None
    row = ApiToken.objects.select_related("user", "organisation").filter(digest=derive_digest(secret)).first()
    if row is None or row.revoked_at is not None or now >= row.expires_at:
        return None
    viewer = _get_viewer_of(row)
    if viewer.organisation_id != row.organisation_id or not _is_current(viewer, now):
        return None
    _note_use(row, now)
    return Caller(viewer, frozenset(_known_scopes(row.scopes)), to_token(row))


def _get_viewer_of(row: ApiToken) -> Viewer:
    if row.user is not None:
        if not row.user.is_active:
            return Viewer()
        return get_viewer(row.user, organisation_id=row.organisation_id, reason=row.purpose)
    role = Role(row.role)
    organisation = ((row.organisation_id, row.organisation.name),)
    return Viewer(
        user_id=row.made_by_id,
        name=row.name,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation.name,
        organisations=organisation,
        roles=frozenset({role}),
        reason=row.purpose,
    )


def _is_current(viewer: Viewer, now: datetime) -> bool:
    return viewer.is_staff or any(place.window.contains(now) for place in viewer.places)


def _note_use(row: ApiToken, now: datetime) -> None:
    """Not at each call: a busy program would write all the time."""
    if row.last_used_at is None or now - row.last_used_at >= _USED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)


def get_tokens(viewer: Viewer) -> list[TokenInfo]:
    """Return one's own tokens, and those of the organisation's programs to whoever may make such; newest first."""
    mine = Q(user_id=viewer.user_id)
    seen = mine | Q(user__isnull=True) if may_make_for_organisation(viewer) else mine
    rows = ApiToken.objects.of(viewer.scope).filter(seen).order_by("revoked_at", "-made_at", "-pk")
    return [to_token(row) for row in rows[:200]]


@transaction.atomic
def do_revoke_token(viewer: Viewer, token_id: int, *, now: datetime) -> TokenInfo:
    """End a token at once; `AccessDeniedError` for one that is neither one's own nor one's organisation's."""
    row = ApiToken.objects.select_for_update().filter(organisation_id=viewer.scope, pk=token_id).first()
    is_mine = row is not None and row.user_id == viewer.user_id and viewer.user_id is not None
    if row is None or not (is_mine or (row.user_id is None and may_make_for_organisation(viewer))):
        raise AccessDeniedError(f"no token {token_id} in this organisation")
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        change = Change("revoke", row, {"revoked_at": None}, {"revoked_at": now.isoformat()})
        record(viewer.actor, change, now=now)
    return to_token(row)


def to_token(row: ApiToken) -> TokenInfo:
    """A token as it leaves the room."""
    return TokenInfo(
        id=row.pk,
        name=row.name,
        purpose=row.purpose,
        prefix=f"avlest_{row.prefix}_…",
        scopes=tuple(_known_scopes(row.scopes)),
        role=row.role,
        is_personal=row.user_id is not None,
        made_at=row.made_at,
        made_by=row.made_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _known_scopes(names: Iterable[str]) -> list[Scope]:
    """Scopes of another version of Avlest allow nothing here."""
    return [Scope(name) for name in names if name in set(Scope)]
