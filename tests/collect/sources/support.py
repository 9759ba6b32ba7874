# SPDX-License-Identifier: Apache-2.0
"""Running sources in tests: an inbox in memory that can be held shut, and a stop that is not forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gmqtt import Client

from avlest.collect.heard import Heard
from avlest.collect.settings import SourceSettings, parse_sources
from avlest.collect.sources.state import SourceState, StateBoard
from avlest.collect.sources.supervisor import Backoff, run_sources
from avlest.project.options import Place
from avlest.telegrams.encode.records import RecordSpec, encode_records
from avlest.telegrams.encode.telegrams import encode_telegram
from avlest.telegrams.mbus import build_long_frame
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope

QUICK = Backoff(first=0.05, longest=0.2, healthy=5.0)
SECONDS = 30.0


@dataclass
class MemoryInbox:
    """Keeps what is put; shut, `put` does not return until `open` is set."""

    heard: list[Heard] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    failing: Exception | None = None

    def __post_init__(self) -> None:
        self.opened.set()

    async def put(self, messages: Sequence[Heard], /) -> None:
        self.asked += len(messages)
        await self.opened.wait()
        if self.failing is not None:
            raise self.failing
        self.heard += messages

    @property
    def payloads(self) -> list[bytes]:
        return [one.payload for one in self.heard]


def make_settings(data_dir: Path, **table: Any) -> SourceSettings:
    """One source as it stands in avlest.toml."""
    (settings,) = parse_sources(
        [{"name": "test", **table}], place=Place("avlest.toml", "", "sources"), data_dir=data_dir
    )
    return settings


@asynccontextmanager
async def running(settings: SourceSettings, inbox: Any) -> AsyncIterator[SourceState]:
    """One source under the supervisor for the length of an `async with`; its state."""
    board, stop = StateBoard(), asyncio.Event()
    task = asyncio.create_task(run_sources([settings], inbox, stop, board=board, backoff=QUICK))
    try:
        while settings.name not in board.states:
            await asyncio.sleep(0)
        yield board.states[settings.name]
    finally:
        stop.set()
        await asyncio.wait_for(task, SECONDS)


@asynccontextmanager
async def publishing(port: int, **connect: Any) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """`send(topic, payload)` publishes at QoS 1 and returns when the broker has it."""
    client = Client("sender")
    if "username" in connect:
        client.set_auth_credentials(connect.pop("username"), connect.pop("password"))
    await client.connect("127.0.0.1", port, **connect)

    async def send(topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        client.publish(topic, payload, qos=1, retain=retain)
        await client._persistent_storage.wait_empty()

    try:
        yield send
    finally:
        await client.disconnect()


async def until(is_so: Callable[[], object], what: str) -> None:
    """Return when `is_so()` is true; fail, naming `what`, when it is not so in time."""
    deadline = asyncio.get_running_loop().time() + SECONDS
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.01)


def make_telegram(number: int) -> bytes:
    """A wireless telegram of an invented water meter; another one for each number."""
    envelope = Envelope(
        Address(0x2C2D, int(f"{number:08}", 16).to_bytes(4, "little"), 0x1B, 0x07), access_number=number & 0xFF
    )
    return encode_telegram([RecordSpec(bytes.fromhex("0413"), 1000 + number)], envelope)


def make_long_frame(number: int, *, address: int = 5, more: bool = False) -> bytes:
    """A wired telegram of an invented heat meter, with the mark of another one to follow where wanted."""
    identification = bytes.fromhex(f"{number:08}")[::-1]
    body = b"\x72" + identification + (0x15A8).to_bytes(2, "little") + bytes((0x02, 0x04, 1, 0, 0, 0))
    records = encode_records([RecordSpec(bytes.fromhex("0406"), 5000 + number)]) + (b"\x1f" if more else b"")
    return build_long_frame(c_field=0x08, primary_address=address, body=body + records)
