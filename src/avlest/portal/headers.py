# SPDX-License-Identifier: Apache-2.0
"""Headers that keep a page to itself: what it may load, who may frame it, what it may use."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from avlest.portal.options import get_options

PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self)"


@cache
def get_policy() -> str:
    """Return the content security policy: files of our own, no inline script or style, map tiles by configuration."""
    tiles = _get_origin(get_options().tiles)
    forms = " ".join(
        {_get_origin(settings.AVLEST.login.idporten_url)} if settings.AVLEST.login.idporten_client_id else ()
    )
    parts = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob: {tiles}",
        "connect-src": f"'self' {tiles}",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": f"'self' {forms}",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}".strip() for name, value in parts.items())


def _get_origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
