# SPDX-License-Identifier: Apache-2.0
"""The status page and /health: everyone sees whether it runs, staff sees what is wrong."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from avlest import __version__
from avlest.service.health import Health, get_health


@require_safe
@never_cache
def show_health(_request: HttpRequest) -> JsonResponse:
    """Answer a monitor: 200 while requests can be served, 503 when the database is gone.

    No names, addresses or figures of people: what stands here may be read by anyone.
    """
    health = get_health(settings.DATA_DIR, now=timezone.now())
    body = {
        "status": health.status,
        "version": __version__,
        "at": health.at.isoformat(),
        "database": "ok" if health.collect else "unreachable",
        "problems": sorted({problem.partition(":")[0] for problem in health.problems}),
        "inbox": _plain_inbox(health),
        "sources": {
            "total": len(health.sources),
            "well": sum(source.is_well for source in health.sources),
        },
    }
    return JsonResponse(body, status=200 if health.collect else 503)


def _plain_inbox(health: Health) -> dict[str, float] | None:
    status = health.collect
    if status is None:
        return None
    return {
        "waiting": status.inbox_messages,
        "lag_seconds": round(status.inbox_lag, 1),
        "undelivered": status.waiting_readings,
        "undelivered_lag_seconds": round(status.waiting_lag, 1),
    }


@require_safe
@never_cache
def show_status(request: HttpRequest) -> HttpResponse:
    """The page at `/status`: whether the service runs; to staff, how each part of it is doing."""
    health = get_health(settings.DATA_DIR, now=timezone.now())
    is_staff = health.collect is not None and request.user.is_staff
    context = {"health": health, "is_staff": is_staff, "version": __version__, "free_gb": health.free_bytes / 1e9}
    return render(request, "service/status.html", context, status=200 if health.collect else 503)
