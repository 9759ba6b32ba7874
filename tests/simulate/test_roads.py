# SPDX-License-Identifier: Apache-2.0
"""What becomes of simulated telegrams on the air, and the ways they come in."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from avlest.catalogue.catalogue import build_catalogue
from avlest.collect.formats.detect import parse_message
from avlest.collect.formats.files import read_file_pieces
from avlest.collect.formats.model import Message
from avlest.collect.heard import Heard
from avlest.collect.packets import decode_packets, derive_lane, from_microseconds
from avlest.collect.pipeline.registers import SpecBook
from avlest.collect.pipeline.telegram_road import TelegramRoad
from avlest.simulate.contracts import Emissions
from avlest.simulate.radio.hearing import ECHO_MICROSECONDS, Air, Messages
from avlest.simulate.radio.models import MODELS, Road
from avlest.simulate.roads.lines import WIRELESS_FORMATS, choose_format, derive_topic
from avlest.simulate.roads.mqtt import Broker, BrokerError, MqttSink, parse_broker
from avlest.simulate.roads.pacing import Pace
from avlest.simulate.roads.packing import LARGEST, Packer
from avlest.simulate.roads.sinks import FileSink
from avlest.telegrams.han import decode_payload
from avlest.telegrams.keyring import build_keyring
from avlest.telegrams.outcomes import TelegramError
from tests.simulate.making import GATEWAYS, START, make_emissions, make_small_world

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def _hear(name: str, **columns: object) -> tuple[Air, list[Messages], Emissions]:
    """Air, messages and emissions of three meters of a model; `columns` are laid over the emissions."""
    world = make_small_world([name])
    made = make_emissions(world, name)
    if columns:
        schema = made.frame.schema
        laid = [pl.Series(key, value, schema[key]) for key, value in columns.items()]
        made = Emissions(name, made.frame.with_columns(laid))
    air = Air(world)
    return air, list(air.hear(made)), made


def test_every_telegram_that_is_heard_is_one_message() -> None:
    """Time, gateway and strength are those of the emission."""
    air, (messages,), made = _hear("hydrus")
    assert len(messages) == made.frame.height == air.tally.whole
    assert [from_microseconds(at) for at in messages.received_at.tolist()] == made.frame["at"].to_list()
    assert messages.meters.tolist() == made.frame["meter"].to_list()
    assert {messages.gateways[place] for place in messages.gateway.tolist()} == {GATEWAYS[0]}
    assert set(messages.rssi.tolist()) == {-70}


def test_what_nobody_hears_is_counted() -> None:
    """Every third telegram lost: the others come in."""
    lost = [number % 3 == 0 for number in range(18)]
    air, (messages,), made = _hear("iperl", lost=lost)
    assert (air.tally.sent, air.tally.lost, len(messages)) == (18, 6, 12)
    assert messages.received_at.tolist() == made.frame.filter(~pl.Series(lost))["at"].dt.epoch("us").to_list()


def test_several_gateways_hand_on_the_same_bytes() -> None:
    """Copies come later and weaker, from the gateways that heard it and from no other: the best may be dead."""
    air, (messages,), _ = _hear("multical21", heard_by=[1, 3, 7, 6] * 4 + [1, 4])
    counts = Counter(messages.rows.tolist())
    assert [counts[row] for row in range(18)] == [1, 2, 3, 2] * 4 + [1, 1]
    assert air.tally.repeated == len(messages) - 18
    first = [row for row, own in enumerate(messages.rows.tolist()) if own == 2]
    assert len({messages.payloads[row] for row in first}) == 1
    assert [messages.gateways[messages.gateway[row]] for row in first] == list(GATEWAYS)
    deaf = [row for row, own in enumerate(messages.rows.tolist()) if own == 3]
    assert [messages.gateways[messages.gateway[row]] for row in deaf] == list(GATEWAYS[1:])
    times = [int(messages.received_at[row]) for row in first]
    assert [time - times[0] for time in times] == [0, ECHO_MICROSECONDS, 2 * ECHO_MICROSECONDS]
    assert sorted((int(messages.rssi[row]) for row in first), reverse=True) == [int(messages.rssi[r]) for r in first]


@pytest.mark.parametrize("name", ["multical21", "hydrus", "modularis", "fhkv", "abb_b23"])
def test_a_damaged_telegram_fails_its_check_and_nothing_else(name: str) -> None:
    """A flipped bit is an outcome of the pipeline, never another value."""
    damaged = [number % 2 == 0 for number in range(18)]
    air, (messages,), _ = _hear(name, corrupt=damaged)
    world = air.world
    pairs = [(bytes.fromhex(f"{s:08d}")[::-1], key) for s, key in zip(world.meters["serial"], air._keys, strict=True)]
    road = TelegramRoad(build_catalogue(), SpecBook())
    rows = pl.Series(range(18)).to_numpy().astype("int64")
    found = road.decode(rows, messages.payloads, build_keyring(pairs), [None] * 18).get_messages().sort("row")
    wrong = "bad_checksum" if MODELS[name].road is Road.MBUS else "link_crc"
    assert found["outcome"].to_list() == [wrong if flag else "ok" for flag in damaged]
    assert messages.is_damaged.tolist() == damaged
    assert air.tally.damaged == 9


def test_a_damaged_han_list_fails_its_check() -> None:
    """The frame check sequence tells."""
    _, (messages,), _ = _hear("han_aidon", corrupt=[True] * 18)
    for payload in messages.payloads:
        with pytest.raises(TelegramError):
            items = decode_payload(payload, received_at=START)
            raise next(item for item in items if isinstance(item, TelegramError))


def test_a_network_server_drops_damaged_uplinks_and_repeats() -> None:
    """A LoRaWAN uplink with a flipped bit never comes; one that three gateways hear comes once."""
    air, (messages,), _ = _hear("flowiq_lorawan", corrupt=[True] + [False] * 17, heard_by=[7] * 18)
    assert (air.tally.lost, air.tally.damaged, len(messages)) == (1, 0, 17)
    assert len(messages.addresses) == 17
    assert messages.counters is not None


def test_each_han_port_has_a_reader_of_its_own() -> None:
    """Short lists do not name their meter: the gateway does."""
    _, (messages,), _ = _hear("han_kaifa")
    for row in range(len(messages)):
        (item,) = decode_payload(messages.payloads[row], received_at=START)
        assert messages.gateways[messages.gateway[row]] == item.meter_id


def test_a_meter_whose_clock_is_wrong_says_so() -> None:
    """The clock in the telegram is off, the time of hearing is not."""
    right, wrong = _hear("hydrus")[1][0], _hear("hydrus", clock_offset=[7200] * 18)[1][0]
    assert right.received_at.tolist() == wrong.received_at.tolist()
    assert right.payloads != wrong.payloads


@pytest.mark.parametrize("name", ["hydrus", "flowiq_lorawan", "han_kamstrup", "abb_b23"])
@pytest.mark.parametrize("lanes", [1, 3])
def test_packets_hold_every_message_in_its_meters_lane(name: str, lanes: int) -> None:
    """Unpacked they are what a source would have put, and all of one meter are in one lane."""
    _, (messages,), _ = _hear(name)
    packed = list(Packer(lanes).pack(messages))
    assert sum(one.messages for one in packed) == len(messages)
    found: dict[bytes, dict[str, object]] = {}
    for one in packed:
        for item in decode_packets([one.body]).iter_rows(named=True):
            found[item["payload"]] = item
            heard = Heard(from_microseconds(item.pop("received_at")), **item)
            assert derive_lane(heard, lanes=lanes) == one.lane
    assert found.keys() == set(messages.payloads)


def test_large_chunks_become_packets_a_worker_can_take() -> None:
    """No packet holds more than a batch should."""
    world = make_small_world(["iperl"], each=30)
    (messages,) = Air(world).hear(make_emissions(world, "iperl", hours=24 * 30))
    sizes = [one.messages for one in Packer(1).pack(messages)]
    assert sum(sizes) == 30 * 24 * 30
    assert max(sizes) <= LARGEST
    assert len(sizes) == 2


@pytest.mark.parametrize("form", [form for form in WIRELESS_FORMATS if form != "hex"])
@pytest.mark.parametrize("name", ["multical21", "abb_b23", "han_aidon", "cmi4110"])
def test_what_gateways_write_is_read_as_it_was_heard(name: str, form: str) -> None:
    """Telegram, time, gateway and strength come back from every format, by its shape and its topic."""
    _, (messages,), _ = _hear(name)
    write = choose_format(messages, form)
    for row in range(len(messages)):
        topic = derive_topic(messages, row, form)
        parsed = parse_message(Message(write(messages, row), NOW, "radio", topic=topic))
        assert parsed.problems == ()
        (heard,) = parsed.heard
        assert heard.payload == messages.payloads[row]
        assert heard.road == messages.model.road
        assert heard.received_at == from_microseconds(int(messages.received_at[row]))
        if messages.model.road is Road.LORAWAN:
            assert (heard.address, heard.port) == (messages.addresses[row], messages.model.port)
            assert messages.counters is not None
            assert heard.counter == messages.counters[row]
        elif form != "rtl_wmbus":
            assert heard.gateway == messages.gateways[messages.gateway[row]]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_a_file_is_the_same_for_the_same_world_and_is_read_whole(tmp_path: Path, ending: str) -> None:
    """Two runs write the same bytes; a folder source reads every message, uplinks among telegrams too."""
    names = ["flowiq_lorawan", "hydrus", "han_kaifa", "abb_b23", "iperl"]
    for run in ("one", "two"):
        world = make_small_world(names)
        air = Air(world)
        with FileSink(tmp_path / (run + ending)) as sink:
            for name in names:
                sink.deliver(list(air.hear(make_emissions(world, name))))
    first = (tmp_path / f"one{ending}").read_bytes()
    assert first == (tmp_path / f"two{ending}").read_bytes()
    if ending == ".jsonl":
        pieces = list(read_file_pieces(Message(first, NOW, "car", topic="one.jsonl")))
        assert [problem for piece in pieces for problem in piece.problems] == []
        roads = Counter(heard.road for piece in pieces for heard in piece.heard)
        assert roads == {"lorawan": 18, "wmbus": 36, "han": 18, "mbus": 18}


def test_paced_messages_come_in_order_when_their_time_comes() -> None:
    """Ten times as fast as real time: the clock is told how long to wait, and nothing comes early."""
    _, (messages,), made = _hear("hydrus")
    now, waits = [0.0], list[float]()

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        now[0] += seconds
        return True

    pace = Pace(10.0, START, lambda: now[0], wait)
    seen: list[int] = []
    for group in pace.iterate_due([[messages]]):
        for part in group:
            for at in part.received_at.tolist():
                assert now[0] >= (from_microseconds(at) - START).total_seconds() / 10
                seen.append(at)
    assert seen == sorted(made.frame["at"].dt.epoch("us").to_list())
    assert now[0] == pytest.approx((5 * 3600 + 33) / 10, abs=2)


def test_pacing_ends_when_it_is_told_to() -> None:
    """A wait that is broken off yields nothing more."""
    _, (messages,), _ = _hear("hydrus")
    pace = Pace(1.0, START - timedelta(hours=1), lambda: 0.0, lambda _seconds: False)
    assert list(pace.iterate_due([[messages]])) == []


def test_a_broker_is_named_by_an_address() -> None:
    """Host, port, user and password; the password does not show."""
    broker = parse_broker("mqtts://bob:p%40ss@broker.example:8899")
    assert broker == Broker("broker.example", 8899, True, "bob", "p@ss")
    assert "p@ss" not in repr(broker)
    assert parse_broker("mqtt://localhost").port == 1883
    for wrong in ("http://x", "mqtt://", "mqtt://host:port"):
        with pytest.raises(ValueError, match="expected"):
            parse_broker(wrong)


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    """No half an hour of silence: one sentence."""
    with pytest.raises(BrokerError, match=r"broker 127\.0\.0\.1:1 cannot be reached"), MqttSink(Broker("127.0.0.1", 1)):
        raise AssertionError("there is no broker")
