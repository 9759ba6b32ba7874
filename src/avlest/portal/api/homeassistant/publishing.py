# SPDX-License-Identifier: Apache-2.0
"""Putting retained messages on somebody's own broker, each acknowledged (QoS 1)."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import ssl
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage

from avlest.portal.api.guard import TargetError, find_target
from avlest.portal.api.homeassistant.discovery import Message

_SECONDS: Final = 15.0
# gmqtt tells every packet at INFO.
logging.getLogger("gmqtt").setLevel(logging.WARNING)


class PublishError(OSError):
    """A broker that cannot be reached, refuses us or does not acknowledge; the text is for the resident."""


@dataclasses.dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and who we are to it; the password is not shown."""

    host: str
    port: int
    has_tls: bool
    username: str = ""
    password: str = dataclasses.field(default="", repr=False)


def publish(broker: Broker, messages: Sequence[Message]) -> None:
    """Publish retained messages and return when the broker has all of them; `PublishError`, `TargetError` otherwise."""
    address = find_target(broker.host, broker.port, low_ports=frozenset())
    # With TLS the certificate must fit the name, so that the name may be looked up again; without, it may not.
    asyncio.run(_publish(broker, broker.host if broker.has_tls else address, messages))


async def _publish(broker: Broker, host: str, messages: Sequence[Message]) -> None:
    storage, lost = PersistentStorage(), asyncio.Event()
    client = Client(f"avlest-{uuid4().hex[:12]}", clean_session=True, persistent_storage=storage)
    client.on_disconnect = lambda *_: lost.set()
    client.set_config({"reconnect_retries": 0})
    if broker.username:
        client.set_auth_credentials(broker.username, broker.password)
    await _connect(client, broker, host)
    try:
        for message in messages:
            client.publish(message.topic, message.payload, qos=1, retain=True)
        await _drain(storage, lost)
    finally:
        client.on_disconnect = _ignore
        await client.disconnect()


async def _connect(client: Client, broker: Broker, host: str) -> None:
    tls: Any = ssl.create_default_context() if broker.has_tls else False
    try:
        await asyncio.wait_for(client.connect(host, broker.port, ssl=tls, version=MQTTv311), _SECONDS)
    except TimeoutError as error:
        raise PublishError("the broker did not answer") from error
    except MQTTConnectError as error:
        raise PublishError(f"the broker refuses: {error}") from error
    except OSError as error:
        raise PublishError(f"the broker cannot be reached: {error.strerror or type(error).__name__}") from error


async def _drain(storage: PersistentStorage, lost: asyncio.Event) -> None:
    """Wait until the broker has acknowledged everything."""
    drained, gone = asyncio.ensure_future(storage.wait_empty()), asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait({drained, gone}, timeout=_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not drained.done():
            raise PublishError("the broker did not take the messages")
    finally:
        for task in (drained, gone):
            task.cancel()


def _ignore(*_arguments: Any) -> None:
    """Nothing is to be done when we leave of our own accord."""


__all__ = ["Broker", "PublishError", "TargetError", "publish"]
