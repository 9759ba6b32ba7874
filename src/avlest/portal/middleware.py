# SPDX-License-Identifier: Apache-2.0
"""What happens to every request: headers, who looks, whether they may, what a refusal looks like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from avlest.portal.access import ReasonNeededError
from avlest.portal.assets import StaticMiddleware
from avlest.portal.common.errors import show_forbidden, show_not_found
from avlest.portal.headers import PERMISSIONS, get_policy
from avlest.portal.request import ViewerRequest
from avlest.portal.rules import Rule, Who, find_rule
from avlest.portal.sessions import make_viewer
from avlest.registry.rights import AccessDeniedError

__all__ = ["HeadersMiddleware", "StaticMiddleware", "ViewerMiddleware"]

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]
_SAFE = ("GET", "HEAD", "OPTIONS")


class HeadersMiddleware:
    """Headers of safety on every answer, errors too; pages of people are kept by no cache but the reader's."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer and add what the answer does not say itself."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", get_policy())
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class ViewerMiddleware:
    """`request.viewer` and `request.now`, the rule of the address, and refusals turned into pages."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say who looks (public pages, the health of a service without database among them, ask only if they must)."""
        asked = cast(ViewerRequest, request)
        asked.now = now = timezone.now()
        asked.viewer = cast(Any, SimpleLazyObject(lambda: make_viewer(request, now=now)))
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Refuse an address without rule, or whose rule does not let this person in."""
        asked = cast(ViewerRequest, request)
        name = asked.resolver_match.view_name if asked.resolver_match else ""
        rule = find_rule(name)
        if rule is None:
            logger.error("no rule for the address %s (%s)", request.path, name)
            return show_forbidden(asked)
        if rule.who != Who.ANYONE:
            asked.viewer = make_viewer(request, now=asked.now)
        return _refuse(asked, rule)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What is not theirs does not exist for them; who must give a reason is asked."""
        if isinstance(exception, ReasonNeededError):
            return HttpResponseRedirect(f"{reverse('common:reason')}?{urlencode({'next': request.get_full_path()})}")
        if isinstance(exception, AccessDeniedError):
            return show_not_found(cast(ViewerRequest, request), exception)
        return None


def _refuse(request: ViewerRequest, rule: Rule) -> HttpResponse | None:
    if rule.who == Who.ANYONE:
        return None
    if rule.who == Who.OWN:
        return _ask_second_factor(request, rule)
    if not request.viewer.is_signed_in:
        return _send_to_login(request)
    if rule.who == Who.ROLES and not (request.viewer.roles & rule.roles):
        return show_forbidden(request)
    if rule.who == Who.SUPERUSER and not request.viewer.is_superuser:
        return show_forbidden(request)
    if request.viewer.seen_as and request.method not in _SAFE and not rule.allows_seen_as_write:
        return show_forbidden(request)
    return _ask_second_factor(request, rule)


def _send_to_login(request: ViewerRequest) -> HttpResponse:
    """To the login and back; a part of a page asks the browser to load the login as a whole."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    response = HttpResponse(status=401)
    response["HX-Redirect"] = reverse("account_login")
    return response


def _ask_second_factor(request: ViewerRequest, rule: Rule) -> HttpResponse | None:
    """Send staff who signed in with one factor to the page where the second is set up."""
    user = request.user
    wanted = settings.REQUIRE_SECOND_FACTOR and rule.needs_second_factor and user.is_authenticated
    if not wanted or not (getattr(user, "is_staff", False) or request.viewer.is_staff or request.viewer.seen_as):
        return None
    if any(record.get("method") == "mfa" for record in get_authentication_records(request)):
        return None
    # Who has a second factor has been asked for it at the login.
    return None if is_mfa_enabled(user) else HttpResponseRedirect(reverse("mfa_index"))
