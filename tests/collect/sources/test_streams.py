# SPDX-License-Identifier: Apache-2.0
"""TCP connections in both directions and serial ports (pseudo-terminals), with every framing."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import pytest

from avlest.collect.formats.receivers import build_iu891a_setup, stuff_slip
from avlest.collect.sources.state import Phase, SourceState
from avlest.telegrams.encode.han import encode_han
from avlest.telegrams.han import decode_han
from avlest.telegrams.han.hdlc import compute_crc
from tests.collect.sources.support import MemoryInbox, make_settings, make_telegram, running, until
from tests.telegrams.han.samples import make_list

TELEGRAMS = [make_telegram(n) for n in range(1, 6)]


def frame_im871a(telegram: bytes, *, flags: int = 0xE0) -> bytes:
    """As the stick sends it: with time, strength and CRC when the flags say so."""
    body = bytes((flags | 0x02, 0x03, telegram[0])) + telegram[1:]
    body += bytes(4) * bool(flags & 0x20) + b"\x7d" * bool(flags & 0x40)
    return b"\xa5" + body + (compute_crc(body).to_bytes(2, "little") if flags & 0x80 else b"")


def frame_amb8465(telegram: bytes) -> bytes:
    """Command mode with the strength counted in the length."""
    body = b"\xff\x03" + bytes((len(telegram),)) + telegram[1:] + b"\xd8"
    return body + bytes((reduce(xor, body),))


def frame_iu891a(telegram: bytes) -> bytes:
    """A SLIP packet with time, three bytes of flags and the strength before the telegram."""
    body = b"\x09\x20" + bytes.fromhex("C0DB6D38 000002 C4") + telegram
    return stuff_slip(body + compute_crc(body).to_bytes(2, "little"))


FRAMERS = {"im871a": frame_im871a, "amb8465": frame_amb8465, "iu891a": frame_iu891a}
RSSI = {"im871a": -60.0, "amb8465": -94.0, "iu891a": -60.0}


class Line:
    """A pseudo-terminal: the source opens `port`, the test is the device on the other side."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._slave = slave

    def send(self, data: bytes, *, piece: int = 7) -> None:
        for at in range(0, len(data), piece):
            os.write(self.master, data[at : at + piece])

    def read(self) -> bytes:
        return os.read(self.master, 4096)

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def line() -> Any:
    line = Line()
    yield line
    line.close()


@pytest.mark.parametrize("reader", FRAMERS)
def test_a_receiver_on_a_serial_port_is_set_up_and_read(reader: str, line: Line, tmp_path: Path) -> None:
    """The stick is told what to listen to; telegrams come out whole, noise between them is told."""

    async def work() -> tuple[MemoryInbox, SourceState, bytes]:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="serial", port=line.port, reader=reader)
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the port")
            setup = await asyncio.to_thread(line.read)
            line.send(FRAMERS[reader](TELEGRAMS[0]) + b"\x11\x22\x33")
            line.send(b"".join(FRAMERS[reader](telegram) for telegram in TELEGRAMS[1:]))
            await until(lambda: len(inbox.heard) == len(TELEGRAMS), "the telegrams")
        return inbox, state, setup

    inbox, state, setup = asyncio.run(work())
    assert inbox.payloads == TELEGRAMS
    assert {(one.road, one.rssi, one.gateway) for one in inbox.heard} == {("wmbus", RSSI[reader], "test")}
    expected = {"im871a": "A5010306 00020A300100", "amb8465": "FF040109F3", "iu891a": build_iu891a_setup("ct").hex()}
    assert setup == bytes.fromhex(expected[reader])
    assert state.errors == 0
    if reader != "iu891a":
        assert state.last_problem.endswith("3 bytes between frames belong to none")


