# SPDX-License-Identifier: Apache-2.0
"""Simulated gateways at a real broker, with the real collector's source behind it."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path

import pytest

from avlest.collect.packets import from_microseconds
from avlest.collect.sources.state import Phase
from avlest.simulate.radio.hearing import Air, Messages
from avlest.simulate.roads.mqtt import Broker, MqttSink
from tests.collect.sources.support import MemoryInbox, make_settings, running, until
from tests.simulate.making import make_emissions, make_small_world
from tests.support.services import Mosquitto

pytestmark = pytest.mark.needs("mosquitto")
NAMES = ["multical21", "flowiq_lorawan", "han_aidon", "abb_b23"]


def _make_messages() -> list[Messages]:
    air = Air(make_small_world(NAMES))
    return [messages for name in NAMES for messages in air.hear(make_emissions(air.world, name))]


@pytest.mark.parametrize("form", ["avlest", "telegram_json", "rtl_wmbus"])
def test_everything_that_is_published_is_taken_in(mosquitto: Mosquitto, tmp_path: Path, form: str) -> None:
    """Every telegram, frame and uplink arrives with the time it was heard, in order of time."""
    wanted = _make_messages()

    async def work() -> MemoryInbox:
        inbox = MemoryInbox()
        topics = ["gateways/#", "application/#"]
        settings = make_settings(tmp_path, kind="mqtt", host="127.0.0.1", port=mosquitto.port, topics=topics)
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            await asyncio.to_thread(_publish, mosquitto.port, form, wanted)
            await until(lambda: len(inbox.heard) == sum(map(len, wanted)), "all messages")
            assert not state.problems
        return inbox

    inbox = asyncio.run(work())
    found = {(one.road, one.received_at.astimezone(UTC), one.payload) for one in inbox.heard}
    assert found == {
        (part.model.road.value, from_microseconds(at), payload)
        for part in wanted
        for at, payload in zip(part.received_at.tolist(), part.payloads, strict=True)
    }
    times = [one.received_at for one in inbox.heard]
    assert times == sorted(times)


def _publish(port: int, form: str, messages: list[Messages]) -> None:
    with MqttSink(Broker("127.0.0.1", port), form) as sink:
        sink.deliver(messages)
        assert sink.published == sum(map(len, messages))
