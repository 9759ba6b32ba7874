# SPDX-License-Identifier: Apache-2.0
"""Everything a world has said until now, through inbox and pipeline: the world here, a worker for each lane beside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db.models import Sum

from avlest.collect.inbox import Inbox
from avlest.collect.models import Batch, Packet
from avlest.collect.processes import open_worker
from avlest.project.config import Config
from avlest.simulate.contracts import World
from avlest.simulate.errors import IntakeError
from avlest.simulate.roads.inbox import InboxSink
from avlest.simulate.roads.run import Player, Window, build_typed_readings, derive_chunk

LANES: Final = 2
MOST_WAITING: Final = 600_000
"""Messages the inbox holds at most: the world waits for the workers then."""
WORKER_SETTINGS: Final[Mapping[str, str]] = {
    "AVLEST_COLLECT__BATCH_MESSAGES": "60000",
    "AVLEST_COLLECT__APPEND_SECONDS": "20",
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""How the workers of the first intake differ from those of the service: little memory, few large appends."""
PATIENCE: Final = 20.0
Tell = Callable[[str, float, float], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What an intake did: the tally of the air and how many readings people typed in."""

    tally: dict[str, int]
    typed: int


@dataclass(frozen=True, slots=True)
class Intake:
    """Plays a window of a world into an installation; `note` is told how far everything in it was handed over."""

    config: Config
    world: World
    note: Callable[[datetime], None]
    prepare_child: Callable[[], None] | None = None

    def play(self, window: Window, *, tell: Tell) -> Played:
        """Return when everything is stored; raises `IntakeError`, Django's `DatabaseError`."""
        player, inbox = Player(self.world, window.start), Inbox(LANES)
        span = (window.stop - window.start).total_seconds()
        typed = build_typed_readings(self.world, window)
        with run_workers(self.config.data_dir, LANES, prepare=self.prepare_child) as workers:
            inbox.put(typed)
            sink = InboxSink(inbox)
            for reached, messages in player.play_until(window.stop, chunk=derive_chunk(self.world)):
                sink.deliver(messages)
                self.note(reached)
                note = f"{player.air.tally.sent:,} telegrams, {reached:%Y-%m-%d}"
                tell(note, (reached - window.start).total_seconds(), span)
                workers.wait_below(MOST_WAITING)
            self.note(window.stop)
            workers.wait_below(1)
        drain(self.config)
        return Played(asdict(player.air.tally), len(typed))


def drain(config: Config) -> None:
    """Work on what still waits in this process, until nothing does: late keys bring kept telegrams back."""
    with open_worker(config) as worker:
        worker.drain()


def count_waiting() -> int:
    """Messages in the inbox, and 1 more while decided batches wait for their append."""
    waiting = Packet.objects.aggregate(total=Sum("messages"))["total"] or 0
    return int(waiting) + Batch.objects.filter(appended_at__isnull=True).exists()


@dataclass(frozen=True, slots=True)
class Workers:
    """The worker processes of an intake."""

    processes: tuple[subprocess.Popen[bytes], ...]

    def wait_below(self, most: int) -> None:
        """Wait until fewer than `most` messages wait; raises `IntakeError` when a worker has ended."""
        while count_waiting() >= most:
            for process in self.processes:
                if process.poll() is not None:
                    raise IntakeError(f"a worker ended with status {process.returncode}; its log is above")
            time.sleep(0.1)


@contextmanager
def run_workers(data_dir: Path, count: int, *, prepare: Callable[[], None] | None) -> Iterator[Workers]:
    """So many worker processes, one lane each, stopped in order when the block is left.

    `prepare` runs in each before its program, such as a tie to the parent's life.
    """
    command = (sys.executable, "-m", "avlest", "work", "--data", str(data_dir), "--most-lanes", "1")
    environ = {**os.environ, **WORKER_SETTINGS}
    processes = tuple(
        subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, preexec_fn=prepare)  # noqa: S603
        for _ in range(count)
    )
    try:
        yield Workers(processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            if process.poll() is None:
                process.kill()
                process.wait()
