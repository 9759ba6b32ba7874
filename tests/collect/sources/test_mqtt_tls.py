# SPDX-License-Identifier: Apache-2.0
"""MQTT over TLS with an authority of one's own and client certificates, against a real mosquitto."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from avlest.collect.sources.state import Phase
from tests.collect.sources.certificates import make_certificates
from tests.collect.sources.support import MemoryInbox, make_settings, make_telegram, publishing, running, until
from tests.support.services import Mosquitto, require_service, run_mosquitto

pytestmark = pytest.mark.needs("mosquitto")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that only talks to those who show a certificate of our authority."""
    require_service("mosquitto")
    make_certificates(tmp_path, "broker", "avlest")
    for name in ("ca.pem", "broker.pem", "broker.key"):
        (tmp_path / name).chmod(0o644)
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    settings = (
        "allow_anonymous true",
        f"cafile {tmp_path}/ca.pem",
        f"certfile {tmp_path}/broker.pem",
        f"keyfile {tmp_path}/broker.key",
        "require_certificate true",
    )
    with run_mosquitto(folder, settings=settings) as broker:
        yield broker


def try_to_connect(tmp_path: Path, port: int, **more: object) -> str:
    """The error of a source with these settings."""

    async def work() -> str:
        settings = make_settings(tmp_path, kind="mqtt", host="127.0.0.1", port=port, topics=["t"], tls=True, **more)
        async with running(settings, MemoryInbox()) as state:
            await until(lambda: state.last_error, "the error")
        return state.last_error.replace(str(port), "PORT")

    return asyncio.run(work())


def test_messages_come_over_tls_with_a_client_certificate(broker: Mosquitto, tmp_path: Path) -> None:
    """Both sides show who they are; paths are relative to the data directory."""
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    context.load_cert_chain(tmp_path / "avlest.pem", tmp_path / "avlest.key")

    async def work() -> list[bytes]:
        inbox = MemoryInbox()
        settings = make_settings(
            tmp_path, kind="mqtt", host="127.0.0.1", port=broker.port, topics=["t"], tls=True,
            ca_file="ca.pem", certificate="avlest.pem", private_key="avlest.key",
        )  # fmt: skip
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(broker.port, ssl=context) as send:
                await send("t", make_telegram(1).hex())
            await until(lambda: inbox.heard, "the message")
        return inbox.payloads

    assert asyncio.run(work()) == [make_telegram(1)]


def test_an_unknown_authority_is_said(broker: Mosquitto, tmp_path: Path) -> None:
    """Without `ca_file` the system's authorities count, and ours is none of them."""
    error = try_to_connect(tmp_path, broker.port)
    assert error.startswith("broker 127.0.0.1:PORT: TLS failed: ")
    assert "CERTIFICATE_VERIFY_FAILED" in error or "certificate" in error


def test_a_missing_client_certificate_is_said(broker: Mosquitto, tmp_path: Path) -> None:
    """The broker asks for a certificate and we have none."""
    error = try_to_connect(tmp_path, broker.port, ca_file="ca.pem")
    assert error.startswith("broker 127.0.0.1:PORT")


def test_a_file_that_is_not_there_is_said(broker: Mosquitto, tmp_path: Path) -> None:
    """The message names the broker and what cannot be read."""
    error = try_to_connect(tmp_path, broker.port, ca_file="no.pem")
    assert error.startswith("broker 127.0.0.1:PORT: certificate or key cannot be read: ")
