# SPDX-License-Identifier: Apache-2.0
"""The inbox: packed and unpacked without loss, acknowledged only after the commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.heard import LARGEST_PAYLOAD, ROADS, Heard
from avlest.collect.inbox import AsyncInbox, Inbox, InboxClosedError
from avlest.collect.models import Packet
from avlest.collect.packets import PacketError, decode_packets, derive_lane, encode_packet, from_microseconds

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def make_heard(number: int = 0, **more: object) -> Heard:
    return Heard(NOW + timedelta(seconds=number), "roof", "wmbus", bytes((number % 251, 1, 2)), **more)


@given(
    st.lists(
        st.builds(
            Heard,
            received_at=st.datetimes(timezones=st.just(UTC)),
            source=st.text(max_size=10),
            road=st.sampled_from(ROADS),
            payload=st.binary(min_size=1, max_size=40),
            gateway=st.text(max_size=5),
            address=st.text(max_size=5),
            port=st.none() | st.integers(0, 255),
            counter=st.none() | st.integers(0, 2**32),
            rssi=st.none() | st.floats(-150, 0),
            snr=st.none() | st.floats(-30, 30),
        ),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 4),
)
def test_what_is_packed_is_unpacked_alike(messages: list[Heard], parts: int) -> None:
    size = -(-len(messages) // parts)
    bodies = [
        encode_packet(messages[at : at + size], seal=lambda key: key.hex()) for at in range(0, len(messages), size)
    ]
    rows = decode_packets(bodies).to_dicts()
    back = [Heard(**{**row, "received_at": from_microseconds(row["received_at"])}) for row in rows]
    assert back == messages


def test_a_body_cut_short_is_refused() -> None:
    body = encode_packet([make_heard()], seal=lambda key: key.hex())
    for length in range(len(body)):
        with pytest.raises((PacketError, ValueError)):
            decode_packets([body[:length]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"received_at": datetime(2026, 1, 1)}, "aware"),  # noqa: DTZ001  that is what is refused
        ({"road": "pigeon"}, "wmbus, mbus"),
        ({"payload": b""}, "1 to"),
        ({"payload": bytes(LARGEST_PAYLOAD + 1)}, "1 to"),
    ],
)
def test_a_message_that_cannot_be_is_refused_with_what_is_expected(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Heard(**{"received_at": NOW, "source": "roof", "road": "wmbus", "payload": b"x", **change})


def test_a_message_never_prints_its_key_or_payload() -> None:
    message = make_heard(key=bytes(range(16)))
    assert bytes(range(16)).hex() not in f"{message} {message!r}"
    assert "payload" not in repr(message)


@pytest.mark.django_db
def test_a_key_that_comes_along_is_sealed_in_the_inbox() -> None:
    key = bytes(range(100, 116))
    Inbox().put([make_heard(key=key)])
    body = bytes(Packet.objects.get().body)
    assert key not in body
    assert key.hex().encode() not in body.lower()


@pytest.mark.django_db
def test_messages_of_one_meter_go_to_one_lane() -> None:
    meters = [bytes((0x20, 0x44, 0x2D, 0x2C, n, n, n, 0x10, 0x1B, 0x16)) + bytes(8) for n in range(64)]
    Inbox(lanes=4).put([Heard(NOW, f"gateway {n % 3}", "wmbus", meters[n % 64]) for n in range(192)])
    rows = Packet.objects.order_by("lane")
    assert [row.lane for row in rows] == [0, 1, 2, 3]
    assert sum(row.messages for row in rows) == 192
    assert len({derive_lane(Heard(NOW, s, "wmbus", meters[5]), lanes=4) for s in ("a", "b", "c")}) == 1


class Recorder:
    """An inbox that notes its groups and refuses the first ones."""

    def __init__(self, refusals: int = 0) -> None:
        self.groups: list[int] = []
        self.refusals = refusals
        self.hold = threading.Event()
        self.hold.set()

    def put(self, batch: Sequence[Heard]) -> None:
        self.hold.wait(10)
        if self.refusals:
            self.refusals -= 1
            raise OperationalError("database or disk is full")
        self.groups.append(len(batch))


def test_what_comes_together_is_committed_together() -> None:
    recorder = Recorder()

    async def run() -> None:
        async with AsyncInbox(recorder) as inbox:
            await asyncio.gather(*(inbox.put([make_heard(n)]) for n in range(1200)))
            assert inbox.taken == 1200

    asyncio.run(run())
    assert sum(recorder.groups) == 1200
    assert max(recorder.groups) <= 500
    assert len(recorder.groups) <= 4


def test_nothing_is_acknowledged_before_the_commit() -> None:
    recorder = Recorder()
    recorder.hold.clear()

    async def run() -> None:
        async with AsyncInbox(recorder) as inbox:
            put = asyncio.create_task(inbox.put([make_heard()]))
            await asyncio.sleep(0.1)
            assert not put.done()
            recorder.hold.set()
            await put

    asyncio.run(run())


def test_a_refused_group_is_tried_again_until_it_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(refusals=2)

    async def run() -> None:
        async with AsyncInbox(recorder) as inbox:
            await inbox.put([make_heard()])

    asyncio.run(run())
    assert recorder.groups == [1]
    assert "disk is full" in caplog.text


def test_what_is_not_on_disk_when_the_inbox_closes_is_refused() -> None:
    recorder = Recorder(refusals=1000)

    async def run() -> None:
        async with AsyncInbox(recorder) as inbox:
            put = asyncio.create_task(inbox.put([make_heard()]))
            await asyncio.sleep(0.05)
        with pytest.raises(InboxClosedError):
            await put
        with pytest.raises(InboxClosedError):
            await inbox.put([make_heard()])

    asyncio.run(run())
    assert recorder.groups == []


def test_a_writer_that_breaks_leaves_nobody_waiting() -> None:
    class Broken:
        def put(self, batch: Sequence[Heard]) -> None:
            raise RuntimeError("a mistake of ours")

    async def run() -> None:
        with pytest.raises(InboxClosedError):
            await inbox.put([make_heard()])

    inbox = AsyncInbox(Broken())

    async def whole() -> None:
        async with inbox:
            await run()

    with pytest.raises(RuntimeError, match="a mistake"):
        asyncio.run(whole())
