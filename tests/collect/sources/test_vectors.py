# SPDX-License-Identifier: Apache-2.0
"""Public messages of gateways and meters, each taken in the way it would really come: broker, socket, port, file."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.collect.heard import Heard
from avlest.collect.sources.state import Phase, SourceState
from avlest.telegrams.han import decode_han, summarise_values
from tests.catalogue.test_conformance import differences
from tests.collect.sources.support import MemoryInbox, make_settings, publishing, running, until
from tests.collect.sources.test_streams import Line
from tests.conftest import read_vectors
from tests.support.services import Mosquitto

DECODED = {"name", "timestamp", "_", "meter"}


@pytest.fixture(scope="module")
def gateways(shared_vectors: Path) -> list[dict[str, Any]]:
    return read_vectors(shared_vectors / "gateways.jsonl")


@pytest.fixture(scope="module")
def han(shared_vectors: Path) -> list[dict[str, Any]]:
    return read_vectors(shared_vectors / "han.jsonl")


def over_mqtt(tmp_path: Path, broker: Mosquitto, messages: list[tuple[str, bytes]]) -> tuple[list[Heard], SourceState]:
    """Publish all messages; what the source made of them, in order."""

    async def work() -> tuple[list[Heard], SourceState]:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="mqtt", host="127.0.0.1", port=broker.port, topics=["#"])
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the connection")
            async with publishing(broker.port) as send:
                for topic, payload in messages:
                    await send(topic, payload)
            await until(lambda: state.messages == len(messages) and state.taken == len(inbox.heard), "all messages")
        return inbox.heard, state

    return asyncio.run(work())


def over_tcp(tmp_path: Path, lines: list[str]) -> tuple[list[Heard], SourceState]:
    """Send all lines over one connection; what the source made of them."""

    async def work() -> tuple[list[Heard], SourceState]:
        inbox = MemoryInbox()
        async with running(make_settings(tmp_path, kind="tcp", listen=True, host="127.0.0.1"), inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the server")
            _, writer = await asyncio.open_connection("127.0.0.1", int(state.detail.rpartition(":")[2]))
            writer.write("\n".join(lines).encode() + b"\n")
            await writer.drain()
            await until(lambda: state.messages == len(lines) and state.taken == len(inbox.heard), "all lines")
            writer.close()
            await writer.wait_closed()
        return inbox.heard, state

    return asyncio.run(work())


def of(gateways: list[dict[str, Any]], *starts: str) -> list[dict[str, Any]]:
    found = [row for row in gateways if row["gateway"].startswith(starts)]
    assert found, starts
    return found


@pytest.mark.needs("mosquitto")
def test_every_event_of_chirpstack(gateways: list[dict[str, Any]], mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The uplink gives its payload, device, port and gateway; the other events carry no data."""
    rows = of(gateways, "chirpstack")
    messages = [(row.get("topic", "application/x/device/y/event/integration"), json.dumps(row["json"])) for row in rows]
    heard, state = over_mqtt(tmp_path, mosquitto, [(topic, body.encode()) for topic, body in messages])
    (uplink,) = heard
    sent = next(row["json"] for row in rows if row["event"] == "up")
    best = sent["rxInfo"][0]
    assert uplink.payload == base64.b64decode(sent["data"])
    assert (uplink.address, uplink.port) == (sent["deviceInfo"]["devEui"], sent["fPort"])
    assert (uplink.gateway, uplink.rssi, uplink.snr) == (best["gatewayId"], best["rssi"], best["snr"])
    assert uplink.received_at.isoformat() == "2022-07-18T09:34:15.775023+00:00"
    assert (state.problems, state.notes) == (0, len(rows) - 1)


