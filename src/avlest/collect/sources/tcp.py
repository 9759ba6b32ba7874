# SPDX-License-Identifier: Apache-2.0
"""TCP: streams of lines, HAN frames or a receiver's framing, from a server or from clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from avlest.collect.formats.framing import Frame, FrameReader, LineReader
from avlest.collect.formats.model import Problem
from avlest.collect.settings import TcpSettings
from avlest.collect.sources.base import MessageInbox, SourceError, run_until
from avlest.collect.sources.intake import Intake
from avlest.collect.sources.state import SourceState
from avlest.collect.sources.streams import READER_ROADS, ByteStream, TcpStream, close_writer, make_reader, open_tcp

MOST_CLIENTS = 1000


async def read_stream(
    stream: ByteStream, reader: FrameReader, road: str, intake: Intake, *, gateway: str = "", idle: float = 0
) -> None:
    """Take in what a stream brings until it ends.  Reading waits while the inbox cannot be
    written, so the sender is held back."""
    while True:
        chunk = await (asyncio.wait_for(stream.read(), idle) if idle else stream.read())
        if not chunk:
            break
        await _take(reader.feed(chunk), road, intake, gateway)
    if isinstance(reader, LineReader):
        await _take(reader.finish(), road, intake, gateway)


async def _take(frames: list[Frame | Problem], road: str, intake: Intake, gateway: str) -> None:
    if not frames:
        return
    if road:
        await intake.take_frames(frames, road, gateway=gateway)
    else:
        await intake.take_lines(frames, gateway=gateway)


class TcpSource:
    """A connection that we make, or all those that are made to us."""

    def __init__(self, settings: TcpSettings, state: SourceState) -> None:
        self.settings = settings
        self.state = state
        self.port = settings.port
        self._clients: set[asyncio.Task[None]] = set()

    async def run(self, inbox: MessageInbox, stop: asyncio.Event) -> None:
        """Take in until `stop` is set; raises `SourceError` when the connection or the port is lost."""
        intake = Intake(self.settings, inbox, self.state, format=self.settings.format)
        await run_until(stop, self._serve(intake) if self.settings.listen else self._connect(intake))

    async def _connect(self, intake: Intake) -> None:
        place = f"{self.settings.host}:{self.settings.port}"
        async with open_tcp(self.settings.host, self.settings.port) as stream:
            self.state.connect(place)
            try:
                await self._read(stream, intake, "")
            except TimeoutError as error:
                raise SourceError(f"{place} was silent for {self.settings.idle_seconds} s") from error
            except OSError as error:
                raise SourceError(f"{place}: the connection broke: {error.strerror or error}") from error
        raise SourceError(f"{place} closed the connection")

    async def _serve(self, intake: Intake) -> None:
        host = self.settings.host or "127.0.0.1"
        try:
            server = await asyncio.start_server(self._make_handler(intake), host, self.settings.port)
        except OSError as error:
            raise SourceError(f"cannot listen on {host}:{self.settings.port}: {error.strerror or error}") from error
        self.port = server.sockets[0].getsockname()[1]
        self.state.connect(f"listening on {host}:{self.port}")
        try:
            async with server:
                await server.serve_forever()
        finally:
            for task in self._clients:
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    def _make_handler(self, intake: Intake) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._clients) >= MOST_CLIENTS:
                self.state.report_problem(f"more than {MOST_CLIENTS} connections: one was refused")
                writer.close()
                return
            task = asyncio.ensure_future(self._serve_client(TcpStream(reader, writer), writer, intake))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)

        return accept

    async def _serve_client(self, stream: TcpStream, writer: asyncio.StreamWriter, intake: Intake) -> None:
        peer = str((writer.get_extra_info("peername") or ("?",))[0])
        try:
            await self._read(stream, intake, peer)
        except TimeoutError:
            self.state.report_note(f"{peer} was silent for {self.settings.idle_seconds} s and was let go")
        except OSError as error:
            self.state.report_problem(f"{peer}: the connection broke: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001  one client's trouble must not end the others'
            self.state.report_problem(f"{peer}: not taken in: {str(error) or type(error).__name__}")
        finally:
            await close_writer(writer)

    async def _read(self, stream: TcpStream, intake: Intake, gateway: str) -> None:
        name = self.settings.reader
        await read_stream(
            stream, make_reader(name), READER_ROADS[name], intake, gateway=gateway, idle=self.settings.idle_seconds
        )
