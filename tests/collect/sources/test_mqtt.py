# SPDX-License-Identifier: Apache-2.0
"""MQTT against a real mosquitto: acknowledged after the commit only, refused with a clear message."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from avlest.collect.sources.state import Phase
from tests.collect.sources.support import MemoryInbox, make_settings, make_telegram, publishing, running, until
from tests.support.services import Mosquitto, find_program, require_service, run_mosquitto

pytestmark = pytest.mark.needs("mosquitto")


def mqtt(tmp_path: Path, port: int, **more: Any) -> Any:
    return make_settings(tmp_path, **{"kind": "mqtt", "host": "127.0.0.1", "port": port, "topics": ["t/#"], **more})


def test_messages_of_every_session_arrive_once(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """What is published while the collector is away waits in its session at the broker."""
    first, second = [make_telegram(n) for n in range(50)], [make_telegram(n) for n in range(50, 100)]

    async def work() -> MemoryInbox:
        inbox = MemoryInbox()
        settings = mqtt(tmp_path, mosquitto.port)
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(mosquitto.port) as send:
                for telegram in first:
                    await send("t/hex", telegram.hex())
            await until(lambda: len(inbox.heard) == 50, "the first half")
        async with publishing(mosquitto.port) as send:
            for telegram in second:
                await send("t/hex", telegram.hex())
        async with running(settings, inbox):
            await until(lambda: len(inbox.heard) == 100, "the second half")
        return inbox

    inbox = asyncio.run(work())
    assert sorted(inbox.payloads) == sorted(first + second)
    assert {one.source for one in inbox.heard} == {"test"}


def test_a_message_is_acknowledged_only_after_the_commit(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A collector that dies before the commit gets the message again; after it, it does not."""
    telegram = make_telegram(7)

    async def work() -> tuple[int, list[bytes], list[bytes]]:
        settings = mqtt(tmp_path, mosquitto.port)
        shut = MemoryInbox()
        shut.opened.clear()
        async with running(settings, shut) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(mosquitto.port) as send:
                await send("t/hex", telegram.hex())
            await until(lambda: shut.asked, "the message")
            # The source stops while the inbox is still shut: nothing was acknowledged.
        again = MemoryInbox()
        async with running(settings, again):
            await until(lambda: again.heard, "the message once more")
        last = MemoryInbox()
        async with running(settings, last) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(mosquitto.port) as send:
                await send("t/hex", make_telegram(8).hex())
            await until(lambda: last.heard, "the next message")
        return len(shut.heard), again.payloads, last.payloads

    assert asyncio.run(work()) == (0, [telegram], [make_telegram(8)])


