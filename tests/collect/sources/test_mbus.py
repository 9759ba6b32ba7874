# SPDX-License-Identifier: Apache-2.0
"""The M-Bus master against a simulated bus, over a pseudo-terminal and over TCP."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from avlest.collect.heard import MBUS
from avlest.collect.mbus_address import parse_mbus_address
from avlest.collect.sources.state import SourceState
from tests.collect.sources.support import MemoryInbox, make_long_frame, make_settings, running, until
from tests.collect.sources.test_streams import Line

ACK = b"\xe5"


@dataclass
class Slave:
    """One meter: what it answers depends on the frame count bit, as EN 13757-2 says."""

    primary: int
    identification: str
    telegrams: list[bytes]
    deaf: int = 0
    broken: int = 0
    selected: bool = False
    at: int = -1
    bit: int | None = None

    def answer(self, frame: bytes) -> bytes:
        if frame[0] == 0x68:
            return self._select(frame)
        c_field, address = frame[1], frame[2]
        if address != self.primary and not (address == 253 and self.selected):
            return b""
        if c_field == 0x40:
            self.at, self.bit, self.selected = -1, None, address == 253 and False
            return ACK
        if self.deaf:
            self.deaf -= 1
            return b""
        if c_field & 0x20 != self.bit:
            self.at, self.bit = min(self.at + 1, len(self.telegrams) - 1), c_field & 0x20
        if self.broken:
            self.broken -= 1
            return self.telegrams[self.at][:-2] + b"\x00\x16"
        return self.telegrams[self.at]

    def _select(self, frame: bytes) -> bytes:
        wanted = frame[7:11][::-1].hex().upper()
        fits = all(a in ("F", b) for a, b in zip(wanted, self.identification, strict=True))
        self.selected, self.at, self.bit = fits, -1, None
        return ACK if fits else b""


@dataclass
class Bus:
    """All meters hear every frame."""

    slaves: list[Slave]
    echo: bool = False
    heard: list[bytes] = field(default_factory=list)
    _data: bytes = b""

    def feed(self, data: bytes) -> bytes:
        self._data += data
        out = data if self.echo else b""
        while self._data:
            size = 5 if self._data[0] == 0x10 else self._data[1] + 6 if len(self._data) > 1 else 99
            if len(self._data) < size:
                break
            frame, self._data = self._data[:size], self._data[size:]
            self.heard.append(frame)
            out += b"".join(slave.answer(frame) for slave in self.slaves)
        return out


def serve_line(bus: Bus, line: Line) -> Callable[[], None]:
    """Let a bus live behind a pseudo-terminal until the returned function is called."""

    def work() -> None:
        with suppress(OSError):
            while True:
                answer = bus.feed(line.read())
                if answer:
                    os.write(line.master, answer)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return lambda: thread.join(0.01)


def poll(
    tmp_path: Path, bus: Bus, meters: list[str], wanted: int, problems: int = 0, **more: Any
) -> tuple[MemoryInbox, SourceState]:
    """One round over TCP."""

    async def work() -> tuple[MemoryInbox, SourceState]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1000):
                writer.write(bus.feed(data))
                await writer.drain()
            writer.close()

        inbox = MemoryInbox()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = make_settings(
            tmp_path, kind="mbus", host="127.0.0.1", tcp_port=port, meters=meters, **{"timeout_seconds": 0.15, **more}
        )
        async with server, running(settings, inbox) as state:
            await until(lambda: len(inbox.heard) >= wanted and state.problems >= problems, "the round")
        return inbox, state

    return asyncio.run(work())


def test_primary_addresses_are_asked_in_turn(tmp_path: Path) -> None:
    """Each meter is reset and asked; its long frame goes to the inbox as it came."""
    frames = [make_long_frame(n, address=n) for n in (1, 2)]
    bus = Bus([Slave(n, f"{n:08}", [frames[n - 1]]) for n in (1, 2)])
    inbox, state = poll(tmp_path, bus, ["1", "2"], 2)
    assert inbox.payloads == frames
    assert {one.road for one in inbox.heard} == {MBUS}
    assert [frame.hex() for frame in bus.heard] == ["1040014116", "107b017c16", "1040024216", "107b027d16"]
    assert state.problems == 0


@pytest.mark.parametrize("address", ["00000007", "000000F7", "0000 0007 FFFF FFFF"])
def test_a_secondary_address_is_selected_first(tmp_path: Path, address: str) -> None:
    """The selected meter answers to address 253; wildcards work; the other one keeps quiet."""
    frame = make_long_frame(7)
    bus = Bus([Slave(5, "00000007", [frame]), Slave(5, "12345678", [make_long_frame(12345678)])])
    inbox, _ = poll(tmp_path, bus, [address], 1)
    assert inbox.payloads == [frame]


def test_all_telegrams_of_a_meter_are_read(tmp_path: Path) -> None:
    """The frame count bit turns with each question until no other telegram follows."""
    frames = [make_long_frame(n, more=n < 3) for n in (1, 2, 3)]
    bus = Bus([Slave(5, "00000001", frames)])
    inbox, _ = poll(tmp_path, bus, ["5"], 3)
    assert inbox.payloads == frames
    assert [frame[1] for frame in bus.heard[1:]] == [0x7B, 0x5B, 0x7B]


def test_a_meter_that_does_not_stop_is_stopped(tmp_path: Path) -> None:
    """No more telegrams are read than the settings allow."""
    bus = Bus([Slave(5, "00000001", [make_long_frame(n, more=True) for n in range(20)])])
    inbox, _ = poll(tmp_path, bus, ["5"], 4, most_telegrams=4)
    assert len(inbox.heard) == 4


def test_silent_and_broken_answers_are_asked_again(tmp_path: Path) -> None:
    """The same question is repeated with the same bit, so no telegram is skipped."""
    frames = [make_long_frame(1, more=True), make_long_frame(2)]
    bus = Bus([Slave(5, "00000001", frames, deaf=1, broken=1)])
    inbox, state = poll(tmp_path, bus, ["5"], 2)
    assert inbox.payloads == frames
    assert state.problems == 0


def test_a_meter_that_never_answers_does_not_stop_the_round(tmp_path: Path) -> None:
    """It is named, with the step that failed; two meters with one address are recognised as such."""
    good = make_long_frame(9, address=9)
    bus = Bus([Slave(9, "00000009", [good]), Slave(3, "00000003", [make_long_frame(3, address=3)], broken=9)])
    inbox, state = poll(tmp_path, bus, ["1", "88888888", "3", "9"], 1, 3)
    assert inbox.payloads == [good]
    assert state.problems == 3
    assert state.last_problem == (
        "meter 3 answered with something broken, two meters may have the same address (question)"
    )


def test_a_serial_bus_with_echo_is_read(tmp_path: Path) -> None:
    """A simple converter lets the master hear itself; that is no answer."""
    line = Line()
    frame = make_long_frame(7)
    bus = Bus([Slave(5, "00000007", [frame])], echo=True)
    end = serve_line(bus, line)

    async def work() -> MemoryInbox:
        inbox = MemoryInbox()
        settings = make_settings(
            tmp_path, kind="mbus", port=line.port, meters=["5", "00000007"], timeout_seconds=1.0, every_seconds=0.1
        )
        async with running(settings, inbox):
            await until(lambda: len(inbox.heard) >= 2, "both")
        return inbox

    try:
        assert asyncio.run(work()).payloads[:2] == [frame, frame]
    finally:
        end()
        line.close()


@pytest.mark.parametrize("text", ["0", "251", "1234", "12345678ZZ", "A2345678", ""])
def test_addresses_that_are_none_are_refused(text: str) -> None:
    """The error says what an address looks like."""
    with pytest.raises(ValueError, match="primary address"):
        parse_mbus_address(text)
