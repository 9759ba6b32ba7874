# SPDX-License-Identifier: Apache-2.0
"""MQTT: a persistent session at QoS 1; a message is acknowledged when it is on disk.

gmqtt runs the message handler as a coroutine and sends the PUBACK when it has returned
(`optimistic_acknowledgement=False`).  What the broker has no PUBACK for when the connection
ends it sends again in the same session.  Each connection has a client of its own, so an
acknowledgement never goes to another connection than its message came from.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import suppress
from typing import Any

from gmqtt import Client, Subscription
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError

from avlest.collect.settings import MqttSettings, read_secret
from avlest.collect.sources.base import MessageInbox, SourceError, run_until
from avlest.collect.sources.intake import Intake, make_bridges
from avlest.collect.sources.state import SourceState

CONNECT_SECONDS = 15.0
SETTLE_SECONDS = 5.0
KEEP_ALIVE = 60
IN_FLIGHT = 2000
_PORT, _TLS_PORT = 1883, 8883
_ACKNOWLEDGE = 0
# Beneath what gmqtt counts from: it never connects again by itself, the supervisor does.
_NEVER = -2
_REFUSED = {
    4: "bad user name or password",
    5: "not authorised",
    134: "bad user name or password",
    135: "not authorised",
}
# gmqtt tells every packet at INFO, and what fails is told by this module.
_quiet = logging.getLogger("gmqtt")
_quiet.setLevel(logging.CRITICAL)


class MqttSource:
    """One broker and its topics."""

    def __init__(self, settings: MqttSettings, state: SourceState) -> None:
        self.settings = settings
        self.state = state
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: set[asyncio.Task[None]] = set()
        self._intake: Intake | None = None

    @property
    def broker(self) -> str:
        """Return `host:port`, as messages name it."""
        return f"{self.settings.host}:{self._port}"

    @property
    def _port(self) -> int:
        return self.settings.port or (_TLS_PORT if self.settings.tls else _PORT)

    async def run(self, inbox: MessageInbox, stop: asyncio.Event) -> None:
        """Take messages in until `stop` is set; raises `SourceError` when the broker refuses or the link breaks."""
        if self._intake is None or self._intake.inbox is not inbox:
            self._intake = Intake(
                self.settings, inbox, self.state,
                format=self.settings.format, bridges=make_bridges(self.settings.bridges),
            )  # fmt: skip
        lost = asyncio.Event()
        client = self._make_client(self._intake, lost)
        try:
            await run_until(stop, self._connect(client, lost))
            if not stop.is_set():
                await self._wait(stop, lost)
        finally:
            await self._close(client)

    async def _connect(self, client: Client, lost: asyncio.Event) -> None:
        """Connect and subscribe, or say what is wrong."""
        version = MQTTv50 if self.settings.version == "5" else MQTTv311
        connecting = client.connect(
            self.settings.host, self._port, ssl=self._make_tls(), keepalive=KEEP_ALIVE, version=version
        )
        try:
            await asyncio.wait_for(run_until(lost, connecting), CONNECT_SECONDS)
        except TimeoutError as error:
            raise SourceError(f"broker {self.broker} did not answer in {CONNECT_SECONDS:g} s") from error
        except MQTTConnectError as error:
            raise SourceError(self._describe_refusal(error)) from error
        except ssl.SSLError as error:
            raise SourceError(f"broker {self.broker}: TLS failed: {error.reason or error}") from error
        except OSError as error:
            raise SourceError(f"broker {self.broker} cannot be reached: {error.strerror or error}") from error
        if lost.is_set():
            hint = ' (one that only speaks MQTT 3.1.1 needs version = "3.1.1")' if version == MQTTv50 else ""
            raise SourceError(f"broker {self.broker} closed the connection instead of answering{hint}")
        await self._await_subscription(asyncio.ensure_future(self._subscribe(client)))
        if not lost.is_set():
            self.state.connect(f"{self.broker}, {', '.join(self.settings.topics)}")

    async def _await_subscription(self, subscribing: asyncio.Future[None]) -> None:
        """Wait for the broker's answer, which comes after all it has kept for us: as long as messages arrive."""
        heard = -1
        while heard != self.state.messages:
            heard = self.state.messages
            done, _ = await asyncio.wait({subscribing}, timeout=CONNECT_SECONDS)
            if done:
                return await subscribing
        subscribing.cancel()
        raise SourceError(f"broker {self.broker} did not answer to the subscription")

    def _describe_refusal(self, error: MQTTConnectError) -> str:
        code = getattr(error, "_code", None)
        reason = _REFUSED.get(code) if isinstance(code, int) else None
        if reason is None:
            return f"broker {self.broker} refuses the connection: {error}"
        who = f"the user {self.settings.username!r}" if self.settings.username else "a connection without user name"
        return f"broker {self.broker} refuses {who}: {reason}"

    async def _subscribe(self, client: Client) -> None:
        answered = asyncio.Event()
        granted: list[int] = []

        def note(_client: Client, _mid: int, qos: tuple[int, ...], _properties: Any) -> None:
            granted.extend(qos)
            answered.set()

        client.on_subscribe = note
        share = f"$share/{self.settings.share}/" if self.settings.share else ""
        client.subscribe([Subscription(f"{share}{topic}", qos=1) for topic in self.settings.topics])
        await answered.wait()
        refused = [topic for topic, qos in zip(self.settings.topics, granted, strict=False) if qos >= 128]
        if refused:
            raise SourceError(f"broker {self.broker} refuses the subscription to {', '.join(refused)}")

    async def _wait(self, stop: asyncio.Event, lost: asyncio.Event) -> None:
        async def fail() -> None:
            await lost.wait()
            raise SourceError(f"broker {self.broker} closed the connection")

        await run_until(stop, fail())

    def _make_client(self, intake: Intake, lost: asyncio.Event) -> Client:
        properties: dict[str, int] = {}
        if self.settings.version == "5":
            properties = {
                "session_expiry_interval": self.settings.session_days * 86_400,
                "receive_maximum": IN_FLIGHT,
            }
        client = Client(
            self.settings.client_id or f"avlest-{self.settings.name}",
            clean_session=False,
            optimistic_acknowledgement=False,
            logger=_quiet,
            **properties,
        )
        client.set_config({"reconnect_retries": _NEVER, "reconnect_delay": 0})
        if self.settings.username:
            client.set_auth_credentials(self.settings.username, self._read_password())

        async def take(_client: Client, topic: str, payload: bytes, _qos: int, properties: Any) -> int:
            if properties.get("retain"):
                # Sent on subscribing, of any age: as if it had just been heard it would be wrong.
                self.state.report_note(f"{topic}: a message that the broker had retained")
                return _ACKNOWLEDGE
            # Only `_close` cancels, after the connection: gmqtt then has nowhere to send the acknowledgement to.
            with suppress(asyncio.CancelledError):
                await self._take(_client, intake, topic, payload, lost)
            return _ACKNOWLEDGE

        client.on_message = take
        client.on_disconnect = lambda *_: lost.set()
        return client

    async def _take(self, client: Client, intake: Intake, topic: str, payload: bytes, lost: asyncio.Event) -> None:
        """Take one message in.  Without a commit this does not return before the connection is closed."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._hold_back(client)
        try:
            await intake.take_message(bytes(payload), topic=topic)
        except Exception as error:  # noqa: BLE001  whatever it is: told, not acknowledged, and tried again
            self.state.report_problem(f"{topic}: not taken in: {str(error) or type(error).__name__}")
            self._tasks.discard(task)
            self._refused.add(task)
            lost.set()
            await asyncio.Event().wait()
        finally:
            self._tasks.discard(task)
            self._refused.discard(task)
            self._hold_back(client)

    def _hold_back(self, client: Client) -> None:
        """Read no more while enough is being taken in.

        Brokers need not heed `receive_maximum` (mosquitto 2.0 sends a resumed session's whole queue at once), and what
        was read and not acknowledged is sent again after every broken connection.
        """
        connection = client._connection
        transport = None if connection is None else connection._transport
        if transport is None or transport.is_closing():
            return
        if len(self._tasks) >= IN_FLIGHT and transport.is_reading():
            transport.pause_reading()
        elif len(self._tasks) <= IN_FLIGHT // 2 and not transport.is_reading():
            transport.resume_reading()

    def _read_password(self) -> str | None:
        if not self.settings.password_file:
            return self.settings.password or None
        try:
            return read_secret(self.settings.password_file)
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"the password file {self.settings.password_file} cannot be read: {error}") from error

    def _make_tls(self) -> ssl.SSLContext | bool:
        if not self.settings.tls:
            return False
        try:
            context = ssl.create_default_context(cafile=self.settings.ca_file or None)
            if self.settings.certificate:
                context.load_cert_chain(self.settings.certificate, self.settings.private_key)
        except (OSError, ssl.SSLError) as error:
            raise SourceError(f"broker {self.broker}: certificate or key cannot be read: {error}") from error
        return context

    async def _close(self, client: Client) -> None:
        """Give messages that are being taken in a moment to be acknowledged, then disconnect."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=SETTLE_SECONDS)
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(client.disconnect(), 2.0)
        connection = client._connection  # gmqtt has no other way to be sure that it is closed
        if connection is not None:
            connection._transport.abort()
        for task in self._tasks | self._refused:
            task.cancel()
