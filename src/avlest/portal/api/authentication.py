# SPDX-License-Identifier: Apache-2.0
"""Who calls: a bearer token, or the session of somebody signed in (reading only).

Each call is checked against the table of operations: scope and role.  One that is not in the table is refused.
"""

from __future__ import annotations

from typing import Final, cast

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from avlest.portal.api.operations import Operation, find_operation
from avlest.portal.api.problems import ProblemError
from avlest.portal.api.tokens import Caller, find_caller
from avlest.portal.options import get_options
from avlest.portal.request import ViewerRequest
from avlest.portal.security import may_try
from avlest.portal.sessions import make_viewer

_MINUTE: Final = 60
_WRONG_TOKENS: Final = 30
"""Unknown tokens that one address may show in a minute."""


class TokenAuth(HttpBearer):
    """`Authorization: Bearer avlest_…`; a wrong one is refused, whoever is signed in."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Return the caller; `ProblemError` 401, 403 or 429."""
        caller = find_caller(token.strip(), now=cast(ViewerRequest, request).now)
        if caller is None or caller.token is None:
            _slow_down_guessing(request)
            raise ProblemError(401, "token", "this token is unknown, revoked or has run out", headers=_challenge())
        _limit(f"token:{caller.token.id}")
        _check(request, caller)
        return caller


class SessionAuth(APIKeyCookie):
    """The browser's session, to read with: what changes something asks for a token."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """Return the caller; None where nobody is signed in, or not far enough."""
        if not key or request.method not in ("GET", "HEAD") or not request.user.is_authenticated:
            return None
        caller = Caller(make_viewer(request, now=cast(ViewerRequest, request).now))
        if _lacks_second_factor(request, caller):
            raise ProblemError(403, "second_factor", "sign in with a second factor first")
        _limit(f"user:{caller.viewer.user_id}")
        _check(request, caller)
        return caller


def refuse_unknown() -> ProblemError:
    """What a call without token and session gets."""
    return ProblemError(401, "token", "expected Authorization: Bearer and a token", headers=_challenge())


def _challenge() -> dict[str, str]:
    return {"WWW-Authenticate": 'Bearer realm="Avlest"'}


def _slow_down_guessing(request: HttpRequest) -> None:
    if not may_try("api-token", request.META.get("REMOTE_ADDR", ""), limit=_WRONG_TOKENS, seconds=_MINUTE):
        raise _too_many("too many wrong tokens")


def _limit(who: str) -> None:
    limit = get_options().api_calls_per_minute
    if not may_try("api", who, limit=limit, seconds=_MINUTE):
        raise _too_many(f"expected at most {limit} calls a minute")


def _too_many(detail: str) -> ProblemError:
    return ProblemError(429, "too_many", detail, headers={"Retry-After": str(_MINUTE)})


def _check(request: HttpRequest, caller: Caller) -> None:
    name = request.resolver_match.url_name if request.resolver_match else ""
    operation = find_operation(name or "", request.method or "")
    if operation is None:
        raise ProblemError(403, "operation", "this operation is in no table of who may use it")
    _check_operation(operation, caller)


def _check_operation(operation: Operation, caller: Caller) -> None:
    if operation.scope is not None and caller.scopes is not None and operation.scope not in caller.scopes:
        raise ProblemError(403, "scope", f"the token lacks {operation.scope.value}")
    if not caller.viewer.roles & operation.roles:
        raise ProblemError(403, "role", "your role has nothing to do here")


def _lacks_second_factor(request: HttpRequest, caller: Caller) -> bool:
    """Staff that has signed in with one factor is let in nowhere (as in the pages)."""
    is_staff = caller.viewer.is_staff or caller.viewer.seen_as is not None
    if not settings.REQUIRE_SECOND_FACTOR or not is_staff:
        return False
    return not any(record.get("method") == "mfa" for record in get_authentication_records(request))
