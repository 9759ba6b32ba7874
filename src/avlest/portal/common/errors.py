# SPDX-License-Identifier: Apache-2.0
"""Pages that say what went wrong and what to do, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show_bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request cannot be read."""
    return render(request, "portal/errors/400.html", status=400)


def show_forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: this role may not."""
    return render(request, "portal/errors/403.html", status=403)


def show_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not here, or not theirs; the page does not tell which."""
    return render(request, "portal/errors/404.html", status=404)


def show_csrf_failure(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """403: the form was too old or came from elsewhere."""
    return render(request, "portal/errors/csrf.html", status=403)


def show_failure(_request: HttpRequest) -> HttpResponse:
    """500: rendered without database or context, for either may be what failed."""
    from django.template.loader import render_to_string

    return HttpResponse(render_to_string("portal/errors/500.html"), status=500)
