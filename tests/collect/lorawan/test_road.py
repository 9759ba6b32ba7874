# SPDX-License-Identifier: Apache-2.0
"""Uplinks all the way: from a broker through the inbox and the worker into the table of readings."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avlest.catalogue.lorawan.model import LorawanValue
from avlest.collect.heard import Heard
from avlest.collect.inbox import Inbox
from avlest.collect.lorawan.decoder import LorawanDecoder
from avlest.collect.lorawan.folder import read_codec_folder
from avlest.collect.models import OutcomeCount
from avlest.collect.sources.state import Phase
from avlest.collect.worker import Worker
from avlest.registry.models import Meter, Register
from avlest.registry.rights import Actor
from avlest.registry.services.rows import do_create_row
from avlest.telegrams.outcomes import TelegramError
from tests.collect.lorawan.test_decoder import CODECS, fjordvann
from tests.collect.lorawan.test_vectors import NATIVE, read
from tests.collect.plant import CATALOGUE, MADE_AT, START, Plant
from tests.collect.sources.support import MemoryInbox, make_settings, publishing, running, until
from tests.conftest import read_vectors
from tests.support.services import Mosquitto

Row = tuple[str, str, str, int, datetime, int]
"""Device EUI, quantity, function, storage number, time, thousandths of the stored unit."""

TOPIC = "application/1/device/{}/event/up"
SONTEX = """
profile = "sontex"
title = "Sontex"
source = "an installation's own list of devices"
dev_eui = ["50"]
zone = "+01:00"
[[uplink]]
layout = "records"
ports = [2]
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """An uplink to be published."""

    eui: str
    payload: bytes
    port: int

    def encode(self) -> bytes:
        """As ChirpStack publishes it."""
        data = base64.b64encode(self.payload).decode()
        event = {
            "time": START.isoformat(),
            "deviceInfo": {"devEui": self.eui},
            "fCnt": 1,
            "fPort": self.port,
            "data": data,
        }
        return json.dumps(event).encode()


def publish(tmp_path: Path, broker: Mosquitto, uplinks: Sequence[Sent]) -> list[Heard]:
    """Send uplinks through the broker; what the source took in."""

    async def work() -> list[Heard]:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="mqtt", host="127.0.0.1", port=broker.port, topics=["#"])
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(broker.port) as send:
                for uplink in uplinks:
                    await send(TOPIC.format(uplink.eui), uplink.encode())
            await until(lambda: len(inbox.heard) == len(uplinks), "all uplinks")
        return inbox.heard

    return asyncio.run(work())


def register(actor: Actor, uplinks: Sequence[Sent]) -> None:
    """A meter for each device EUI."""
    for number, uplink in enumerate(uplinks):
        row = Meter(manufacturer="XYZ", serial=f"{number:08}", dev_eui=uplink.eui, state=Meter.State.INSTALLED)
        do_create_row(actor, row, now=MADE_AT)


def run_worker(plant: Plant, heard: list[Heard], codecs: Path) -> None:
    """Put messages into the inbox and let a worker with a folder of codecs take them out."""
    Inbox().put(heard)
    with LorawanDecoder(CATALOGUE, read_codec_folder(codecs)) as decoder:
        Worker(
            plant.options, plant.store, CATALOGUE, plant.folder / "locks", clock=plant.clock, lorawan=decoder
        ).drain()


def get_readings(plant: Plant) -> set[Row]:
    """Every stored reading."""
    registers = {row.pk: row for row in Register.objects.select_related("meter")}
    rows = plant.store.read_range("readings", ids=None).to_dicts()
    found = [make_row(registers[row["register"]], row["at"], row["value"]) for row in rows]
    assert len(set(found)) == len(found), "a reading is there twice"
    return set(found)


def make_row(register: Register, at: datetime, value: int) -> Row:
    return register.meter.dev_eui, register.quantity, register.function, register.storage, at, value


@pytest.mark.needs("mosquitto")
def test_a_codecs_hours_become_readings_at_their_hours(
    plant: Plant, actor: Actor, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """The register of an invented meter, and each hour before it, in thousandths of a litre."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)  # the time that the invented meter sends
    plant.clock.now = noon + timedelta(minutes=20)
    uplink = Sent("f000000000000001", fjordvann(5000, 7, 0, 3), 5)
    register(actor, [uplink])
    heard = [Heard(plant.clock.now, item.source, item.road, item.payload, address=item.address, port=item.port,
                   counter=item.counter) for item in publish(tmp_path, mosquitto, [uplink])]  # fmt: skip
    run_worker(plant, heard, CODECS)
    hours = [(noon - timedelta(hours=n), litres * 1000) for n, litres in enumerate((5000, 4993, 4993, 4990))]
    assert {row for row in get_readings(plant) if row[1] == "volume"} == {
        (uplink.eui, "volume", "instant", 0, *hour) for hour in hours
    }
    assert (uplink.eui, "flow_temperature", "instant", 0, plant.clock.now, 7800) in get_readings(plant)


@pytest.mark.needs("mosquitto")
def test_every_public_uplink_of_records_becomes_its_readings(
    shared_vectors: Path, plant: Plant, actor: Actor, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """All examples of Kamstrup, Elvaco and Sontex: the table holds the expected values, once each, at their times."""
    rows = [row for row in read_vectors(shared_vectors / "lorawan.jsonl") if row["vendor"].lower() in NATIVE]
    uplinks = [make_uplink(number, row) for number, row in enumerate(rows)]
    register(actor, uplinks)
    codecs = tmp_path / "codecs"
    codecs.mkdir()
    (codecs / "sontex.toml").write_text(SONTEX, "utf-8")
    run_worker(plant, publish(tmp_path, mosquitto, uplinks), codecs)
    expected: set[Row] = set()
    for row, uplink in zip(rows, uplinks, strict=True):
        expected |= derive_expected(row, uplink.eui)
    assert get_readings(plant) == expected
    assert len(expected) == 125
    assert OutcomeCount.objects.get(outcome="bad_records").messages == 1


def make_uplink(number: int, row: dict[str, Any]) -> Sent:
    start = {"elvaco": "94193a", "sontex": "500000", "kamstrup": "700000"}[row["vendor"].lower()]
    return Sent(f"{start}{number:010x}", bytes.fromhex(row["bytes_hex"]), row["fPort"] or 2)


CANONICAL = {"m3": 1_000_000, "kwh": 1000, "kw": 1_000_000, "m3h": 1_000_000, "c": 1000, "rh": 1000, "counter": 1000}
"""Thousandths of the stored unit (L, kWh, W, L/h, °C, % RH, number) in one of the unit of the name."""


def derive_expected(row: dict[str, Any], eui: str) -> set[Row]:
    """What must be stored of an example; `read` is held against the public values by the tests of the vectors."""
    try:
        reading = read(row)
    except TelegramError:
        return set()
    return {
        (eui, value.quantity, value.function, value.storage, value.at or START, derive_thousandths(value))
        for value in reading.values
    }


def derive_thousandths(value: LorawanValue) -> int:
    return round(value.value * CANONICAL[value.unit])
