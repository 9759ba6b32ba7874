# SPDX-License-Identifier: Apache-2.0
"""When a resident may know of alarms: while they live there."""

from __future__ import annotations

from datetime import datetime

from avlest.portal.access import access_points
from avlest.portal.request import ViewerRequest
from avlest.portal.viewer import Viewer


def get_alarm_windows(viewer: Viewer) -> dict[int, list[tuple[datetime, datetime | None]]]:
    """Return the times of each own point as `insight.queries` takes them."""
    return {each.point.id: [(window.start, window.stop) for window in each.totals] for each in access_points(viewer)}


def get_present_points(request: ViewerRequest) -> frozenset[int]:
    """Return the points the resident may act on: those of places that are theirs now, not those they have left."""
    return frozenset(
        each.point.id
        for each in access_points(request.viewer)
        if any(window.contains(request.now) for window in each.totals)
    )
