# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.api.application import make_api
from avlest.portal.api.views.document import show_unknown

api = make_api()
# The API's own patterns without its namespace: they stand in the area's.
_PATTERNS, _, _ = api.urls

urlpatterns = [
    path("api/v1/", (_PATTERNS, None, None)),
    path("api/v1/<path:rest>", show_unknown, name="unknown"),
]
