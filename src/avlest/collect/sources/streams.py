# SPDX-License-Identifier: Apache-2.0
"""Byte streams: a TCP connection or a serial port, read and written the same way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

import serial

from avlest.collect.formats.framing import Frame, FrameReader, LineReader
from avlest.collect.formats.model import Problem
from avlest.collect.formats.receivers import (
    Amb8465Reader,
    Im871aReader,
    Iu891aReader,
    build_amb8465_setup,
    build_im871a_setup,
    build_iu891a_setup,
)
from avlest.collect.heard import HAN, WMBUS
from avlest.collect.sources.base import SourceError
from avlest.telegrams.han import HanStreamReader

CHUNK: Final = 65_536
CONNECT_SECONDS: Final = 10.0
READER_ROADS: Final = {"lines": "", "han": HAN, "im871a": WMBUS, "amb8465": WMBUS, "iu891a": WMBUS}
"""What the frames of a reader are; lines say it themselves."""
PARITIES: Final = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}


class ByteStream(Protocol):
    """Bytes in and out.  Both raise `OSError` when the link is gone; `read` returns b"" at its end."""

    async def read(self) -> bytes:
        """Return the next bytes, at least one; b"" when there will be no more."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes."""
        ...


class HanReader:
    """The messages of a HAN port as frames; see `HanStreamReader`."""

    def __init__(self) -> None:
        self._reader = HanStreamReader()
        self._broken = 0

    @property
    def held_bytes(self) -> int:
        """Bytes of the message that is not complete."""
        return self._reader.held_bytes

    def feed(self, chunk: bytes) -> list[Frame | Problem]:
        """Take the next bytes; return the messages they complete."""
        found: list[Frame | Problem] = [Frame(message) for message in self._reader.feed(chunk)]
        broken = self._reader.stats.broken_frames - self._broken
        if broken:
            self._broken += broken
            found.insert(0, Problem(f"{broken} frames fail their check"))
        return found


def make_reader(name: str, *, with_rssi: bool = True) -> FrameReader:
    """Return a new reader: lines, han, im871a, amb8465 or iu891a."""
    if name == "amb8465":
        return Amb8465Reader(with_rssi=with_rssi)
    readers: dict[str, Callable[[], FrameReader]] = {
        "lines": LineReader, "han": HanReader, "im871a": Im871aReader, "iu891a": Iu891aReader,
    }  # fmt: skip
    return readers[name]()


def build_setup(name: str, link_mode: str) -> bytes:
    """Return the command that makes a receiver listen; none for what needs none."""
    builders = {"im871a": build_im871a_setup, "amb8465": build_amb8465_setup, "iu891a": build_iu891a_setup}
    return builders[name](link_mode) if name in builders and link_mode else b""


class TcpStream:
    """A TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return the next bytes; b"" when the other side has closed."""
        return await self._reader.read(CHUNK)

    async def write(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()


@contextlib.asynccontextmanager
async def open_tcp(host: str, port: int) -> AsyncIterator[TcpStream]:
    """A connection to a server; `SourceError` names it when it cannot be made."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
    except TimeoutError as error:
        raise SourceError(f"{host}:{port} did not answer in {CONNECT_SECONDS:g} s") from error
    except OSError as error:
        raise SourceError(f"{host}:{port} cannot be reached: {error.strerror or error}") from error
    try:
        yield TcpStream(reader, writer)
    finally:
        await close_writer(writer)


async def close_writer(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever state it is in."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class SerialStream:
    """A serial port, watched by the event loop."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._readable = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """Return the next bytes.  Raises `OSError` when the device is gone."""
        while True:
            await self._wait_readable()
            data = self._port.read(CHUNK)
            if data:
                return bytes(data)

    async def _wait_readable(self) -> None:
        """Return when there are bytes.  The port is watched meanwhile only: bytes that nobody
        reads yet, because the inbox is held, must not keep the loop busy."""
        self._readable.clear()
        self._loop.add_reader(self._port.fileno(), self._readable.set)
        try:
            await self._readable.wait()
        finally:
            with contextlib.suppress(OSError, ValueError):
                self._loop.remove_reader(self._port.fileno())

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting where the port is slow."""
        rest = memoryview(data)
        while rest:
            sent = self._port.write(rest) or 0
            rest = rest[sent:]
            if rest:
                await asyncio.sleep(0.01)

    def close(self) -> None:
        """Let the port go."""
        self._port.close()


@contextlib.asynccontextmanager
async def open_serial(port: str, *, baud: int, parity: str) -> AsyncIterator[SerialStream]:
    """A serial port with eight data bits; `SourceError` names it when it cannot be opened."""
    try:
        # A time-out of 0 makes reads and writes return at once; the event loop does the waiting.
        opened = serial.Serial(port, baud, parity=PARITIES[parity], timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"serial port {port} cannot be opened: {reason}") from error
    stream = SerialStream(opened)
    try:
        yield stream
    finally:
        stream.close()
