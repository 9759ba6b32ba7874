# SPDX-License-Identifier: Apache-2.0
"""The runner as a process of its own."""

from __future__ import annotations

import logging
import signal
import threading

from avlest.service.events import log_event
from avlest.service.jobs.declared import get_declared_jobs
from avlest.service.jobs.runner import Runner

logger = logging.getLogger(__name__)


def run_jobs_process(*, threads: int) -> None:
    """Run jobs until SIGTERM or Ctrl-C; what is under way then is run again by the next runner."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs = get_declared_jobs()
    log_event(logger, "jobs_started", jobs=len(jobs), threads=threads)
    Runner(jobs, threads=threads).run(stop)
    log_event(logger, "jobs_stopped")
