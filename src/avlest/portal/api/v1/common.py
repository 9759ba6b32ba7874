# SPDX-License-Identifier: Apache-2.0
"""What operations share: who calls, the store, the answers each may give."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.http import HttpRequest
from ninja import Router

from avlest.portal.api.schemas import Problem
from avlest.portal.api.tokens import Caller
from avlest.portal.viewer import Viewer
from avlest.registry.rights import Right

_REFUSALS = frozenset({401, 403, 429})


def make_router(tag: str) -> Router:
    """Return a router whose operations stand together in the document."""
    return Router(tags=[tag])


def answers(success: Any, *, status: int = 200, refusals: tuple[int, ...] = (404, 422)) -> dict[Any, Any]:
    """Return the answers of an operation for the document: what it gives, and problems."""
    return {status: success, frozenset(_REFUSALS | set(refusals)): Problem}


def files(*media_types: str, description: str) -> dict[str, Any]:
    """Return the part of the document that says an answer may also be of other media types."""
    content = {media: {"schema": {"type": "string", "format": "binary"}} for media in media_types}
    return {"responses": {200: {"description": description, "content": content}}}


def get_caller(request: HttpRequest) -> Caller:
    """Return who calls."""
    return cast(Caller, request.auth)  # type: ignore[attr-defined]


def get_viewer(request: HttpRequest) -> Viewer:
    """Return what the caller may see."""
    return get_caller(request).viewer


def get_now(request: HttpRequest) -> datetime:
    """Return the time of the request."""
    return cast(datetime, request.now)  # type: ignore[attr-defined]


def sees_organisation(viewer: Viewer) -> bool:
    """Whether the viewer sees rows of the organisation; otherwise what belongs to their own homes."""
    return Right.VIEW_METERS in viewer.rights


def to_kroner(ore: int) -> Decimal:
    """Øre as kroner, exact."""
    return Decimal(ore).scaleb(-2)


def to_unit(thousandths: int | None) -> float | None:
    """Thousandths of a unit as a number of it; exact as text up to 2**53 thousandths."""
    return None if thousandths is None else thousandths / 1000
