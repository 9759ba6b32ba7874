# SPDX-License-Identifier: Apache-2.0
"""Serial ports: wM-Bus receivers (iM871A, AMB8465, iU891A), the HAN port of a meter, lines."""

from __future__ import annotations

import asyncio
from typing import Final

from avlest.collect.settings import SerialSettings
from avlest.collect.sources.base import MessageInbox, SourceError, run_until
from avlest.collect.sources.intake import Intake
from avlest.collect.sources.state import SourceState
from avlest.collect.sources.streams import READER_ROADS, build_setup, make_reader, open_serial
from avlest.collect.sources.tcp import read_stream

# The HAN port speaks 2400 baud, even parity for Kaifa and Aidon behind an M-Bus converter, none for most adapters.
BAUD: Final = {"han": 2400, "lines": 2400, "im871a": 57_600, "amb8465": 9600, "iu891a": 115_200}


class SerialSource:
    """One serial port."""

    def __init__(self, settings: SerialSettings, state: SourceState) -> None:
        self.settings = settings
        self.state = state

    async def run(self, inbox: MessageInbox, stop: asyncio.Event) -> None:
        """Take in until `stop` is set; raises `SourceError` when the port cannot be opened or is gone."""
        intake = Intake(self.settings, inbox, self.state, format=self.settings.format)
        await run_until(stop, self._read(intake))

    async def _read(self, intake: Intake) -> None:
        settings = self.settings
        baud = settings.baud or BAUD[settings.reader]
        async with open_serial(settings.port, baud=baud, parity=settings.parity or "none") as stream:
            setup = build_setup(settings.reader, settings.link_mode)
            try:
                if setup:
                    await stream.write(setup)
                self.state.connect(f"{settings.port}, {baud} baud, {settings.reader}")
                reader = make_reader(settings.reader, with_rssi=settings.with_rssi)
                await read_stream(stream, reader, READER_ROADS[settings.reader], intake)
            except OSError as error:
                raise SourceError(f"serial port {settings.port} is gone: {error.strerror or error}") from error
