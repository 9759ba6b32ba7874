# SPDX-License-Identifier: Apache-2.0
"""How the jobs are doing, for the operations page and the command line."""

from __future__ import annotations

from datetime import datetime

from avlest.project.jobs import Job
from avlest.service.jobs.contracts import JobInfo
from avlest.service.jobs.declared import get_declared_jobs
from avlest.service.models import JobState


def get_jobs(*, now: datetime) -> list[JobInfo]:
    """Return all declared jobs, in the order of the rooms; one that never ran has no times."""
    states = {state.name: state for state in JobState.objects.all()}
    return [_describe(job, states.get(job.name), now=now) for job in get_declared_jobs()]


def _describe(job: Job, state: JobState | None, *, now: datetime) -> JobInfo:
    if state is None:
        return JobInfo(job.name, job.every, None, "", False, None, None, None, "", "", 0, 0, 0)  # noqa: FBT003
    return JobInfo(
        name=job.name,
        every=job.every,
        due_at=state.due_at,
        holder=state.holder,
        is_running=state.lease_until is not None and state.lease_until > now,
        started_at=state.started_at,
        finished_at=state.finished_at,
        succeeded_at=state.succeeded_at,
        result=state.result,
        error=state.error,
        runs=state.runs,
        failures=state.failures,
        takeovers=state.takeovers,
    )
