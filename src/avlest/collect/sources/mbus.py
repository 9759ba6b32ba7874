# SPDX-License-Identifier: Apache-2.0
"""A wired M-Bus master: asks each meter in turn and reads all telegrams it has (EN 13757-2).

A meter addressed by its number on the bus is reset (SND_NKE) and asked (REQ_UD2).  One
addressed by what is printed on it is selected first and then answers to address 253.  Each
further question turns the frame count bit; the same bit again means "say that once more".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from avlest.collect.formats.framing import Frame
from avlest.collect.heard import MBUS
from avlest.collect.mbus_address import NETWORK_LAYER, MbusAddress, parse_mbus_address
from avlest.collect.mbus_frames import (
    FCB,
    REQ_UD2,
    SND_NKE,
    build_select,
    build_short_frame,
    has_more,
    measure_answer,
)
from avlest.collect.settings import MbusSettings
from avlest.collect.sources.base import MessageInbox, SourceError, run_until
from avlest.collect.sources.intake import Intake
from avlest.collect.sources.state import SourceState
from avlest.collect.sources.streams import ByteStream, open_serial, open_tcp

SELECTION_ECHO_SECONDS: Final = 0.3
"""Silence after which nothing of an old answer is on its way any more."""


_MOST_BYTES: Final = 2000


class NoAnswerError(Exception):
    """A meter did not answer, or not intelligibly, however often it was asked."""


class MbusMaster:
    """Questions and answers over one byte stream."""

    def __init__(self, stream: ByteStream, *, timeout: float, retries: int, most_telegrams: int) -> None:
        self._stream = stream
        self._timeout = timeout
        self._retries = retries
        self._most = most_telegrams

    async def read_meter(self, address: MbusAddress) -> list[bytes]:
        """Return the telegrams of a meter as long frames.

        Raises `NoAnswerError` saying which step failed, `OSError` when the link is gone.
        """
        if address.secondary:
            # Whoever was selected before lets go; the selected one answers with E5.
            await self._ask(build_short_frame(SND_NKE, NETWORK_LAYER), "reset", needed=False)
            await self._ask(build_select(address.secondary), "selection")
        else:
            await self._ask(build_short_frame(SND_NKE, address.primary), "reset", needed=False)
        telegrams: list[bytes] = []
        count_bit = FCB
        while len(telegrams) < self._most:
            answer = await self._ask(build_short_frame(REQ_UD2 | count_bit, address.primary), "question", frame=True)
            telegrams.append(answer)
            if not has_more(answer):
                break
            count_bit ^= FCB
        return telegrams

    async def _ask(self, question: bytes, step: str, *, needed: bool = True, frame: bool = False) -> bytes:
        """Send until there is an answer: a long frame, or the acknowledge E5.

        A reset need not be answered: some meters do not.
        """
        garbled = False
        for _ in range(self._retries + 1 if needed else 1):
            await self._stream.write(question)
            answer = await self._wait_answer(question)
            if answer is not None and (len(answer) > 1) == frame:
                return answer
            garbled = garbled or answer == b""
        if not needed:
            return b""
        what = "answered with something broken, two meters may have the same address" if garbled else "did not answer"
        raise NoAnswerError(f"{what} ({step})")

    async def _wait_answer(self, question: bytes) -> bytes | None:
        """The next whole answer; None after the time-out, b"" when what came is none."""
        data = b""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        while True:
            # Simple converters let the master hear itself.
            if data.startswith(question):
                data = data[len(question) :]
            size = measure_answer(data)
            while size == 0:
                data = data[1:]
                size = measure_answer(data)
                if not data:
                    return await self._drain()
            if size is not None:
                return data[:size]
            try:
                chunk = await asyncio.wait_for(self._stream.read(), max(0.0, deadline - loop.time()))
            except TimeoutError:
                return b"" if data else None
            if not chunk:
                raise OSError("the converter closed the connection")
            data += chunk
            if len(data) > _MOST_BYTES:
                return await self._drain()
            # A slow bus takes seconds for one answer: it only has to go on.
            deadline = loop.time() + self._timeout

    async def _drain(self) -> bytes:
        """Let the rest of a broken answer pass, so that it is not taken for the next one."""
        with contextlib.suppress(TimeoutError):
            while await asyncio.wait_for(self._stream.read(), min(SELECTION_ECHO_SECONDS, self._timeout)):
                pass
        return b""


class MbusSource:
    """One bus and the meters on it."""

    def __init__(self, settings: MbusSettings, state: SourceState) -> None:
        self.settings = settings
        self.state = state
        self.addresses = tuple(parse_mbus_address(address) for address in settings.meters)
        self.rounds = 0

    @property
    def place(self) -> str:
        """Return the port or address of the converter."""
        return self.settings.port or f"{self.settings.host}:{self.settings.tcp_port}"

    async def run(self, inbox: MessageInbox, stop: asyncio.Event) -> None:
        """Ask round after round until `stop` is set; raises `SourceError` when the bus cannot be reached."""
        await run_until(stop, self._poll(Intake(self.settings, inbox, self.state)))

    async def _poll(self, intake: Intake) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            # Opened for each round: a converter on the network serves one master at a time.
            async with self._open() as stream:
                self.state.connect(f"{self.place}, {len(self.addresses)} meters")
                try:
                    await self._ask_all(stream, intake)
                except OSError as error:
                    raise SourceError(f"the M-Bus at {self.place} is gone: {error.strerror or error}") from error
            self.rounds += 1
            await asyncio.sleep(max(0.0, begun + self.settings.every_seconds - loop.time()))

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[ByteStream]:
        if self.settings.host:
            async with open_tcp(self.settings.host, self.settings.tcp_port) as connection:
                yield connection
        else:
            async with open_serial(self.settings.port, baud=self.settings.baud, parity="even") as port:
                yield port

    async def _ask_all(self, stream: ByteStream, intake: Intake) -> None:
        master = MbusMaster(
            stream,
            timeout=self.settings.timeout_seconds,
            retries=self.settings.retries,
            most_telegrams=self.settings.most_telegrams,
        )
        for address in self.addresses:
            try:
                telegrams = await master.read_meter(address)
            except NoAnswerError as error:
                self.state.report_problem(f"meter {address.text} {error}")
                continue
            await intake.take_frames([Frame(telegram) for telegram in telegrams], MBUS)
