# SPDX-License-Identifier: Apache-2.0
"""What this room does again and again: derive, check series over time, freeze what is billed, merge small files."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from django.conf import settings

from avlest.project.jobs import Job
from avlest.readings.derive.checks import do_check_series
from avlest.readings.derive.directory import Directory
from avlest.readings.options import open_configured_store
from avlest.readings.services.derivation import do_derive
from avlest.readings.services.freezes import do_freeze_due
from avlest.readings.tables import Store

THREADS = 2


@cache
def get_store() -> Store:
    """The installation's tables, opened once in a process."""
    return open_configured_store(settings.AVLEST)


@cache
def get_directory() -> Directory:
    """The registry as this process last read it; derivation looks whether it has changed."""
    return Directory()


def run_derive(now: datetime) -> str:
    """Derive what has changed."""
    done = do_derive(get_store(), now=now, directory=get_directory(), threads=THREADS)
    if done.failed:
        raise RuntimeError(done.describe())
    return done.describe()


def run_check_series(now: datetime) -> str:
    """Look at stored days of all series: stuck, unusually high or low, parts above their main meter."""
    directory = get_directory()
    directory.refresh()
    return f"{do_check_series(get_store(), directory, now=now)} new findings"


def run_freeze(now: datetime) -> str:
    """Freeze what is billed by now."""
    return f"{do_freeze_due(now=now)} freezes moved"


JOBS: tuple[Job, ...] = (
    Job("derive", timedelta(minutes=5), run_derive),
    Job("check_series", timedelta(hours=6), run_check_series),
    Job("freeze", timedelta(hours=1), run_freeze),
)
