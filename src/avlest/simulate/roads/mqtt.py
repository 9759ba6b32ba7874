# SPDX-License-Identifier: Apache-2.0
"""Simulated gateways at a real broker: every message at QoS 1, as many on their way as the broker allows."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage

from avlest.simulate.radio.hearing import Messages
from avlest.simulate.roads.lines import choose_format, derive_topic

CONNECT_SECONDS: Final = 15.0
DRAIN_SECONDS: Final = 60.0
IN_FLIGHT: Final = 500
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class BrokerError(OSError):
    """The broker cannot be reached, refuses us, or stopped acknowledging."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and who we are to it; the password is not shown."""

    host: str
    port: int
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)


def parse_broker(address: str) -> Broker:
    """Return the broker of `mqtt://user:password@host:port` (or mqtts); `ValueError` says what is expected."""
    parts = urlsplit(address)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{address.split('@')[-1]!r}: expected mqtt://host:port or mqtts://user:password@host:port")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise ValueError(f"{parts.hostname}: expected a port from 1 to 65535") from error
    return Broker(
        parts.hostname, port, parts.scheme == "mqtts", unquote(parts.username or ""), unquote(parts.password or "")
    )


@dataclass(slots=True)
class MqttSink:
    """Publishes on a loop of its own thread; `deliver` holds back while too much is unacknowledged."""

    broker: Broker
    form: str = "avlest"
    published: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: Thread | None = None
    _client: Client | None = None
    _storage: PersistentStorage = field(default_factory=PersistentStorage)
    _lost: asyncio.Event = field(default_factory=asyncio.Event)

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._loop.run_forever, name="mqtt", daemon=True)
        self._thread.start()
        try:
            self._call(self._connect())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._call(self._leave())
        finally:
            self._stop()

    def deliver(self, group: Sequence[Messages]) -> None:
        """Publish in order of time; raises `BrokerError` when the connection is lost."""
        rows = [
            (int(at), number, row)
            for number, messages in enumerate(group)
            for row, at in enumerate(messages.received_at.tolist())
        ]
        rows.sort()
        writers = [choose_format(messages, self.form) for messages in group]
        out = (
            (derive_topic(group[number], row, self.form), writers[number](group[number], row))
            for _, number, row in rows
        )
        self._call(self._publish_all(list(out)))

    async def _connect(self) -> None:
        client = Client("avlest-simulate", clean_session=True, persistent_storage=self._storage)
        client.on_disconnect = self._note_lost
        if self.broker.username:
            client.set_auth_credentials(self.broker.username, self.broker.password)
        tls = ssl.create_default_context() if self.broker.tls else False
        where = f"broker {self.broker.host}:{self.broker.port}"
        try:
            await asyncio.wait_for(
                client.connect(self.broker.host, self.broker.port, ssl=tls, version=MQTTv311), CONNECT_SECONDS
            )
        except TimeoutError as error:
            raise BrokerError(f"{where} did not answer in {CONNECT_SECONDS:g} s") from error
        except MQTTConnectError as error:
            raise BrokerError(f"{where} refuses the connection: {error}") from error
        except OSError as error:
            raise BrokerError(f"{where} cannot be reached: {error.strerror or error}") from error
        self._client = client

    def _note_lost(self, _client: Client, _packet: Any, _error: Any = None) -> None:
        self._lost.set()

    async def _publish_all(self, messages: list[tuple[str, bytes]]) -> None:
        assert self._client is not None
        for at in range(0, len(messages), IN_FLIGHT):
            for topic, payload in messages[at : at + IN_FLIGHT]:
                self._client.publish(topic, payload, qos=1)
            await self._drain()
            self.published += len(messages[at : at + IN_FLIGHT])

    async def _drain(self) -> None:
        """Wait until the broker has acknowledged everything."""
        drained, lost = asyncio.ensure_future(self._storage.wait_empty()), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({drained, lost}, timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not drained.done():
                count = len(self._storage.get_all())
                why = "was lost" if self._lost.is_set() else f"has not answered for {DRAIN_SECONDS:g} s"
                raise BrokerError(f"broker {self.broker.host} {why}: {count} messages are not acknowledged")
        finally:
            for task in (drained, lost):
                task.cancel()

    async def _leave(self) -> None:
        if self._client is not None:
            self._client.on_disconnect = _ignore
            await self._client.disconnect()

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(5)
        if not self._loop.is_running():
            self._loop.close()


def _ignore(*_arguments: Any) -> None:
    """Nothing is to be done when we leave of our own accord."""
