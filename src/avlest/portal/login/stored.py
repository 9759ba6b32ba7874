# SPDX-License-Identifier: Apache-2.0
"""Sessions and users as Django keeps them in the database, asked with SQL made once: every page asks for both."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend as BaseBackend
from django.contrib.sessions.backends.db import SessionStore as BaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from avlest.project.prepared import Prepared
from avlest.registry.models import User

_SESSION: Final = Prepared(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))
_USER: Final = Prepared(lambda user: User.objects.filter(pk=user))


class SessionStore(BaseStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Any:
        """The row of a session that has not ended; forgets the key of any other, as Django does."""
        found = _SESSION.ask(key=self.session_key or "", now=timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None


class AuthenticationBackend(BaseBackend):  # type: ignore[misc]  # allauth has no types
    """Allauth's: user name or e-mail address."""

    def get_user(self, user_id: int) -> User | None:
        """Return who a session belongs to; None where they are gone, or may not sign in any more."""
        found = _USER.ask(user=int(user_id))
        return found[0] if found and self.user_can_authenticate(found[0]) else None