def test_a_han_port_is_read(line: Line, tmp_path: Path) -> None:
    """Messages of a meter come out whole; a broken one is told and loses nothing else."""
    frames = [encode_han(make_list(list_id=n)) for n in (1, 2, 3)]
    broken = bytearray(frames[1])
    broken[40] ^= 0xFF

    async def work() -> tuple[MemoryInbox, SourceState]:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="serial", port=line.port, reader="han", gateway="stairwell B")
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the port")
            line.send(b"\x00" + frames[0] + bytes(broken) + frames[1] + frames[2])
            await until(lambda: len(inbox.heard) == 3, "the messages")
        return inbox, state

    inbox, state = asyncio.run(work())
    assert [decode_han(one.payload).list_id for one in inbox.heard] == [1, 2, 3]
    assert {(one.road, one.gateway) for one in inbox.heard} == {("han", "stairwell B")}
    assert state.problems == 1


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message has the device and the reason; the source tries again."""

    async def work() -> str:
        settings = make_settings(tmp_path, kind="serial", port=str(tmp_path / "ttyNONE"), reader="han")
        async with running(settings, MemoryInbox()) as state:
            await until(lambda: state.errors >= 2, "two tries")
        return state.last_error

    error = asyncio.run(work())
    assert error == f"serial port {tmp_path}/ttyNONE cannot be opened: No such file or directory" or (
        "ttyNONE" in error and "No such file" in error
    )


def test_clients_bring_lines_of_any_kind(tmp_path: Path) -> None:
    """A listening source takes rtl_wmbus, ESPHome, JSON and hexadecimal from many clients at once."""
    hexes = [telegram.hex().upper() for telegram in TELEGRAMS]
    lines = [
        f"T1;1;1;2026-01-31 12:00:00.000;97;148;00000001;0x{hexes[0]}",
        f"C1;1;1;2026-01-31 12:00:00.00Z;-71;;;0x{hexes[1]}",
        f'{{"time":"2026-01-31T13:00:00+01:00","telegram":"{hexes[2]}","rssi":-80}}',
        hexes[3],
        f"telegram=|{hexes[4]}|+5",
    ]

    async def work() -> MemoryInbox:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="tcp", listen=True, host="127.0.0.1")
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the server")
            port = int(state.detail.rpartition(":")[2])
            # One connection a line, as ESPHome does it, the last without a line end.
            for at, text in enumerate(lines):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(text.encode() + b"\r\n" * (at < 4))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
            await until(lambda: len(inbox.heard) == 5, "the telegrams")
        return inbox

    inbox = asyncio.run(work())
    heard = {one.payload: one for one in inbox.heard}
    assert set(heard) == set(TELEGRAMS)
    times = {heard[telegram].received_at.isoformat() for telegram in TELEGRAMS[:3]}
    assert times == {"2026-01-31T12:00:00+00:00"}
    # What rtl_wmbus calls strength is no dBm.
    assert [heard[telegram].rssi for telegram in TELEGRAMS[:3]] == [None, -71.0, -80.0]
    assert {one.gateway for one in inbox.heard} == {"127.0.0.1"}


def test_a_server_is_read_and_found_again(tmp_path: Path) -> None:
    """A connection that ends is told and made anew; lines badly heard are refused, the others kept."""
    bad = f"T1;0;0;2026-01-31 12:00:00.000;8;101;00000001;0x{TELEGRAMS[0].hex()}\n"
    served: list[bytes] = [f"{bad}{TELEGRAMS[0].hex()}\n".encode(), f"\n{TELEGRAMS[1].hex()}\n".encode()]

    async def work() -> tuple[MemoryInbox, SourceState]:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(served.pop(0) if served else b"")
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        inbox = MemoryInbox()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = make_settings(tmp_path, kind="tcp", host="127.0.0.1", port=port)
        async with server, running(settings, inbox) as state:
            await until(lambda: len(inbox.heard) == 2, "both telegrams")
            await until(lambda: state.errors, "the end of the connection")
        return inbox, state

    inbox, state = asyncio.run(work())
    assert inbox.payloads == TELEGRAMS[:2]
    assert "closed the connection" in state.last_error
    assert "the CRC is wrong" in state.last_problem


def test_a_receiver_behind_a_serial_server_is_read_over_tcp(tmp_path: Path) -> None:
    """The framings of the sticks work over TCP as well (ser2net)."""

    async def work() -> MemoryInbox:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="tcp", listen=True, host="127.0.0.1", reader="im871a")
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the server")
            _, writer = await asyncio.open_connection("127.0.0.1", int(state.detail.rpartition(":")[2]))
            for telegram in TELEGRAMS:
                writer.write(frame_im871a(telegram, flags=0x40))
            await until(lambda: len(inbox.heard) == 5, "the telegrams")
            writer.close()
            await writer.wait_closed()
        return inbox

    assert asyncio.run(work()).payloads == TELEGRAMS


def test_a_held_inbox_holds_the_sender_back(tmp_path: Path) -> None:
    """While nothing can be written nothing more is read; afterwards all of it comes."""
    lines = b"".join(telegram.hex().encode() + b"\n" for telegram in TELEGRAMS)

    async def work() -> tuple[int, MemoryInbox]:
        inbox = MemoryInbox()
        inbox.opened.clear()
        settings = make_settings(tmp_path, kind="tcp", listen=True, host="127.0.0.1")
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the server")
            _, writer = await asyncio.open_connection("127.0.0.1", int(state.detail.rpartition(":")[2]))
            writer.write(lines)
            await until(lambda: inbox.asked == 5, "the first lines")
            writer.write(lines)
            await writer.drain()
            asked = inbox.asked
            inbox.opened.set()
            await until(lambda: len(inbox.heard) == 10, "all lines")
            writer.close()
            await writer.wait_closed()
        return asked, inbox

    asked, inbox = asyncio.run(work())
    assert asked == 5
    assert inbox.payloads == TELEGRAMS * 2


def test_a_device_that_is_pulled_out_is_told(line: Line, tmp_path: Path) -> None:
    """The source says that the port is gone, and waits for it to come back."""

    async def work() -> str:
        settings = make_settings(tmp_path, kind="serial", port=line.port, reader="han")
        async with running(settings, MemoryInbox()) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the port")
            await asyncio.sleep(0.05)
            os.close(line.master)
            line.master = os.open(os.devnull, os.O_RDWR)
            await until(lambda: state.errors, "the error")
        return state.last_error

    assert asyncio.run(work()).startswith(f"serial port {line.port} ")
