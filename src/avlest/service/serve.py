# SPDX-License-Identifier: Apache-2.0
"""`avlest serve`: check, lock, start the parts, keep them running, stop them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from avlest import __version__
from avlest.service.checks import check_data_dir, check_database, check_port
from avlest.service.events import log_event
from avlest.service.lock import hold_lock
from avlest.service.state import ChildState, ServeState, write_state
from avlest.service.supervisor import Command, Supervisor, read_clock
from avlest.service.web import derive_address

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What one run of the service is made of."""

    data_dir: Path
    host: str
    port: int
    has_sources: bool

    @property
    def address(self) -> str:
        """Where a person opens the service."""
        return derive_address(self.host, self.port)


def derive_commands(options: ServeOptions) -> tuple[Command, ...]:
    """Return the parts to run: web server, worker, jobs, and the collector where there is something to listen to."""
    data = ("--data", str(options.data_dir))
    base = (sys.executable, "-m", "avlest")
    web = Command("web", (*base, "web", *data, "--host", options.host, "--port", str(options.port)))
    collect = Command("collect", (*base, "collect", *data))
    work = Command("work", (*base, "work", *data))
    jobs = Command("jobs", (*base, "jobs", *data))
    return (web, collect, work, jobs) if options.has_sources else (web, work, jobs)


def run_service(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT.  Django must be set up.

    Raises `ServiceError` when the data directory, the database or the port cannot be used, or another process
    serves the same directory; then nothing was started.
    """
    check_data_dir(options.data_dir)
    check_database()
    with hold_lock(options.data_dir, address=options.address):
        check_port(options.host, options.port)
        asyncio.run(_supervise(options))


async def _supervise(options: ServeOptions) -> None:
    board = StateWriter(options)
    supervisor = Supervisor(derive_commands(options), report=board.note)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, supervisor, number)
    log_event(
        logger, "serve_started", address=options.address, data=options.data_dir, pid=os.getpid(), version=__version__
    )
    await supervisor.run()
    log_event(logger, "serve_stopped", pid=os.getpid())


def _stop(supervisor: Supervisor, number: signal.Signals) -> None:
    log_event(logger, "serve_stops", signal=number.name)
    supervisor.stop()


class StateWriter:
    """Keeps the file that tells the status page about the processes."""

    def __init__(self, options: ServeOptions) -> None:
        self._data_dir = options.data_dir
        self._state = ServeState(os.getpid(), options.address, read_clock())

    def note(self, child: ChildState) -> None:
        """Write down what has become of a process; a full disk does not end the service."""
        self._state = self._state.with_child(child)
        try:
            write_state(self._data_dir, self._state)
        except OSError as error:
            log_event(logger, "state_not_written", level=logging.WARNING, reason=error.strerror)
