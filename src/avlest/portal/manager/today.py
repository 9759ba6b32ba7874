# SPDX-License-Identifier: Apache-2.0
"""The area's first page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.portal.request import ViewerRequest


@require_safe
def show_today(request: ViewerRequest) -> HttpResponse:
    """The first page of the area."""
    return render(request, "portal/manager/today.html")
