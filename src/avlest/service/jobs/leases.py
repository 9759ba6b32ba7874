# SPDX-License-Identifier: Apache-2.0
"""Who may run a job: a lease in the database, taken and given back by one conditional update each.

The update is the lock: of several runners that try at once, on SQLite or PostgreSQL, one changes the row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q, QuerySet

from avlest.project.jobs import Job
from avlest.service.models import JobState

LEASE: Final = timedelta(seconds=60)
"""How long a runner has a job without renewing; the longest a killed runner's job waits."""

_FIRST_PAUSE: Final = timedelta(seconds=30)
_MOST_TEXT: Final = 1000
_MOST_DOUBLINGS: Final = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Lease:
    """A job that this runner has: the row's name and the token written into it."""

    job: Job
    holder: str
    started_at: datetime


def do_declare(jobs: Iterable[Job], *, now: datetime) -> None:
    """Make the rows of new jobs, due at once."""
    JobState.objects.bulk_create([JobState(name=job.name, due_at=now) for job in jobs], ignore_conflicts=True)


def do_take(job: Job, *, holder: str, now: datetime, force: bool = False) -> Lease | None:
    """Take a job that is due and that nobody has; None when another was faster or it is not due.

    `force`: also when it is not due yet (a person asked for it).
    """
    rows = JobState.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now), name=job.name)
    if not force:
        rows = rows.filter(due_at__lte=now)
    # A lease that ran out belonged to a runner that died: count it, so that a job that kills its runner shows.
    rows.filter(lease_until__isnull=False).update(takeovers=F("takeovers") + 1)
    taken = rows.update(holder=holder, lease_until=now + LEASE, started_at=now, finished_at=None)
    return Lease(job, holder, now) if taken else None


def do_renew(lease: Lease, *, now: datetime) -> bool:
    """Keep a job for another lease; False when it is no longer ours."""
    return bool(_own(lease).update(lease_until=now + LEASE))


def do_finish(lease: Lease, *, result: str, now: datetime) -> bool:
    """Note success and when it is due again: one period after it began, or now when it took longer."""
    return bool(
        _own(lease).update(
            holder="",
            lease_until=None,
            due_at=max(lease.started_at + lease.job.every, now),
            finished_at=now,
            succeeded_at=now,
            result=result[:_MOST_TEXT],
            error="",
            failures=0,
            runs=F("runs") + 1,
        )
    )


def do_fail(lease: Lease, *, error: str, now: datetime) -> bool:
    """Note a failure and try again later: after half a minute, then twice as long each time, at most a period."""
    failures = (_own(lease).values_list("failures", flat=True).first() or 0) + 1
    return bool(
        _own(lease).update(
            holder="",
            lease_until=None,
            due_at=now + derive_pause(lease.job.every, failures),
            finished_at=now,
            error=error[:_MOST_TEXT],
            failures=failures,
            runs=F("runs") + 1,
        )
    )


def do_release(lease: Lease, *, now: datetime) -> None:
    """Give a job back unfinished (the runner is told to stop): another may take it at once."""
    _own(lease).update(holder="", lease_until=None, due_at=now)


def derive_pause(every: timedelta, failures: int) -> timedelta:
    """How long to wait after `failures` (from 1) failures in a row."""
    longer: timedelta = _FIRST_PAUSE * (1 << min(failures - 1, _MOST_DOUBLINGS))
    return min(every, longer)


def _own(lease: Lease) -> QuerySet[JobState]:
    return JobState.objects.filter(name=lease.job.name, holder=lease.holder)
