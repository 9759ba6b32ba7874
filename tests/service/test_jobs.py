# SPDX-License-Identifier: Apache-2.0
"""The runner of jobs: what is due, once, by one runner, told how it went, and taken over from a dead one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avlest.project.jobs import Job
from avlest.service.errors import ServiceError
from avlest.service.jobs import declared
from avlest.service.jobs.declared import check_names, get_declared_jobs
from avlest.service.jobs.leases import LEASE, derive_pause, do_declare, do_finish, do_release, do_renew, do_take
from avlest.service.jobs.queries import get_jobs
from avlest.service.jobs.runner import Attempt, Runner
from avlest.service.models import JobState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Work:
    """Something to do that remembers when it was done."""

    done: list[datetime] = field(default_factory=list)
    trouble: Exception | None = None

    def run(self, now: datetime) -> str:
        self.done.append(now)
        if self.trouble is not None:
            raise self.trouble
        return f"done {len(self.done)}"


def make_job(work: Work, name: str = "tidy", every: timedelta = 10 * MINUTE) -> Job:
    return Job(name, every, work.run)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Callable[[Job], dict[str, Any]]:
    """The state of one job as pages get it."""
    from avlest.service.jobs import queries

    def read(job: Job, now: datetime = NOW) -> Any:
        monkeypatch.setattr(queries, "get_declared_jobs", lambda: (job,))
        return get_jobs(now=now)[0]

    return read


@pytest.mark.django_db(transaction=True)
def test_a_job_runs_when_it_is_due_and_not_before(clock: Clock, show: Any) -> None:
    """Due at once, then a period after it began; what it said is kept."""
    work = Work()
    job = make_job(work)
    runner = Runner([job], clock=clock)
    for minutes, times in ((0, 1), (9, 1), (10, 2), (35, 3)):
        clock.now = NOW + minutes * MINUTE
        assert runner.run_once() == ()
        assert len(work.done) == times
    info = show(job, clock.now)
    assert (info.result, info.runs, info.error, info.is_running, info.is_well) == ("done 3", 3, "", False, True)
    assert info.due_at == NOW + 45 * MINUTE


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_counted_shown_and_tried_again_later_each_time(clock: Clock, show: Any) -> None:
    """The error's words stand in the state; the pause doubles up to a period; success clears it."""
    work = Work(trouble=RuntimeError("the disk is full"))
    job, other = make_job(work), Work()
    runner = Runner([job, make_job(other, "other")], clock=clock)
    assert runner.run_once() == ("tidy",)
    assert len(other.done) == 1
    info = show(job)
    assert (info.error, info.failures, info.is_well) == ("RuntimeError: the disk is full", 1, False)
    assert info.due_at == NOW + 30 * SECOND
    clock.now = NOW + 30 * SECOND
    runner.run_once()
    assert show(job).due_at == clock.now + 60 * SECOND
    work.trouble, clock.now = None, NOW + 5 * MINUTE
    assert runner.run_once() == ()
    assert (show(job).failures, show(job).error) == (0, "")
    assert derive_pause(10 * MINUTE, 20) == 10 * MINUTE


