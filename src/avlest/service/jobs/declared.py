# SPDX-License-Identifier: Apache-2.0
"""Which jobs there are: every room may declare some in its module `jobs`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

from avlest.project.jobs import Job
from avlest.service.errors import ServiceError


def get_declared_jobs() -> tuple[Job, ...]:
    """Return the jobs of all installed rooms, in the order of the rooms; `ServiceError` for a name given twice."""
    rooms = [f"avlest.{room}" for room in settings.ROOMS if f"avlest.{room}" in settings.INSTALLED_APPS]
    found: list[Job] = []
    for room in rooms:
        # The service's own package of this name declares none.
        if room != "avlest.service" and find_spec(f"{room}.jobs"):
            found.extend(import_module(f"{room}.jobs").JOBS)
    check_names(found)
    return tuple(found)


def check_names(jobs: Sequence[Job]) -> None:
    """`ServiceError` when two jobs have one name: they would take each other's turns."""
    names = [job.name for job in jobs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ServiceError(f"two jobs are called {', '.join(twice)}", where="jobs")