def test_every_line_of_rtl_wmbus(gateways: list[dict[str, Any]], tmp_path: Path) -> None:
    """Lines with a good CRC give their telegram and time; those heard badly are refused by name."""
    lines = [row["line"] for row in of(gateways, "rtl-wmbus")]
    good = [line.split(";") for line in lines if line.split(";")[1] == "1"]
    heard, state = over_tcp(tmp_path, lines)
    assert [one.payload.hex() for one in heard] == [fields[7].removeprefix("0x") for fields in good]
    assert [f"{one.received_at:%Y-%m-%d %H:%M:%S.000}" for one in heard] == [fields[3] for fields in good]
    assert state.problems == len(lines) - len(good) == 2


def test_the_line_of_esphome(gateways: list[dict[str, Any]], tmp_path: Path) -> None:
    """Its shape with an rtl_wmbus telegram in it: empty fields, UTC with Z, strength in dBm."""
    (shape,) = [row["line"] for row in of(gateways, "esphome")]
    telegram = of(gateways, "rtl-wmbus")[0]["line"].rpartition("0x")[2]
    filled = shape.replace("YYYY-MM-DD HH:MM:SS", "2026-01-31 12:00:00").replace("<rssi>", "-71")
    heard, _ = over_tcp(tmp_path, [filled.replace("<hex>", telegram)])
    (one,) = heard
    assert (one.payload.hex(), one.rssi) == (telegram, -71.0)
    assert one.received_at.isoformat() == "2026-01-31T12:00:00+00:00"


def test_every_line_of_rtl_433(gateways: list[dict[str, Any]], tmp_path: Path) -> None:
    """JSON with repeated keys and CSV without headings give the telegram; an elided one is told."""
    rows = of(gateways, "rtl_433")
    wanted = [re.search(r'(?<=[",])[0-9a-f]{30,}(?=[",])', row["line"]) for row in rows]
    heard, state = over_tcp(tmp_path, [row["line"] for row in rows])
    assert [one.payload.hex() for one in heard] == [match[0] for match in wanted if match]
    assert len(heard) == 2
    assert "data: not hexadecimal" in state.last_problem
    assert heard[0].received_at.isoformat() == "2020-08-10T18:40:47+00:00"


def test_every_telegram_of_wmbusmeters_gives_its_known_values(gateways: list[dict[str, Any]], tmp_path: Path) -> None:
    """The telegrams, as lines of hexadecimal in a file, decode to what is known of them."""
    rows = [row for row in of(gateways, "wmbusmeters json") if "telegram" in row]
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "round.txt").write_text("\n".join(row["telegram"] for row in rows), encoding="ascii")

    async def work() -> list[Heard]:
        inbox = MemoryInbox()
        async with running(make_settings(tmp_path, kind="folder", path="drop", poll_seconds=0.05), inbox):
            await until(lambda: (folder / "done/round.txt").exists(), "the file")
        return inbox.heard

    heard = asyncio.run(work())
    assert [one.payload.hex().upper() for one in heard] == [row["telegram"].upper() for row in rows]
    decoder = Decoder(build_catalogue())
    wrong = {}
    for one, row in zip(heard, rows, strict=True):
        expected = {name: value for name, value in json.loads(row["line"]).items() if name not in DECODED}
        wrong[row["telegram"][:20]] = differences(decoder.decode(one.payload), expected)
    assert not {start: found for start, found in wrong.items() if found}