def test_a_failing_inbox_makes_the_broker_send_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """An error in the inbox is told, the link is made anew and the message comes again."""

    async def work() -> tuple[MemoryInbox, str]:
        inbox = MemoryInbox(failing=RuntimeError("disk full"))
        async with running(mqtt(tmp_path, mosquitto.port), inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(mosquitto.port) as send:
                await send("t/hex", make_telegram(1).hex())
            await until(lambda: state.errors, "the error")
            problem = state.last_problem
            inbox.failing = None
            await until(lambda: inbox.heard, "the message once more")
        return inbox, problem

    inbox, problem = asyncio.run(work())
    assert inbox.payloads == [make_telegram(1)]
    assert problem == "t/hex: not taken in: disk full"


def test_a_restarted_broker_is_found_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The supervisor connects again, and says meanwhile what is wrong."""

    async def work() -> tuple[list[bytes], str]:
        inbox = MemoryInbox()
        async with running(mqtt(tmp_path, mosquitto.port), inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            await asyncio.to_thread(mosquitto.stop)
            await until(lambda: "cannot be reached" in state.last_error, "the error")
            error = state.last_error
            await asyncio.to_thread(mosquitto.start)
            await until(lambda: state.phase == Phase.CONNECTED, "the connection again")
            async with publishing(mosquitto.port) as send:
                await send("t/x", make_telegram(3).hex())
            await until(lambda: inbox.heard, "the message")
        return inbox.payloads, error

    payloads, error = asyncio.run(work())
    assert payloads == [make_telegram(3)]
    assert error.startswith(f"broker 127.0.0.1:{mosquitto.port} cannot be reached")


def test_bad_messages_lose_nothing_else(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """What cannot be read is counted and named with its topic; the messages around it are taken in."""
    bad = [b"{", b"\x00\x01\x02" * 5, b'{"telegram": "12x4"}', b'{"avlest": 2}', b"", b"Debug: WiFi ps disable"]

    async def work() -> tuple[MemoryInbox, Any]:
        inbox = MemoryInbox()
        async with running(mqtt(tmp_path, mosquitto.port), inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(mosquitto.port) as send:
                for number, payload in enumerate(bad):
                    await send("t/bad", payload)
                    await send("t/good", make_telegram(number).hex())
            await until(lambda: state.messages == 12, "all messages")
            await until(lambda: len(inbox.heard) == 6, "the good ones")
        return inbox, state

    inbox, state = asyncio.run(work())
    assert sorted(inbox.payloads) == sorted(make_telegram(n) for n in range(6))
    assert (state.problems, state.notes, state.errors) == (4, 2, 0)
    assert state.last_problem == "t/bad: avlest: is 2, expected 1, the version of the message"


@pytest.fixture
def guarded(tmp_path: Path) -> Any:
    """A broker that asks for a password."""
    require_service("mosquitto")
    passwords = tmp_path / "passwords"
    program = find_program("mosquitto_passwd")
    assert program is not None
    subprocess.run([program, "-b", "-c", str(passwords), "reader", "right"], check=True, capture_output=True)
    passwords.chmod(0o600)
    folder = tmp_path / "broker"
    folder.mkdir()
    with run_mosquitto(folder, settings=("allow_anonymous false", f"password_file {passwords}")) as broker:
        yield broker


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_wrong_password_is_said_with_broker_and_user(guarded: Mosquitto, tmp_path: Path, version: str) -> None:
    """Neither the password nor a traceback, but who was refused by whom."""

    async def work(**more: str) -> str:
        settings = mqtt(tmp_path, guarded.port, version=version, **more)
        async with running(settings, MemoryInbox()) as state:
            await until(lambda: state.last_error, "the refusal")
        return state.last_error

    refused = asyncio.run(work(username="reader", password="wrong"))
    assert refused.startswith(f"broker 127.0.0.1:{guarded.port} refuses the user 'reader': ")
    assert "wrong" not in refused
    assert "a connection without user name" in asyncio.run(work())


def test_the_right_password_is_read_from_a_file(guarded: Mosquitto, tmp_path: Path) -> None:
    """The password may stand in a file of the data directory; MQTT 3.1.1 works as well."""
    (tmp_path / "secret").write_text("right\n", encoding="utf-8")

    async def work() -> list[bytes]:
        inbox = MemoryInbox()
        settings = mqtt(tmp_path, guarded.port, username="reader", password_file="secret", version="3.1.1")
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(guarded.port, username="reader", password="right") as send:
                await send("t/x", make_telegram(3).hex())
            await until(lambda: inbox.heard, "the message")
        return inbox.payloads

    assert asyncio.run(work()) == [make_telegram(3)]


def test_collectors_that_share_get_each_message_once(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A shared subscription deals messages out: together they have all, none twice."""

    async def work() -> tuple[list[bytes], list[bytes]]:
        left, right = MemoryInbox(), MemoryInbox()
        ours = mqtt(tmp_path, mosquitto.port, share="group", client_id="left")
        theirs = mqtt(tmp_path, mosquitto.port, share="group", client_id="right")
        async with running(ours, left) as one, running(theirs, right) as other:
            await until(lambda: one.phase == other.phase == Phase.CONNECTED, "both connections")
            async with publishing(mosquitto.port) as send:
                for number in range(40):
                    await send("t/x", make_telegram(number).hex())
            await until(lambda: len(left.heard) + len(right.heard) == 40, "all messages")
        return left.payloads, right.payloads

    left, right = asyncio.run(work())
    assert left
    assert right
    assert sorted(left + right) == sorted(make_telegram(n) for n in range(40))


def test_a_broker_that_is_none_is_said(tmp_path: Path) -> None:
    """Something that closes the connection without a word is named, too."""

    async def work() -> str:
        def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, running(mqtt(tmp_path, port), MemoryInbox()) as state:
            await until(lambda: state.last_error, "the error")
        return state.last_error.replace(str(port), "PORT")

    assert asyncio.run(work()).startswith("broker 127.0.0.1:PORT closed the connection instead of answering")


def test_a_retained_message_is_not_taken_for_a_new_one(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The broker sends it on subscribing, whatever its age; what is retained while we listen is taken in."""

    async def work() -> tuple[MemoryInbox, Any]:
        inbox = MemoryInbox()
        async with publishing(mosquitto.port) as send:
            await send("t/a", make_telegram(1).hex(), retain=True)
            async with running(mqtt(tmp_path, mosquitto.port), inbox) as state:
                await until(lambda: state.notes, "the retained message")
                await send("t/a", make_telegram(2).hex(), retain=True)
                await until(lambda: inbox.heard, "the new message")
        return inbox, state

    inbox, state = asyncio.run(work())
    assert inbox.payloads == [make_telegram(2)]
    assert state.last_note == "t/a: a message that the broker had retained"
