# SPDX-License-Identifier: Apache-2.0
"""What a reader chooses for all pages: language, colours, organisation.  Kept in cookies and the session."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from avlest.portal.context import SCHEME_COOKIE, SCHEMES
from avlest.portal.request import ViewerRequest
from avlest.portal.sessions import choose_organisation as remember_organisation
from avlest.registry.models import Party

_YEAR = 365 * 24 * 3600


def get_next(request: ViewerRequest) -> str:
    """Return where to go on: an address of our own, or the front page."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_own else "/"


def _go_on(request: ViewerRequest) -> HttpResponse:
    response = HttpResponseRedirect(get_next(request))
    response.status_code = 303
    return response


@require_POST
def choose_language(request: ViewerRequest) -> HttpResponse:
    """Keep the language: in a cookie, and for the letters and messages of the resident."""
    response = _go_on(request)
    wanted = request.POST.get("language", "")
    if wanted in dict(settings.LANGUAGES):
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=_YEAR, secure=secure, samesite="Lax")
        if request.viewer.party_ids and not request.viewer.seen_as:
            Party.objects.filter(pk__in=request.viewer.party_ids).update(language=wanted)
    return response


@require_POST
def choose_colours(request: ViewerRequest) -> HttpResponse:
    """Keep whether pages are light, dark or as the device is."""
    response = _go_on(request)
    wanted = request.POST.get("colours", "")
    if wanted in SCHEMES:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(SCHEME_COOKIE, wanted, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


@require_POST
def choose_organisation(request: ViewerRequest) -> HttpResponse:
    """Act in another of the organisations the person belongs to; any other number changes nothing."""
    wanted = request.POST.get("organisation", "")
    if wanted in {str(number) for number, _ in request.viewer.organisations}:
        remember_organisation(request.session, int(wanted))
    response = HttpResponseRedirect("/")
    response.status_code = 303
    return response
