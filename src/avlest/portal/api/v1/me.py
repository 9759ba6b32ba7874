# SPDX-License-Identifier: Apache-2.0
"""Who the caller is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from avlest.portal.api.schemas import Me
from avlest.portal.api.v1.common import answers, get_caller, make_router

router = make_router("Caller")


@router.get("/me", url_name="me", operation_id="get_me", response=answers(Me, refusals=()), summary="Who am I")
def get_me(request: HttpRequest) -> Any:
    """What this token (or this person) is and may do: a first call to try a token with."""
    caller = get_caller(request)
    viewer, token = caller.viewer, caller.token
    return Me(
        name=viewer.name,
        organisation_id=viewer.scope,
        organisation=viewer.organisation_name,
        roles=sorted(viewer.roles),
        scopes=None if caller.scopes is None else sorted(caller.scopes),
        token=token.prefix if token else None,
        expires_at=token.expires_at if token else None,
    )
