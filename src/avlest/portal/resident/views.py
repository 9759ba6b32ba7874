# SPDX-License-Identifier: Apache-2.0
"""The area's first page."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.portal.fronts import get_front
from avlest.portal.request import ViewerRequest


@require_safe
def show_overview(request: ViewerRequest) -> HttpResponse:
    """The first page of a resident; others are sent to theirs."""
    if not request.viewer.is_resident:
        front = get_front(request.viewer)
        return HttpResponseRedirect(front) if front else render(request, "portal/common/no_place.html")
    return render(request, "portal/resident/overview.html")
