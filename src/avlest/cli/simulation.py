# SPDX-License-Identifier: Apache-2.0
"""What the commands that play a world share: pacing, signals, and failures in one line."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import typer

from avlest.cli.service import explain_failures, get_now

if TYPE_CHECKING:
    from avlest.simulate.roads.run import Player
    from avlest.simulate.roads.sinks import Sink

HOUR = timedelta(hours=1)


@contextmanager
def explain_simulation_failures() -> Iterator[None]:
    """Print what keeps the simulator from its work as one line and end with code 1."""
    from django.db import DatabaseError

    from avlest.simulate.errors import SimulationError

    try:
        with explain_failures():
            yield
    except (SimulationError, DatabaseError) as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


def play_paced(
    player: Player,
    sink: Sink,
    *,
    speed: float,
    stop: threading.Event,
    until: datetime | None = None,
    note: Callable[[datetime], None] | None = None,
) -> None:
    """On from where the world is, paced, until `until` or stopped: an hour of the world is made at a time.

    In real time what is due already goes out at once.  `note` is told the end of each hour that was handed over.
    """
    from avlest.simulate.roads.pacing import Pace

    first = player.at if speed != 1.0 else get_now()
    pace = Pace(speed, first, time.monotonic, lambda seconds: not stop.wait(seconds))
    while not stop.is_set() and (until is None or player.at < until):
        end = player.at + HOUR
        hours = [messages for _, messages in player.play_until(end, chunk=HOUR)]
        for group in pace.iterate_due(hours):
            sink.deliver(group)
        if not stop.is_set() and pace.wait_for(end) and note is not None:
            note(end)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
