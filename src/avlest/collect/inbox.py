# SPDX-License-Identifier: Apache-2.0
"""The inbox: a message is acknowledged when the transaction that holds it is on disk, never before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from django.db import DatabaseError, connection, connections, transaction

from avlest.collect.heard import Heard
from avlest.collect.models import Packet
from avlest.collect.packets import PackedMessages, derive_lane, encode_packet
from avlest.registry.keys.ring import get_key_ring

logger = logging.getLogger(__name__)

GROUP_SECONDS = 0.02
GROUP_MESSAGES = 500
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# Keys of messages are sealed for no meter: which one it is for is known when the message is decoded.
NO_METER = 0


class InboxClosedError(RuntimeError):
    """The inbox was closed before the messages were on disk: they are not to be acknowledged."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Takes messages in, in the calling thread's database connection; `lanes` as configured."""

    lanes: int = 1

    def put(self, batch: Sequence[Heard]) -> None:
        """Write all messages in one short transaction; when this returns they may be acknowledged.

        Raises Django's `DatabaseError` (database locked, disk full, server gone); then none of them is taken in.
        """
        if not batch:
            return
        parts: dict[int, list[Heard]] = {}
        for message in batch:
            parts.setdefault(derive_lane(message, lanes=self.lanes), []).append(message)
        self.put_packed(
            [PackedMessages(lane, len(p), encode_packet(p, seal=_seal_key)) for lane, p in sorted(parts.items())]
        )

    def put_packed(self, packed: Sequence[PackedMessages]) -> None:
        """The same for messages that were packed already (`packets.join_packet`), each into its meter's lane."""
        now = datetime.now(UTC)
        _harden_connection()
        rows = [Packet(lane=one.lane, taken_at=now, messages=one.messages, body=one.body) for one in packed]
        with transaction.atomic(durable=not connection.in_atomic_block):
            Packet.objects.bulk_create(rows)


def _harden_connection() -> None:
    """What was acknowledged also survives a power cut: the log is on disk before the commit returns."""
    if connection.vendor == "sqlite" and connection.connection is None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def _seal_key(key: bytes) -> str:
    return get_key_ring().seal(key, meter_id=NO_METER)


class Putter(Protocol):
    """What an `AsyncInbox` hands its groups to."""

    def put(self, batch: Sequence[Heard]) -> None:
        """Write all messages or raise `DatabaseError`."""


@dataclass(slots=True)
class _Waiting:
    """Messages of one `put` and the future that is set when they are on disk."""

    messages: list[Heard]
    done: asyncio.Future[None]


@dataclass(slots=True)
class AsyncInbox:
    """The inbox of asyncio sources: groups what comes within 20 ms, or up to 500 messages, into one commit.

        async with AsyncInbox(Inbox()) as inbox:
            await inbox.put([heard])   # returns when it is on disk

    While the database cannot be written the group is tried again, longer and longer apart, and every `put` waits: a
    source that acknowledges after `put` holds its sender back.  Leaving the context tries what waits once more and
    refuses the rest with `InboxClosedError`.
    """

    inbox: Putter
    group_seconds: float = GROUP_SECONDS
    group_messages: int = GROUP_MESSAGES
    taken: int = 0
    _waiting: list[_Waiting] = field(default_factory=list)
    _group: list[_Waiting] = field(default_factory=list)
    _count: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _full: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: ThreadPoolExecutor | None = None
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # One thread, so one database connection and one writer: groups never compete with each other.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox")
        self._task = asyncio.create_task(self._run(), name="inbox")
        self._task.add_done_callback(self._end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._wake.set()
        self._full.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            if self._thread is not None:
                await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
                self._thread.shutdown()

    def _end(self, _task: asyncio.Task[None]) -> None:
        """However the writer ended, nobody is left waiting for it."""
        self._closing.set()
        for waiting in (*self._group, *self._waiting):
            _refuse(waiting)

    async def put(self, messages: Sequence[Heard]) -> None:
        """Return when all messages are on disk; raises `InboxClosedError` when they will not be."""
        if not messages:
            return
        if self._closing.is_set() or self._task is None:
            raise InboxClosedError("the inbox is closed")
        waiting = _Waiting(list(messages), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._count += len(waiting.messages)
        self._wake.set()
        if self._count >= self.group_messages:
            self._full.set()
        await waiting.done

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if not self._waiting and self._closing.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), self.group_seconds)
            self._group = self._take_group()
            if self._group and not await self._commit(self._group):
                return
            self._group = []

    def _take_group(self) -> list[_Waiting]:
        """The puts that go into the next commit: whole puts, at least one, until the group is full."""
        size, number = 0, 0
        for waiting in self._waiting:
            if number and size + len(waiting.messages) > self.group_messages:
                break
            size, number = size + len(waiting.messages), number + 1
        group, self._waiting = self._waiting[:number], self._waiting[number:]
        self._count -= size
        if not self._closing.is_set():
            _set(self._wake, bool(self._waiting))
            _set(self._full, self._count >= self.group_messages)
        return group

    async def _commit(self, group: list[_Waiting]) -> bool:
        """Write one group, trying again while the database refuses; False when the inbox was closed meanwhile."""
        messages = [message for waiting in group for message in waiting.messages]
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
        while True:
            try:
                await loop.run_in_executor(self._thread, self._put_in_thread, messages)
            except DatabaseError as error:
                logger.error("inbox: %d messages wait, the database refuses them: %s", len(messages), error)
                if self._closing.is_set():
                    return False
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self.taken += len(messages)
                for waiting in group:
                    if not waiting.done.done():
                        waiting.done.set_result(None)
                return True

    def _put_in_thread(self, messages: list[Heard]) -> None:
        try:
            self.inbox.put(messages)
        except DatabaseError:
            connection.close()  # a server that went away is asked anew
            raise


def _set(event: asyncio.Event, value: bool) -> None:  # noqa: FBT001  an event's two states
    (event.set if value else event.clear)()


def _refuse(waiting: _Waiting) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(InboxClosedError("closed before the messages were on disk"))
