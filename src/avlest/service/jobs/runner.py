# SPDX-License-Identifier: Apache-2.0
"""Running what is due: each job in a thread of its own, its lease renewed while it works."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from django.db import DatabaseError, connections

from avlest.project.jobs import Job
from avlest.service.events import log_event
from avlest.service.jobs.leases import LEASE, Lease, do_declare, do_fail, do_finish, do_release, do_renew, do_take

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_STOP_PATIENCE: Final = 5.0
RENEW_SECONDS: Final = LEASE.total_seconds() / 4


def get_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def make_holder() -> str:
    """A token nobody else has; it says to a person which process it is."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(slots=True)
class Attempt:
    """One run of a job: its lease, its thread, and how it went (None: under way)."""

    lease: Lease
    clock: Callable[[], datetime]
    renew_seconds: float
    succeeded: bool | None = None
    thread: threading.Thread = field(init=False)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # A daemon: a process that is told to stop ends; the job is given back and run again.
        self.thread = threading.Thread(target=self._work, name=f"job {self.lease.job.name}", daemon=True)

    def start(self) -> None:
        """Begin, and renew the lease meanwhile."""
        self.thread.start()
        threading.Thread(target=self._renew, name=f"lease {self.lease.job.name}", daemon=True).start()

    def _work(self) -> None:
        job = self.lease.job
        try:
            result = job.run(self.lease.started_at)
        except Exception as error:  # whatever a job does, the others go on and the failure is shown
            self.succeeded = False
            logger.exception("job %s failed", job.name)
            said = f"{type(error).__name__}: {error}"
            self._note(lambda: do_fail(self.lease, error=said, now=self.clock()))
        else:
            self.succeeded = True
            self._note(lambda: do_finish(self.lease, result=result, now=self.clock()))
            log_event(logger, "job_done", level=logging.DEBUG, job=job.name, result=result)
        finally:
            self._over.set()
            connections.close_all()

    def _note(self, write: Callable[[], bool]) -> None:
        """Write down the outcome; where the database refuses, the lease runs out and the job is run again."""
        try:
            if not write():
                log_event(logger, "job_lost", level=logging.WARNING, job=self.lease.job.name)
        except DatabaseError as error:
            log_event(logger, "job_not_noted", level=logging.ERROR, job=self.lease.job.name, error=str(error))

    def _renew(self) -> None:
        try:
            while not self._over.wait(self.renew_seconds):
                self._note(lambda: do_renew(self.lease, now=self.clock()))
        finally:
            connections.close_all()


@dataclass(slots=True)
class Runner:
    """Runs `jobs` when they are due, at most `threads` at once.  Several runners may share a database."""

    jobs: Sequence[Job]
    threads: int = 2
    clock: Callable[[], datetime] = get_now
    renew_seconds: float = RENEW_SECONDS
    holder: str = field(default_factory=make_holder)
    running: dict[str, Attempt] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Run until `stop`; then wait a little for what is under way and give the rest back."""
        pause = _LOOK_SECONDS
        while not stop.is_set():
            try:
                do_declare(self.jobs, now=self.clock())
                self.start_due()
                pause = _LOOK_SECONDS
            except DatabaseError as error:
                log_event(logger, "jobs_database", level=logging.ERROR, error=str(error), again_in=f"{pause:g}s")
                connections.close_all()
                pause = min(2 * pause, _LONGEST_PAUSE)
            stop.wait(pause)
        self._stop()

    def run_once(self, *, names: Sequence[str] = ()) -> tuple[str, ...]:
        """Run what is due, one after the other; return the names of those that failed.

        `names`: run these, due or not.  A job another runner is at is left to it.
        """
        do_declare(self.jobs, now=self.clock())
        failed = []
        for job in self.jobs:
            if names and job.name not in names:
                continue
            attempt = self._start(job, force=bool(names))
            if attempt is not None:
                attempt.thread.join()
                del self.running[job.name]
                failed += [] if attempt.succeeded else [job.name]
        return tuple(failed)

    def start_due(self) -> None:
        """Start what is due, as far as there are threads; forget what has ended."""
        for name in [name for name, attempt in self.running.items() if not attempt.thread.is_alive()]:
            del self.running[name]
        for job in self.jobs:
            if len(self.running) >= self.threads:
                return
            if job.name not in self.running:
                self._start(job)

    def _start(self, job: Job, *, force: bool = False) -> Attempt | None:
        lease = do_take(job, holder=self.holder, now=self.clock(), force=force)
        if lease is None:
            return None
        attempt = self.running[job.name] = Attempt(lease, self.clock, self.renew_seconds)
        attempt.start()
        return attempt

    def _stop(self) -> None:
        """Wait for what is nearly done; what is not is given back, so that the next runner need not wait."""
        deadline = time.monotonic() + _STOP_PATIENCE
        for attempt in self.running.values():
            attempt.thread.join(max(0.0, deadline - time.monotonic()))
            if attempt.thread.is_alive():
                do_release(attempt.lease, now=self.clock())
                log_event(logger, "job_given_back", job=attempt.lease.job.name)