@pytest.mark.django_db(transaction=True)
def test_of_many_runners_one_gets_the_job(clock: Clock) -> None:
    """Eight runners take at the same time: one has it, and while it holds the lease nobody else gets it."""
    from django.db import connections

    job = make_job(Work())
    do_declare([job], now=NOW)
    taken: list[str] = []
    start = threading.Barrier(8)

    def try_it(name: str) -> None:
        start.wait()
        if do_take(job, holder=name, now=NOW) is not None:
            taken.append(name)
        connections.close_all()

    threads = [threading.Thread(target=try_it, args=(f"r{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert do_take(job, holder="later", now=NOW + LEASE - SECOND) is None


@pytest.mark.django_db(transaction=True)
def test_a_dead_runners_job_is_taken_over_and_a_living_ones_is_not(show: Any) -> None:
    """Renewed, the lease holds; not renewed, another takes over, and the first can no longer say it finished."""
    job = make_job(Work())
    do_declare([job], now=NOW)
    dead = do_take(job, holder="dead", now=NOW)
    assert dead is not None
    assert do_renew(dead, now=NOW + LEASE / 2)
    assert do_take(job, holder="new", now=NOW + LEASE) is None
    living = do_take(job, holder="new", now=NOW + 2 * LEASE)
    assert living is not None
    assert show(job, NOW + 2 * LEASE).takeovers == 1
    assert not do_renew(dead, now=NOW + 2 * LEASE)
    assert not do_finish(dead, result="too late", now=NOW + 2 * LEASE)
    assert show(job, NOW + 2 * LEASE).is_running
    assert do_finish(living, result="done", now=NOW + 2 * LEASE)


@pytest.mark.django_db(transaction=True)
def test_a_job_given_back_is_taken_at_once(show: Any) -> None:
    """A runner that is told to stop leaves the job due; the next one begins without waiting for the lease."""
    job = make_job(Work())
    do_declare([job], now=NOW)
    lease = do_take(job, holder="first", now=NOW)
    assert lease is not None
    do_release(lease, now=NOW + SECOND)
    assert do_take(job, holder="second", now=NOW + SECOND) is not None
    assert show(job).takeovers == 0


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_a_job_works(clock: Clock) -> None:
    """A job that takes longer than its lease keeps it."""
    going, end = threading.Event(), threading.Event()

    def wait(_now: datetime) -> str:
        going.set()
        assert end.wait(30)
        return "slept"

    job = Job("long", MINUTE, wait)
    do_declare([job], now=NOW)
    lease = do_take(job, holder="me", now=NOW)
    assert lease is not None
    attempt = Attempt(lease, clock, 0.01)
    attempt.start()
    assert going.wait(30)
    clock.now = NOW + 10 * LEASE
    for _ in range(500):
        if JobState.objects.filter(lease_until=clock.now + LEASE).exists():
            break
        threading.Event().wait(0.01)
    assert do_take(job, holder="other", now=clock.now) is None
    end.set()
    attempt.thread.join(30)
    assert JobState.objects.values_list("result", "holder").get() == ("slept", "")


@pytest.mark.django_db(transaction=True)
def test_a_runner_that_is_told_to_stop_ends_in_order(clock: Clock) -> None:
    """It starts what is due side by side, and ends when told; what was done is noted."""
    first, second = Work(), Work()
    runner = Runner([make_job(first), make_job(second, "other")], clock=clock)
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    for _ in range(1000):
        if JobState.objects.filter(runs=1).count() == 2:
            break
        threading.Event().wait(0.01)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert (len(first.done), len(second.done)) == (1, 1)


def test_jobs_of_all_rooms_are_found_and_names_are_single() -> None:
    """The rooms' declarations are put together; two of one name are refused."""
    assert "derive" in [job.name for job in get_declared_jobs()]
    with pytest.raises(ServiceError, match="two jobs are called tidy"):
        check_names([make_job(Work()), make_job(Work())])
    assert declared.__doc__


def test_the_commands_run_and_list(tmp_path: Path) -> None:
    """`avlest jobs --once` runs what is due, `list` shows it, `run` runs by name and names the jobs there are."""
    from tests.service.running import expect_success, make_data_dir, run_avlest

    data = make_data_dir(tmp_path / "data")
    assert "derive: 0 tasks planned" in expect_success("jobs", "--once", "--data", data)
    assert "derive  every 0:05:00  well" in expect_success("jobs", "list", "--data", data)
    assert "derive" in expect_success("jobs", "list", "--json", "--data", data)
    assert "derive: 0 tasks" in expect_success("jobs", "run", "derive", "--data", data)
    wrong = run_avlest("jobs", "run", "nothing", "--data", data)
    assert wrong.returncode != 0
    assert "the jobs are" in wrong.stderr


def test_a_runner_ends_on_sigterm(tmp_path: Path) -> None:
    """The process ends by itself when it is told to."""
    import subprocess
    import sys

    from tests.service.running import make_data_dir

    data = make_data_dir(tmp_path / "data")
    command = [sys.executable, "-m", "avlest", "jobs", "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "jobs_started" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(60) == 0
    assert "jobs_stopped" in rest
