# SPDX-License-Identifier: Apache-2.0
"""Uplinks of network servers, and telegrams that bridges send over LoRaWAN in parts."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.formats.detect import parse_message
from avlest.collect.formats.lobaro import PartsAssembler, assemble_parts, split_port
from avlest.collect.formats.model import Message
from avlest.collect.heard import Heard
from avlest.collect.settings import MqttSettings
from avlest.collect.sources.intake import Intake
from avlest.collect.sources.state import SourceState
from tests.collect.sources.support import MemoryInbox, make_telegram, until

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BRIDGE = "a81758fffe000001"


def tts(**uplink: Any) -> dict[str, Any]:
    """An uplink as The Things Stack sends it; fields that are 0 are left out."""
    return {
        "end_device_ids": {"device_id": "m1", "dev_eui": "0011223344556677", "dev_addr": "00BCB929"},
        "received_at": "2026-03-01T11:59:58.5Z",
        "uplink_message": {
            "f_port": 2,
            "f_cnt": 5,
            "frm_payload": "AQID",
            "rx_metadata": [
                {"gateway_ids": {"gateway_id": "gw-1", "eui": "B827EBFFFE000001"}, "rssi": -110, "snr": -3.2},
                {"gateway_ids": {"gateway_id": "gw-2"}, "rssi": -95, "snr": 5},
            ],
            "received_at": "2026-03-01T11:59:58.25Z",
            **uplink,
        },
    }


def read(body: Any, topic: str = "v3/app@ttn/devices/m1/up") -> Any:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_message(Message(payload, NOW, "lns", topic))


def test_an_uplink_of_the_things_stack() -> None:
    """Payload, device, port, counter, and the gateway that heard best."""
    (heard,) = read(tts()).heard
    assert (heard.payload, heard.address, heard.port, heard.counter) == (b"\x01\x02\x03", "0011223344556677", 2, 5)
    assert (heard.gateway, heard.rssi, heard.snr) == ("gw-2", -95, 5)
    assert heard.received_at.isoformat() == "2026-03-01T11:59:58.250000+00:00"


def test_a_missing_counter_is_the_first_one() -> None:
    """Fields of the value 0 are not sent."""
    uplink = tts()
    del uplink["uplink_message"]["f_cnt"]
    assert read(uplink).heard[0].counter == 0


@pytest.mark.parametrize(
    "body",
    [
        {"end_device_ids": {}, "join_accept": {"session_key_id": "x"}},
        {"end_device_ids": {}, "downlink_ack": {}},
        {"end_device_ids": {}},
        {**tts(), "simulated": True},
        tts(frm_payload=None),
        tts(f_port=0),
    ],
)
def test_what_is_no_uplink_is_a_note(body: dict[str, Any]) -> None:
    """Joins, downlinks, simulated and empty uplinks carry no data, and are no problem."""
    parsed = read(body)
    assert (parsed.heard, parsed.problems, len(parsed.notes)) == ((), (), 1)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (tts(f_port="x"), 'uplink_message.f_port: is "x", expected a whole number from 0 to 255'),
        (tts(f_cnt=-1), "uplink_message.f_cnt: is -1, expected a whole number from 0 to 4294967295"),
        (tts(frm_payload="A=Q"), 'uplink_message.frm_payload: is "A=Q", expected base64'),
        (tts(rx_metadata=[{"rssi": "loud"}]), 'uplink_message.rx_metadata[0].rssi: is "loud", expected a number'),
        (tts(rx_metadata="no"), 'uplink_message.rx_metadata: is "no", expected a list of objects'),
        (
            tts(received_at="yesterday"),
            "uplink_message.received_at: is 'yesterday', expected a time such as 2026-01-31T12:00:00Z",
        ),
        ({**tts(), "end_device_ids": {}}, "end_device_ids.dev_eui: missing, expected text"),
        (b"\x0a\x24protobuf", "not a JSON object; The Things Stack sends JSON"),
        (b"[1]", "not a JSON object; The Things Stack sends JSON"),
    ],
)
def test_a_bad_field_is_named_by_its_path(body: Any, sentence: str) -> None:
    """Where, what stands there, and what is expected."""
    (problem,) = read(body).problems
    assert sentence in str(problem)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_any_json_under_any_field_is_an_outcome(value: Any) -> None:
    """Whatever stands in a field, the parser says so and raises nothing."""
    for name in ("f_port", "f_cnt", "frm_payload", "rx_metadata", "received_at"):
        parsed = read(json.dumps(tts(**{name: value})).encode())
        assert len(parsed.heard) + len(parsed.problems) + len(parsed.notes) == 1


def part(number: int, total: int, payload: bytes, counter: int, *, bridge: str = BRIDGE, minutes: int = 0) -> Heard:
    at = NOW + timedelta(minutes=minutes)
    return Heard(at, "lns", "lorawan", payload, "gw", bridge, number * 10 + total, counter, -100.0)


def split(telegram: bytes, total: int, *, counter: int = 7, bridge: str = BRIDGE) -> list[Heard]:
    size = -(-len(telegram) // total)
    pieces = [telegram[at : at + size] for at in range(0, len(telegram), size)]
    return [part(n, total, piece, counter + n, bridge=bridge) for n, piece in enumerate(pieces, start=1)]


@pytest.mark.parametrize("total", [1, 2, 3])
def test_parts_make_the_telegram(total: int) -> None:
    """Ports 11; 12 and 22; 13, 23 and 33."""
    telegram = make_telegram(1)
    assembler = PartsAssembler()
    added = [assembler.add(one) for one in split(telegram, total)]
    assert [result.telegram is not None for result in added] == [False] * (total - 1) + [True]
    whole = added[-1].telegram
    assert whole is not None
    assert (whole.road, whole.payload, whole.gateway, whole.address) == ("wmbus", telegram, BRIDGE, "")
    assert assembler.waiting == 0


def test_parts_of_several_bridges_do_not_mix() -> None:
    """Each bridge has its own row of parts; the order between bridges does not matter."""
    telegrams = [make_telegram(n) for n in (1, 2)]
    left, right = split(telegrams[0], 2), split(telegrams[1], 2, bridge="a81758fffe000002")
    assembler = PartsAssembler()
    added = [assembler.add(one) for one in (left[0], right[0], right[1], left[1])]
    assert [result.telegram.payload for result in added if result.telegram] == telegrams[::-1]


def test_a_lost_part_costs_one_telegram_only() -> None:
    """The rest of it is given up when the next telegram begins."""
    first, second = split(make_telegram(1), 2), split(make_telegram(2), 2, counter=30)
    assembler = PartsAssembler()
    assert assembler.add(first[0]).telegram is None
    assert assembler.add(second[0]).given_up == (first[0],)
    result = assembler.add(second[1])
    assert result.telegram is not None
    assert result.telegram.payload == make_telegram(2)


def test_parts_that_make_no_telegram_are_given_up() -> None:
    """The length field tells that the parts belong to different telegrams."""
    wrong = [part(1, 2, b"\x20\x44\x01", 1), part(2, 2, b"\x02\x03", 2)]
    assembler = PartsAssembler()
    added = [assembler.add(one) for one in wrong]
    assert added[-1].telegram is None
    assert added[-1].given_up == tuple(wrong)


def test_unfinished_telegrams_are_bounded() -> None:
    """However many bridges begin and never end, the oldest are given up."""
    assembler = PartsAssembler(most=3)
    given_up = [assembler.add(part(1, 2, b"\x01", 1, bridge=f"{n:016x}")).given_up for n in range(10)]
    assert assembler.waiting == 3
    assert sum(map(len, given_up)) == 7


def test_rows_that_were_kept_are_joined_later() -> None:
    """In whatever order the rows are given; what belongs to none stays."""
    rows = split(make_telegram(1), 3)
    lonely = part(2, 2, b"\x01\x02", 99)
    telegrams, left = assemble_parts([rows[2], lonely, rows[0], rows[1]])
    assert [one.payload for one in telegrams] == [make_telegram(1)]
    assert left == (lonely,)


@pytest.mark.parametrize(
    ("port", "expected"),
    [(11, (1, 1)), (33, (3, 3)), (12, (1, 2)), (21, None), (1, None), (10, None), (100, None), (None, None)],
)
def test_only_some_ports_are_parts(port: int | None, expected: tuple[int, int] | None) -> None:
    """The tens digit is the number, the units digit the total."""
    assert split_port(port) == expected


def message_of(one: Heard, profile: str = "Lobaro wMBus Bridge") -> bytes:
    body: dict[str, Any] = {
        "time": one.received_at.isoformat(),
        "deviceInfo": {"devEui": one.address, "deviceProfileName": profile},
        "fCnt": one.counter, "fPort": one.port, "data": base64.b64encode(one.payload).decode(), "rxInfo": [],
    }  # fmt: skip
    return json.dumps(body).encode()


def make_intake(**more: Any) -> tuple[Intake, MemoryInbox]:
    inbox = MemoryInbox()
    settings = MqttSettings(name="lns", host="h", topics=("t",))
    return Intake(settings, inbox, SourceState("lns", "mqtt", clock=lambda: NOW), **more), inbox


def test_a_part_is_acknowledged_with_the_whole_telegram() -> None:
    """The first part waits until the second has come and both are on disk as one telegram."""
    parts = split(make_telegram(1), 2)

    async def work() -> tuple[bool, MemoryInbox]:
        intake, inbox = make_intake()
        first = asyncio.ensure_future(intake.take_message(message_of(parts[0])))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        early = first.done()
        await intake.take_message(message_of(parts[1]))
        await asyncio.wait_for(first, 5)
        return early, inbox

    early, inbox = asyncio.run(work())
    assert not early
    assert [(one.road, one.payload) for one in inbox.heard] == [("wmbus", make_telegram(1))]


def test_a_part_whose_others_do_not_come_is_kept_as_it_is() -> None:
    """After a while it goes to the inbox by itself, so that it is neither lost nor held for ever."""
    parts = split(make_telegram(1), 2)

    async def work() -> tuple[MemoryInbox, Intake]:
        intake, inbox = make_intake(patience=0.05, bridges=frozenset({BRIDGE}))
        await intake.take_message(message_of(parts[0], profile="anything"))
        return inbox, intake

    inbox, intake = asyncio.run(work())
    assert [(one.road, one.payload, one.port) for one in inbox.heard] == [("lorawan", parts[0].payload, 12)]
    assert intake.state.problems == 1


def test_ports_of_other_devices_are_their_own_business() -> None:
    """A meter that uses port 12 is no bridge."""

    async def work() -> MemoryInbox:
        intake, inbox = make_intake()
        await intake.take_message(message_of(split(make_telegram(1), 2)[0], profile="Water meter"))
        await until(lambda: inbox.heard, "the uplink")
        return inbox

    assert [one.road for one in asyncio.run(work()).heard] == ["lorawan"]


def test_a_part_that_comes_twice_shares_its_fate() -> None:
    """Two integrations that hand on the same uplink: both messages are done when the telegram is on disk."""
    parts = split(make_telegram(1), 2)

    async def work() -> MemoryInbox:
        intake, inbox = make_intake()
        twice = [asyncio.ensure_future(intake.take_message(message_of(parts[0]))) for _ in range(2)]
        await asyncio.sleep(0)
        await intake.take_message(message_of(parts[1]))
        await asyncio.wait_for(asyncio.gather(*twice), 5)
        return inbox

    assert [one.payload for one in asyncio.run(work()).heard] == [make_telegram(1)]


def test_parts_of_a_connection_that_ended_come_again() -> None:
    """What was not acknowledged is forgotten with the connection, and whole after the next one."""
    parts = split(make_telegram(1), 2)

    async def work() -> MemoryInbox:
        intake, inbox = make_intake()
        first = asyncio.ensure_future(intake.take_message(message_of(parts[0])))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        again = asyncio.ensure_future(intake.take_message(message_of(parts[0])))
        await asyncio.sleep(0)
        await intake.take_message(message_of(parts[1]))
        await asyncio.wait_for(again, 5)
        return inbox

    assert [one.payload for one in asyncio.run(work()).heard] == [make_telegram(1)]
