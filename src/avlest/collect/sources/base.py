# SPDX-License-Identifier: Apache-2.0
"""What every source is, and how one is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from avlest.collect.heard import Heard
from avlest.collect.sources.state import SourceState


class MessageInbox(Protocol):
    """Where a source puts what it heard; see `avlest.collect.inbox.AsyncInbox`."""

    async def put(self, messages: Sequence[Heard], /) -> None:
        """Return when all messages are on disk: only then may they be acknowledged."""
        ...


class Source(Protocol):
    """One way in.  `run` works until `stop` is set, or raises when it cannot go on."""

    state: SourceState

    async def run(self, inbox: MessageInbox, stop: asyncio.Event) -> None:
        """Take in until `stop` is set.  Raises `SourceError` or `OSError` naming what failed."""
        ...


class SourceError(Exception):
    """A source cannot work: the message names the thing (broker, port, folder) and what is wrong."""


async def run_until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end, or cancel it when `stop` is set; raises what `work` raises."""
    task = asyncio.ensure_future(work)
    waiter = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    finally:
        waiter.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def sleep_until(stop: asyncio.Event, seconds: float) -> None:
    """Return after `seconds`, or at once when `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
