# SPDX-License-Identifier: Apache-2.0
"""What every template may use: who looks, the menu, the look of the organisation."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from avlest.portal.menus import get_menu
from avlest.portal.options import get_options
from avlest.portal.themes import get_look
from avlest.portal.viewer import NOBODY

SCHEMES: Final = ("auto", "light", "dark")
SCHEME_COOKIE: Final = "colours"


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the variables; what costs a query is made when a template asks for it."""
    viewer = getattr(request, "viewer", NOBODY)
    scheme = request.COOKIES.get(SCHEME_COOKIE, "auto")
    return {
        "viewer": viewer,
        "menu": SimpleLazyObject(lambda: get_menu(viewer, path=request.path)),
        "look": SimpleLazyObject(lambda: get_look(viewer.organisation_id)),
        "color_scheme": scheme if scheme in SCHEMES else "auto",
        "languages": settings.LANGUAGES,
        "contact": get_options().contact,
    }
