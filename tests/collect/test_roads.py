# SPDX-License-Identifier: Apache-2.0
"""Every road into the pipeline: registers, exact thousandths, times and status words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.catalogue import build_catalogue
from avlest.collect.formats.canonical import Reading, to_heard
from avlest.collect.heard import HAN, LORAWAN, Heard
from avlest.collect.inbox import Inbox
from avlest.collect.models import Kept, MeterState, StatusText
from avlest.collect.pipeline.numbers import round_half_up, scale_value
from avlest.collect.pipeline.registers import Scaling, SpecBook, derive_scaling
from avlest.collect.pipeline.telegram_road import TelegramRoad
from avlest.readings.quality import Quality
from avlest.registry.models import Meter, Register
from avlest.registry.rights import Actor
from avlest.registry.services.rows import do_create_row
from avlest.telegrams.encode.han import build_list, encode_han
from avlest.telegrams.encode.records import RecordSpec
from avlest.telegrams.encode.telegrams import encode_telegram
from avlest.telegrams.han import Maker
from avlest.telegrams.keyring import KeyRing
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer
from tests.collect.plant import MADE_AT, START, Plant, hear, register
from tests.collect.senders import Sender

HAN_METER = "6970631401234567"


def read_values(plant: Plant) -> dict[tuple[str, str], tuple[int, datetime, int]]:
    """(quantity, qualifier) → (value, at, quality) of all stored readings."""
    specs = {row.pk: (row.quantity, row.qualifier) for row in Register.objects.all()}
    rows = plant.store.read_range("readings", ids=None).to_dicts()
    return {specs[row["register"]]: (row["value"], row["at"], row["quality"]) for row in rows}


def make_han(list_id: int, clock: datetime, **readings: Any) -> bytes:
    made = build_list(Maker.KAIFA, list_id, readings=readings, clock=clock, meter_id=HAN_METER, model="MA304H3E")
    return encode_han(made)


FULL = {
    "active_power_import": 1234, "active_power_export": 0, "reactive_power_import": 0, "reactive_power_export": 7,
    "current_l1": Fraction(12, 10), "current_l2": Fraction(7, 10), "current_l3": Fraction(5, 10),
    "voltage_l1": 230, "voltage_l2": 231, "voltage_l3": 229,
    "active_energy_import": 1_234_567, "active_energy_export": 0, "reactive_energy_import": 0,
    "reactive_energy_export": 0,
}  # fmt: skip


def test_a_han_list_gives_watts_and_watt_hours_and_its_counters_stand_at_the_full_hour(
    plant: Plant, actor: Actor
) -> None:
    do_create_row(actor, Meter(manufacturer="KFM", serial=HAN_METER, state="installed"), now=MADE_AT)
    heard_at = START + timedelta(seconds=10)
    Inbox().put([Heard(heard_at, "han", HAN, make_han(3, START, **FULL), gateway="box")])
    plant.worker.drain()
    values = read_values(plant)
    assert values["power", ""][:2] == (1_234_000, heard_at)
    assert values["energy", ""][:2] == (1_234_567, START)
    assert values["voltage", "l2"][0] == 231_000


def test_short_lists_belong_to_the_meter_heard_at_the_port_before(plant: Plant, actor: Actor) -> None:
    do_create_row(actor, Meter(manufacturer="KFM", serial=HAN_METER, state="installed"), now=MADE_AT)
    Inbox().put([Heard(START, "han", HAN, make_han(2, START, **FULL), gateway="box")])
    plant.worker.drain()
    plant.restart()
    later = START + timedelta(minutes=1)
    Inbox().put([Heard(later, "han", HAN, make_han(1, later, active_power_import=99), gateway="box")])
    plant.worker.drain()
    powers = {row["at"]: row["value"] for row in plant.store.read_range("readings", ids=None, start=later).to_dicts()}
    assert powers == {later: 99_000}


def test_a_reading_that_was_typed_in_is_found_by_serial_or_point_and_ranks_below_the_meter(
    plant: Plant, actor: Actor
) -> None:
    sender = Sender(1)
    register(actor, [sender])
    reading = Reading(START, Decimal("12.345"), meter=sender.serial, quantity="volume", unit="m3")
    Inbox().put([to_heard([reading], received_at=START, source="desk")])
    plant.worker.drain()
    assert read_values(plant)["volume", ""] == (12_345_000, START, Quality.CUSTOMER_READ)
    Inbox().put([hear(sender.send(12346), START)])
    plant.worker.drain()
    assert read_values(plant)["volume", ""] == (12_346_000, START, Quality.MEASURED)


def test_a_reading_that_cannot_be_is_kept_with_its_reason(plant: Plant, actor: Actor) -> None:
    payload = json.dumps({"readings": [{"at": "2026-03-01T12:00:00Z", "meter": "1", "value": "much"}]}).encode()
    Inbox().put([Heard(START, "desk", "reading", payload, address="1")])
    plant.worker.drain()
    assert Kept.objects.get().outcome == "bad_reading"
    assert "value" in Kept.objects.get().detail


def test_an_uplink_without_codec_waits_for_one(plant: Plant, actor: Actor) -> None:
    Inbox().put([Heard(START, "net", LORAWAN, b"\x01\x02", address="0102030405060708", port=1, counter=5)])
    plant.worker.drain()
    kept = Kept.objects.get()
    assert (kept.outcome, kept.serial) == ("no_reader", "0102030405060708")


def test_status_words_are_stored_as_a_number_that_finds_them(plant: Plant, actor: Actor) -> None:
    link = Address(encode_manufacturer("KAM"), bytes.fromhex("11223344")[::-1], 0x34, 0x04)
    do_create_row(actor, Meter(manufacturer="KAM", serial="11223344", state="installed"), now=MADE_AT)
    records = [RecordSpec(bytes.fromhex("0406"), 77), RecordSpec(bytes.fromhex("04FF22"), b"\x02\0\0\0")]
    records[1] = RecordSpec(bytes.fromhex("04FF22"), 2)
    Inbox().put([hear(encode_telegram(records, Envelope(link)), START)])
    plant.worker.drain()
    row = plant.store.read_range("readings", ids=None).to_dicts()[0]
    assert StatusText.objects.get(pk=row["status"]).text == "LOW_BATTERY_LEVEL"
    assert MeterState.objects.get().status == "LOW_BATTERY_LEVEL"
    assert row["value"] == 77_000


@given(st.integers(-(2**62), 2**62), st.sampled_from(["m3", "l", "kwh", "gj", "mwh", "c", "bar", "s", "h"]))
def test_scaling_is_exact_or_rounded_to_the_nearest_thousandth(number: int, unit: str) -> None:
    scaling = derive_scaling(unit)
    assert isinstance(scaling, Scaling)
    exact = number * scaling.factor + scaling.offset
    found = scale_value(number, scaling)
    if found is None:
        assert abs(round_half_up(exact)) > 2**63 - 1
    else:
        assert abs(found - exact) <= Fraction(1, 2)


def test_a_litre_is_a_thousand_and_a_watt_hour_one() -> None:
    litre, watt_hour = derive_scaling("l"), derive_scaling("wh")
    assert litre is not None
    assert watt_hour is not None
    assert (scale_value(1, litre), scale_value(1, watt_hour)) == (1000, 1)
    assert derive_scaling("txt") is None


def test_columns_and_single_telegrams_give_the_same_values(wmbus_vectors: list[dict[str, Any]]) -> None:
    """Every known telegram: decoded in a batch of copies and one by one, the same registers and numbers."""
    book = SpecBook()
    road = TelegramRoad(build_catalogue(), book)
    rows = [row for row in wmbus_vectors if row.get("telegram")]
    seen = 0
    for row in rows:
        telegram = bytes.fromhex(row["telegram"].replace("|", "").replace("_", ""))
        key = bytes.fromhex(row["key"]) if len(row.get("key") or "") == 32 else None
        columnar = _decode(road, [telegram, telegram], key)
        single = _decode_singly(road, telegram, key)
        if single is not None:
            seen += 1
            assert columnar == single, row["telegram"]
    assert seen > 100


def _decode(road: TelegramRoad, telegrams: list[bytes], key: bytes | None) -> set[tuple[int, int]]:
    import numpy as np

    decoded = road.decode(np.arange(len(telegrams)), telegrams, KeyRing(), [key] * len(telegrams))
    values = decoded.get_values()
    return set(values.filter(values["row"] == 0).select("spec", "value").rows())


def _decode_singly(road: TelegramRoad, telegram: bytes, key: bytes | None) -> set[tuple[int, int]] | None:
    from avlest.collect.pipeline.decoded import Decoded
    from avlest.telegrams.outcomes import TelegramError

    road.scalar.traces.clear()
    try:
        item = road.scalar.decode(telegram, keys=(key,) if key else ())
    except TelegramError:
        return None
    decoded = Decoded()
    binding, clear = road.scalar.traces[0]
    road._add_object(0, item, binding, clear, decoded)
    return set(decoded.get_values().select("spec", "value").rows())


def test_the_time_of_hearing_is_kept_to_the_microsecond(plant: Plant, actor: Actor) -> None:
    sender = Sender(1)
    register(actor, [sender])
    at = datetime(2026, 3, 29, 1, 0, 0, 123457, tzinfo=UTC)
    plant.clock.now = at + timedelta(hours=1)
    Inbox().put([hear(sender.send(1), at)])
    plant.worker.drain()
    assert {at for _, at, _ in read_values(plant).values()} == {at}


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2150, 1, 1, tzinfo=UTC)])
def test_an_impossible_time_is_an_outcome(plant: Plant, actor: Actor, at: datetime) -> None:
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(1), at), hear(sender.send(2), START)])
    plant.worker.drain()
    assert [row.outcome for row in Kept.objects.all()] == ["bad_time"]
    assert read_values(plant)["volume", ""][0] == 2000
