# SPDX-License-Identifier: Apache-2.0
"""What a session remembers of the viewer: chosen organisation, reason for looking, being seen as a resident."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Final

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from avlest.portal.viewer import NOBODY, SeenAs, Viewer, get_places, get_viewer
from avlest.registry.models import Party
from avlest.registry.rights import Role

REASON_LASTS: Final = timedelta(hours=1)
SEEN_AS_LASTS: Final = timedelta(minutes=30)
SEEN_AS_ROLES: Final = frozenset({Role.ADMINISTRATOR, Role.OPERATOR})
_ORGANISATION, _REASON, _SEEN_AS = "organisation", "reason", "seen_as"


def choose_organisation(session: SessionBase, organisation_id: int) -> None:
    """Remember the organisation; a reason given in another one ends."""
    session[_ORGANISATION] = organisation_id
    session.pop(_REASON, None)
    session.pop(_SEEN_AS, None)


def give_reason(session: SessionBase, reason: str, *, now: datetime) -> None:
    """Remember for an hour why staff looks at households' values."""
    session[_REASON] = {"text": reason, "until": (now + REASON_LASTS).isoformat()}


def begin_seen_as(session: SessionBase, party_id: int, reason: str, *, now: datetime) -> None:
    """Remember for half an hour that the portal is seen as a resident."""
    session[_SEEN_AS] = {"party": party_id, "reason": reason, "until": (now + SEEN_AS_LASTS).isoformat()}


def end_seen_as(session: SessionBase) -> None:
    """See the portal as oneself again."""
    session.pop(_SEEN_AS, None)


def make_viewer(request: HttpRequest, *, now: datetime) -> Viewer:
    """Return who looks, from the signed-in user and the session."""
    user = request.user
    if not user.is_authenticated:
        return NOBODY
    session = request.session
    reason = _get_current(session, _REASON, now)
    viewer = get_viewer(user, organisation_id=session.get(_ORGANISATION), reason=str(reason.get("text", "")))
    wanted = _get_current(session, _SEEN_AS, now)
    return _see_as(viewer, wanted) if wanted and viewer.roles & SEEN_AS_ROLES else viewer


def _get_current(session: SessionBase, name: str, now: datetime) -> dict[str, str]:
    """What was remembered for a while, unless the while is over."""
    kept = session.get(name) or {}
    return kept if kept and datetime.fromisoformat(kept["until"]) > now else {}


def _see_as(viewer: Viewer, wanted: dict[str, str]) -> Viewer:
    party = Party.objects.filter(organisation_id=viewer.scope, pk=wanted["party"]).first()
    if party is None or viewer.user_id is None:
        return viewer
    until = datetime.fromisoformat(wanted["until"])
    return dataclasses.replace(
        viewer,
        name=party.name,
        roles=frozenset({Role.RESIDENT}),
        places=get_places(party.pk),
        is_superuser=False,
        reason=wanted["reason"],
        seen_as=SeenAs(viewer.user_id, viewer.name, wanted["reason"], until),
    )
