# SPDX-License-Identifier: Apache-2.0
"""Pages of the operations centre about the service itself: intake, storage and backups, jobs.

They stand here because the portal knows nothing of the service; templates and texts are those of the operations centre.
What is told apart by source or place belongs to the whole installation: where several organisations share it, only
who runs it sees that, the others see how far behind it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from avlest.portal.charts import Bar, BarChart
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_day_start
from avlest.readings.queries import get_derive_progress
from avlest.readings.tables.figures import TableSize
from avlest.registry.queries import get_organisations
from avlest.service.backup.record import read_last_backup
from avlest.service.health import STALE_AFTER, get_health
from avlest.service.jobs.queries import get_jobs

OLD_BACKUP: Final = timedelta(days=2)
_MEGABYTE: Final = 1000
"""Bytes in a thousandth of a megabyte."""
_MONTHS: Final = 24


def sees_whole(request: ViewerRequest) -> bool:
    """Whether the viewer may know of what all organisations of the installation share."""
    return request.viewer.is_superuser or len(get_organisations()) == 1


@require_safe
def show_intake(request: ViewerRequest) -> HttpResponse:
    """What comes in, how far behind the pipeline is, what every source does."""
    context = {
        "health": get_health(settings.DATA_DIR, now=request.now),
        "progress": get_derive_progress(),
        "stale": STALE_AFTER.total_seconds(),
        "is_whole": sees_whole(request),
    }
    return render(request, "portal/operations/intake.html", context)


@require_safe
def show_storage(request: ViewerRequest) -> HttpResponse:
    """How large the tables are and how they grow, the disk, and the age of the backup."""
    tables = get_store().sizes()
    backup = read_last_backup(settings.DATA_DIR)
    context = {
        "tables": [(each, each.bytes / 1e6) for each in tables],
        "total": sum(each.bytes for each in tables) / 1e6,
        "chart": make_growth(tables, get_language() or "nb"),
        "free": get_health(settings.DATA_DIR, now=request.now).free_bytes / 1e9,
        "backup": backup,
        "backup_size": backup.bytes / 1e6 if backup else 0,
        "is_old": backup is None or request.now - backup.made_at > OLD_BACKUP,
        "is_whole": sees_whole(request),
    }
    return render(request, "portal/operations/storage.html", context)


def make_growth(tables: tuple[TableSize, ...], language: str) -> BarChart | None:
    """Bytes of readings and hours by the month they are about; None for less than two months."""
    sizes: dict[int, int] = {}
    for table in tables:
        for period in table.periods if table.table in ("readings", "hourly") else ():
            sizes[period.period] = sizes.get(period.period, 0) + period.bytes
    months = sorted(sizes)[-_MONTHS:]
    if len(months) < 2:
        return None
    bars = tuple(Bar(_start(month), _start(_next(month)), round(sizes[month] / _MEGABYTE)) for month in months)
    return BarChart(title="", unit="MB", interval="month", bars=bars, name="MB", language=language)


def _start(month: int) -> datetime:
    return derive_day_start(date(month // 100, month % 100, 1)).astimezone(UTC)


def _next(month: int) -> int:
    return month + 1 if month % 100 < 12 else (month // 100 + 1) * 100 + 1


@require_safe
def show_jobs(request: ViewerRequest) -> HttpResponse:
    """The jobs that run by themselves: when last, how it went, when next."""
    return render(request, "portal/operations/jobs.html", {"jobs": get_jobs(now=request.now)})
