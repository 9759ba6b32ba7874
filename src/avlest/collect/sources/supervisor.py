# SPDX-License-Identifier: Apache-2.0
"""All sources of a collector side by side: each is started again when it breaks off, alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avlest.collect.settings import (
    FolderSettings,
    MbusSettings,
    MqttSettings,
    SerialSettings,
    SourceSettings,
    TcpSettings,
)
from avlest.collect.sources.base import MessageInbox, Source, SourceError, sleep_until
from avlest.collect.sources.folder import FolderSource
from avlest.collect.sources.mbus import MbusSource
from avlest.collect.sources.mqtt import MqttSource
from avlest.collect.sources.serial_port import SerialSource
from avlest.collect.sources.state import Phase, StateBoard
from avlest.collect.sources.tcp import TcpSource

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a source is started again: doubled each time, back to the first
    after it was connected for `healthy` seconds."""

    first: float = 1.0
    longest: float = 60.0
    healthy: float = 60.0

    def next(self, pause: float, ran: float) -> float:
        """Return the pause that follows `pause` when the source ran for `ran` seconds."""
        return self.first if ran >= self.healthy or not pause else min(pause * 2, self.longest)


def make_source(settings: SourceSettings, board: StateBoard) -> Source | None:
    """Return the source that a table describes; None for one that the web server serves (http)."""
    state = board.open(settings.name, settings.kind)
    match settings:
        case MqttSettings():
            return MqttSource(settings, state)
        case TcpSettings():
            return TcpSource(settings, state)
        case SerialSettings():
            return SerialSource(settings, state)
        case FolderSettings():
            return FolderSource(settings, state)
        case MbusSettings():
            return MbusSource(settings, state)
        case _:
            state.phase, state.detail = Phase.CONNECTED, "served by the web server"
            return None


async def run_sources(
    settings: Sequence[SourceSettings],
    inbox: MessageInbox,
    stop: asyncio.Event,
    *,
    board: StateBoard | None = None,
    board_file: Path | None = None,
    backoff: Backoff = Backoff(),
) -> None:
    """Run all sources until `stop` is set.

    A source that fails is reported in `board` (and, every few seconds, in `board_file`) and
    started again after a pause; the others go on.
    """
    board = board or StateBoard()
    sources = [source for one in settings if (source := make_source(one, board)) is not None]
    async with asyncio.TaskGroup() as group:
        for source in sources:
            group.create_task(supervise(source, inbox, stop, backoff), name=source.state.name)
        if board_file is not None:
            group.create_task(_write_board(board, board_file, stop))


async def supervise(source: Source, inbox: MessageInbox, stop: asyncio.Event, backoff: Backoff) -> None:
    """Run one source until `stop` is set, again and again."""
    loop = asyncio.get_running_loop()
    pause, told = 0.0, ""
    while not stop.is_set():
        started = loop.time()
        try:
            await source.run(inbox, stop)
            reason = "it ended by itself"
        except (SourceError, OSError) as error:
            reason = str(error)
        except Exception as error:  # a defect in one source must not take the others down
            logger.exception("source %s failed", source.state.name)
            reason = f"{type(error).__name__}: {error}"
        if stop.is_set():
            break
        source.state.fail(reason)
        pause = backoff.next(pause, loop.time() - started)
        if reason != told:
            logger.warning("source %s: %s; next try in %.0f s", source.state.name, reason, pause)
        told = reason
        await sleep_until(stop, pause)
    source.state.stop()


BOARD_SECONDS = 2.0


async def _write_board(board: StateBoard, path: Path, stop: asyncio.Event) -> None:
    while True:
        ended = stop.is_set()
        try:
            board.write(path)
        except OSError as error:
            logger.warning("the state of the sources cannot be written to %s: %s", path, error)
        if ended:
            return
        await sleep_until(stop, BOARD_SECONDS)
