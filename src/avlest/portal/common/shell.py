# SPDX-License-Identifier: Apache-2.0
"""The shell of the app: theme, logo, manifest, service worker, offline page, statements."""

from __future__ import annotations

import json

from django.contrib.staticfiles import finders
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.assets import get_checksum
from avlest.portal.models import Theme
from avlest.portal.request import ViewerRequest
from avlest.portal.themes import derive_style

_KEEP = "public, max-age=31536000, immutable"
_SHELL = (
    "portal/vendor/designsystemet-theme.css",
    "portal/vendor/designsystemet.css",
    "portal/portal.css",
    "portal/portal.js",
    "portal/icon.svg",
)


def _get_theme(organisation_id: int) -> Theme:
    row = Theme.objects.filter(organisation_id=organisation_id).first()
    if row is None:
        raise Http404
    return row


@require_safe
def show_theme(_request: ViewerRequest, organisation_id: int, version: int) -> HttpResponse:
    """The organisation's colours as a style sheet; public, as the login page has them too."""
    style = derive_style(_get_theme(organisation_id).accent)
    return HttpResponse(style, content_type="text/css", headers={"Cache-Control": _KEEP})


@require_safe
def show_logo(_request: ViewerRequest, organisation_id: int, version: int) -> HttpResponse:
    """The organisation's logo; a type of its own and a policy that lets nothing in it run."""
    row = _get_theme(organisation_id)
    if not row.logo or not row.logo_type:
        raise Http404
    headers = {
        "Cache-Control": _KEEP,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return HttpResponse(bytes(row.logo), content_type=row.logo_type, headers=headers)


@require_safe
def show_manifest(request: ViewerRequest) -> HttpResponse:
    """What a device needs to install the portal as an app."""
    icons = [
        {"src": static("portal/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": static("portal/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": static("portal/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": static("portal/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    body = {
        "id": "/", "name": "Avlest", "short_name": "Avlest",
        "description": _("Water, heat and electricity where you live."),
        "lang": request.LANGUAGE_CODE, "start_url": "/", "scope": "/", "display": "standalone",
        "background_color": "#ffffff", "theme_color": "#0062ba", "icons": icons,
    }  # fmt: skip
    return HttpResponse(json.dumps(body, ensure_ascii=False), content_type="application/manifest+json")


@require_safe
def show_worker(_request: ViewerRequest) -> HttpResponse:
    """The service worker, told which files make the shell; it must come from the root to hold all pages."""
    found = finders.find("portal/worker.js")
    with open(str(found), encoding="utf-8") as file:  # noqa: PTH123
        script = file.read()
    shell = [*map(static, _SHELL), reverse("common:offline")]
    version = "-".join(get_checksum(name) for name in (*_SHELL, "portal/worker.js"))
    head = f"const SHELL = {json.dumps(shell)};\nconst VERSION = {json.dumps(version)};\n"
    return HttpResponse(head + script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@require_safe
def show_offline(request: ViewerRequest) -> HttpResponse:
    """Shown by the service worker when there is no connection and the page was never opened."""
    return render(request, "portal/common/offline.html")


@require_safe
def show_accessibility(request: ViewerRequest) -> HttpResponse:
    """What is known about accessibility, and where to tell of what is not."""
    return render(request, "portal/common/accessibility.html")


@require_safe
def show_privacy(request: ViewerRequest) -> HttpResponse:
    """What is kept about people, why and for how long."""
    return render(request, "portal/common/privacy.html")
