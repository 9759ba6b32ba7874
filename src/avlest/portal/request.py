# SPDX-License-Identifier: Apache-2.0
"""A request as views of the portal get it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpRequest

from avlest.portal.viewer import Viewer

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


class ViewerRequest(HttpRequest):
    """`viewer`: who looks; `now`: the time of the request; `htmx`: true when only a part of the page is wanted."""

    viewer: Viewer
    now: datetime
    htmx: HtmxDetails