@pytest.mark.needs("mosquitto")
def test_values_decoded_elsewhere_are_refused_with_advice(
    gateways: list[dict[str, Any]], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """wmbusmeters' JSON is recognised; the message says what to send instead."""
    rows = [row for row in of(gateways, "wmbusmeters json") if "line" in row]
    messages = [("wmbusmeters/1", row["line"].encode()) for row in rows]
    heard, state = over_mqtt(tmp_path, mosquitto, messages)
    assert heard == []
    assert state.problems == len(rows)
    assert "needs the telegrams" in state.last_problem


@pytest.mark.needs("mosquitto")
def test_the_report_of_elvaco(gateways: list[dict[str, Any]], mosquitto: Mosquitto, tmp_path: Path) -> None:
    """With and without its heading line the raw value becomes a long frame that decodes."""
    (row,) = of(gateways, "Elvaco")
    bodies = [f"{row['header']}\n{row['line']}", row["line"]]
    heard, state = over_mqtt(tmp_path, mosquitto, [(row["topic_example"], body.encode()) for body in bodies])
    raw = row["line"].rpartition(";")[2]
    assert {one.payload[4:-2].hex() for one in heard} == {raw}
    assert [(one.road, one.gateway) for one in heard] == [("mbus", "00000161")] * 2
    assert heard[0].received_at.isoformat() == "2009-12-16T23:00:00+00:00"
    values = Decoder(build_catalogue()).decode(heard[0].payload)
    assert values["id"] == row["line"].split(";")[1]
    assert state.problems == 0


@pytest.mark.needs("mosquitto")
def test_tibber_pulse_and_its_noise(gateways: list[dict[str, Any]], mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Debug text is no data, a cut envelope is told, and neither keeps a frame from being taken in."""
    (cut,), (noise,) = of(gateways, "Tibber Pulse HAN"), of(gateways, "Tibber Pulse text")
    frame = bytes.fromhex("7ea00a")
    messages = [bytes.fromhex(cut["payload_hex_prefix"]), bytes.fromhex(noise["payload_hex"])]
    heard, state = over_mqtt(tmp_path, mosquitto, [("tibber/p", body) for body in messages])
    assert (heard, state.problems, state.notes) == ([], 1, 1)
    assert "not a readable adapter envelope" in state.last_problem
    assert messages[0].find(frame[:1]) > 0


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("form", ["bytes", "hex", "envelope"])
def test_every_han_message_over_a_broker(
    form: str, han: list[dict[str, Any]], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """As bytes, as hexadecimal and in an adapter's envelope: the values that are known of it."""
    bodies = {
        "bytes": lambda data: data,
        "hex": lambda data: data.hex().encode(),
        "envelope": wrap_pulse,
    }
    messages = [("han/meter", bodies[form](bytes.fromhex(row["hex"]))) for row in han]
    heard, state = over_mqtt(tmp_path, mosquitto, messages)
    assert state.problems == 0
    # The first list of a meter does not name it: where it came from must stay known.
    assert {(one.road, one.gateway) for one in heard} == {("han", "han/meter")}
    found = [summarise_values(decode_han(one.payload)) for one in heard]
    assert found == [summarise_values(decode_han(bytes.fromhex(row["hex"]))) for row in han]
    assert [set(values) for values in found] == [set(row["expected"]) for row in han]


def wrap_pulse(frame: bytes) -> bytes:
    """One frame in the envelope of the Pulse."""
    entry = b"\x09" + bytes(8) + b"\x12\x03HAN\x1a" + _varint(len(frame)) + frame
    return b"\x08\xdc\x59\x12" + _varint(len(entry)) + entry


def _varint(number: int) -> bytes:
    return bytes((number,)) if number < 0x80 else bytes((number & 0x7F | 0x80, number >> 7))


def test_every_han_frame_on_a_serial_port(han: list[dict[str, Any]], tmp_path: Path) -> None:
    """The frames back to back, in pieces of seven bytes, come out one by one."""
    frames = [bytes.fromhex(row["hex"]) for row in han if row["kind"] == "hdlc_frame"]
    line = Line()

    async def work() -> list[bytes]:
        inbox = MemoryInbox()
        settings = make_settings(tmp_path, kind="serial", port=line.port, reader="han")
        async with running(settings, inbox) as state:
            await until(lambda: state.phase == Phase.CONNECTED, "the port")
            for frame in frames:
                line.send(frame)
                await until(lambda: len(inbox.heard) >= 1, "a frame")
            await until(lambda: len(inbox.heard) == len(frames), "all frames")
        return inbox.payloads

    try:
        assert asyncio.run(work()) == frames
    finally:
        line.close()
