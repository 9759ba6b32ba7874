# SPDX-License-Identifier: Apache-2.0
"""Child processes kept running: started again when they end, later each time, and stopped together.

Each child leads a process group of its own.  When it ends, however it ends, what is left of its group is ended too,
so that no orphan keeps a port or a database open; when the supervisor itself is killed, the kernel tells the children.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from avlest.service.events import log_event
from avlest.service.state import ChildState

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec is no time to look for libraries.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Command:
    """A child: the name it goes by and what to run."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds: pause before the first restart and the longest one, what counts as a good run, patience in stopping."""

    first_pause: float = 0.5
    longest_pause: float = 30.0
    good_run: float = 60.0
    stop_patience: float = 10.0

    def derive_pause(self, failures: int) -> float:
        """Return how long to wait after `failures` (from 1) short runs in a row: doubled each time."""
        return float(min(self.longest_pause, self.first_pause * 2 ** min(failures - 1, 20)))


DEFAULT_POLICY = Policy()


def read_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def _ignore_state(_state: ChildState) -> None:
    """Nobody asked to be told."""


@dataclass(slots=True)
class Supervisor:
    """Runs `commands` until told to stop; `report` is called with the state of a child whenever it changes."""

    commands: Sequence[Command]
    report: Callable[[ChildState], None] = _ignore_state
    policy: Policy = DEFAULT_POLICY
    clock: Callable[[], datetime] = read_clock
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Ask all children to end; `run` returns when they have."""
        self._stop.set()

    async def run(self) -> None:
        """Start the children and keep them running; returns after `stop`, when all have ended."""
        await asyncio.gather(*(self._keep_running(command) for command in self.commands))

    async def _keep_running(self, command: Command) -> None:
        state, failures = ChildState(command.name), 0
        while not self._stop.is_set():
            loop = asyncio.get_running_loop()
            began = loop.time()
            state = await self._run_once(command, state)
            if self._stop.is_set():
                break
            failures = 1 if loop.time() - began >= self.policy.good_run else failures + 1
            pause = self.policy.derive_pause(failures)
            log_event(
                logger,
                "child_ended",
                level=logging.ERROR,
                child=command.name,
                end=state.last_end,
                again_in=f"{pause:g}s",
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            state = replace(state, restarts=state.restarts + 1)

    async def _run_once(self, command: Command, state: ChildState) -> ChildState:
        """Run a child to its end and return what is known of it then."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command.arguments, stdin=asyncio.subprocess.DEVNULL, preexec_fn=_prepare_child
            )
        except OSError as error:
            return self._note_end(state, f"could not be started: {error.strerror}")
        state = replace(state, pid=process.pid, started_at=self.clock())
        log_event(logger, "child_started", child=command.name, pid=process.pid, restarts=state.restarts)
        self.report(state)
        status = await self._watch(process)
        _kill_group(process.pid)
        return self._note_end(state, describe_end(status))

    def _note_end(self, state: ChildState, end: str) -> ChildState:
        ended = replace(state, pid=None, last_end=end, last_end_at=self.clock())
        self.report(ended)
        if self._stop.is_set():
            log_event(logger, "child_stopped", child=state.name, end=end)
        return ended

    async def _watch(self, process: asyncio.subprocess.Process) -> int:
        """Wait for the end of a child; asked to stop, tell it and, after a while, end it."""
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            with suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait({ended}, timeout=self.policy.stop_patience)
        if not ended.done():
            log_event(logger, "child_killed", level=logging.WARNING, pid=process.pid, waited=self.policy.stop_patience)
            _kill_group(process.pid)
        return await ended


def describe_end(status: int) -> str:
    """Say how a process ended: its exit status, or the signal that ended it."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"


def _kill_group(leader: int) -> None:
    """End what is left of a child's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _prepare_child() -> None:
    """In the child, before its program: a group of its own, and an end when the supervisor dies."""
    os.setpgid(0, 0)
    tie_to_parent()


def tie_to_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies; Linux only, elsewhere nothing happens."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
