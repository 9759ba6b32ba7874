# SPDX-License-Identifier: Apache-2.0
"""From inbox to Delta table: exact values, once each, whatever happens in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.db import connections

from avlest.collect.inbox import Inbox
from avlest.collect.models import Batch, GatewayState, Kept, MeterState, OutcomeCount, Packet
from avlest.collect.pipeline.locks import LaneLocks
from avlest.readings.quality import Quality
from avlest.registry.models import Meter, Register
from avlest.registry.rights import Actor
from avlest.registry.services.keys import do_set_meter_key
from avlest.registry.services.rows import do_change_row
from tests.collect.plant import START, Plant, hear, register
from tests.collect.senders import Sender

MINUTE = timedelta(minutes=1)


def get_readings(plant: Plant, quantity: str = "volume") -> list[tuple[str, Any, int]]:
    """(serial, at, value) of every stored row, in order."""
    names = {r.pk: r.meter.serial for r in Register.objects.select_related("meter").filter(quantity=quantity)}
    rows = plant.store.history("readings", ids=sorted(names) or [0])
    return sorted((names[row["register"]], row["at"], row["value"]) for row in rows.to_dicts())


def test_a_telegram_becomes_readings_in_thousandths_of_the_canonical_unit(plant: Plant, actor: Actor) -> None:
    sender = Sender(1)
    meter = register(actor, [sender])[sender.serial]
    Inbox().put([hear(sender.send(12345, flow=60), START)])
    plant.worker.drain()
    rows = plant.store.read_range("readings", ids=None)
    specs = {row.pk: (row.quantity, row.unit, row.kind) for row in Register.objects.filter(meter=meter)}
    assert {specs[row["register"]]: row["value"] for row in rows.to_dicts()} == {
        ("volume", "l", "counter"): 12_345_000,
        ("volume_flow", "lh", "gauge"): 60_000,
    }
    first = rows.to_dicts()[0]
    assert (first["at"], first["status"], first["quality"], first["source"]) == (START, 0, Quality.MEASURED, "roof")
    assert first["known_at"] == plant.clock.now
    assert not Packet.objects.exists()


def test_a_telegram_heard_by_three_gateways_counts_once(plant: Plant, actor: Actor) -> None:
    sender = Sender(1)
    register(actor, [sender])
    telegram = sender.send(5)
    Inbox().put([hear(telegram, START + timedelta(seconds=n), gateway=f"g{n}") for n in (2, 0)])
    plant.worker.drain()
    Inbox().put([hear(telegram, START + timedelta(seconds=1), gateway="g1")])
    plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 5000)]
    assert GatewayState.objects.count() == 3
    assert OutcomeCount.objects.get(outcome="repeated").messages == 2


def test_a_repeat_is_known_after_a_restart(plant: Plant, actor: Actor) -> None:
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(5), START)])
    plant.worker.drain()
    plant.restart()
    Inbox().put([hear(sender.send(5), START + timedelta(seconds=9))])
    plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 5000)]


def test_the_same_bytes_long_after_are_a_new_reading(plant: Plant, actor: Actor) -> None:
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(5), START + n * 10 * MINUTE) for n in range(3)])
    plant.worker.drain()
    assert [at for _, at, _ in get_readings(plant)] == [START + n * 10 * MINUTE for n in range(3)]


def test_the_last_known_state_of_a_meter_shows_value_signal_and_how_often_it_was_heard(
    plant: Plant, actor: Actor
) -> None:
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(number), START + number * MINUTE, rssi=-60.0 - number) for number in range(5)])
    plant.worker.drain()
    state = MeterState.objects.get()
    volume = Register.objects.get(quantity="volume").pk
    assert (state.heard, state.outcome, state.rssi, state.last_heard_at) == (5, "ok", -64.0, START + 4 * MINUTE)
    assert state.values[str(volume)][1] == 4000
    assert state.kept == 10


def test_what_cannot_be_read_is_kept_with_its_reason_and_counted(plant: Plant, actor: Actor) -> None:
    stranger = Sender(7)
    Inbox().put([hear(stranger.send(5), START), hear(b"\x05noise", START), hear(b"\x01", START)])
    plant.worker.drain()
    assert {row.outcome for row in Kept.objects.all()} >= {"key_missing"}
    assert Kept.objects.count() == 3
    found = Meter.objects.get(serial=stranger.serial)
    assert found.state == Meter.State.FOUND
    assert MeterState.objects.get(serial=stranger.serial).outcome == "key_missing"
    assert not get_readings(plant)


def test_late_keys_turn_what_waited_into_readings_with_their_original_times(plant: Plant, actor: Actor) -> None:
    senders = [Sender(n) for n in range(100)]
    messages = [hear(s.send(hour, access=hour), START + timedelta(hours=hour)) for hour in range(100) for s in senders]
    Inbox().put(messages)
    plant.clock.now = START + timedelta(days=5)
    plant.worker.drain()
    assert Kept.objects.count() == 10_000
    assert not get_readings(plant)
    for sender in senders:
        meter = Meter.objects.get(serial=sender.serial)
        do_set_meter_key(actor, meter.pk, sender.key, now=plant.clock.now)
    plant.worker._due.clear()
    plant.worker.drain()
    plant.worker._due.clear()
    plant.worker.drain()
    expected = [(s.serial, START + timedelta(hours=h), h * 1000) for s in senders for h in range(100)]
    assert get_readings(plant) == sorted(expected)
    assert not Kept.objects.exists()


def test_a_meter_that_is_placed_gets_what_was_heard_before(plant: Plant, actor: Actor) -> None:
    sender = Sender(3)
    Inbox().put([hear(sender.send(42, is_open=True), START)])
    plant.worker.drain()
    assert Kept.objects.get().outcome == "unknown_meter"
    assert not get_readings(plant)
    meter = Meter.objects.get(serial=sender.serial)
    do_change_row(actor, Meter, meter.pk, {"state": Meter.State.INSTALLED}, now=plant.clock.now)
    for _ in range(2):
        plant.worker._due.clear()
        plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 42_000)]


def test_a_crash_between_settling_and_appending_loses_and_doubles_nothing(plant: Plant, actor: Actor) -> None:
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(1), START)])
    plant.worker.step()
    assert Batch.objects.filter(appended_at__isnull=True).exists() or get_readings(plant)
    plant.restart()
    plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 1000)]


def test_a_crash_after_the_append_and_before_it_was_noted_doubles_nothing(
    plant: Plant, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(1), START)])
    append = type(plant.store).append

    class Killed(BaseException):
        pass

    def append_and_die(*args: Any, **more: Any) -> None:
        append(*args, **more)
        raise Killed

    monkeypatch.setattr(type(plant.store), "append", append_and_die)
    with pytest.raises(Killed):
        plant.worker.drain()
    monkeypatch.setattr(type(plant.store), "append", append)
    plant.restart()
    Inbox().put([hear(sender.send(2), START + MINUTE)])
    plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 1000), (sender.serial, START + MINUTE, 2000)]


def test_every_telegram_is_stored_as_heard_when_it_is_asked_for(plant: Plant, actor: Actor) -> None:
    from avlest.collect.options import CollectOptions

    sender = Sender(1)
    register(actor, [sender])
    plant.options = CollectOptions(interval_minutes=0, keep_all=True)
    plant.restart()
    Inbox().put([hear(sender.send(1), START), hear(Sender(2).send(1), START)])
    plant.worker.drain()
    rows = plant.store.read_range("telegrams", ids=None).sort("address")
    assert rows["outcome"].to_list() == ["ok", "key_missing"]
    assert rows["payload"].to_list()[0] == sender.send(1)
    assert isinstance(rows, pl.DataFrame)


def test_a_defect_of_ours_puts_one_packet_aside_and_the_others_go_on(
    plant: Plant, actor: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = Sender(1), Sender(2)
    register(actor, [good, bad])
    poison = bad.send(1)
    decode = type(plant.worker.decider.road).decode

    def fail(self: Any, rows: Any, payloads: Any, *more: Any) -> Any:
        if poison in payloads:
            raise ArithmeticError("a defect")
        return decode(self, rows, payloads, *more)

    monkeypatch.setattr(type(plant.worker.decider.road), "decode", fail)
    for number in range(4):
        Inbox().put([hear(good.send(number), START + number * MINUTE)])
    Inbox().put([hear(poison, START)])
    plant.worker.drain()
    assert [value for _, _, value in get_readings(plant)] == [0, 1000, 2000, 3000]
    assert Kept.objects.get().outcome == "put_aside"
    assert "a defect" in caplog.text


def test_a_full_disk_at_the_append_loses_nothing(plant: Plant, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from avlest.readings.tables import StoreError

    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(1), START)])
    append = type(plant.store).append

    def refuse(*_args: Any, **_more: Any) -> None:
        raise StoreError(location="here", action="append to readings", cause="the disk is full")

    monkeypatch.setattr(type(plant.store), "append", refuse)
    with pytest.raises(StoreError, match="disk is full"):
        plant.worker.drain()
    Inbox().put([hear(sender.send(2), START + MINUTE)])
    monkeypatch.setattr(type(plant.store), "append", append)
    plant.restart()
    plant.worker.drain()
    assert [value for _, _, value in get_readings(plant)] == [1000, 2000]


def test_a_lane_is_worked_on_by_one_process_at_a_time(plant: Plant, actor: Actor) -> None:
    def try_elsewhere() -> bool:
        """Ask from a connection of its own, as another process does."""
        locks = LaneLocks(plant.folder / "locks")
        try:
            return locks.acquire(0)
        finally:
            locks.release_all()
            connections.close_all()

    plant.worker.step()
    assert list(plant.worker.lanes) == [0]
    with ThreadPoolExecutor(max_workers=1) as pool:
        assert not pool.submit(try_elsewhere).result(20)
        plant.worker.locks.release_all()
        assert pool.submit(try_elsewhere).result(20)


def test_a_decision_about_packets_that_are_gone_is_void(plant: Plant, actor: Actor) -> None:
    from avlest.collect.pipeline.repeats import Memory
    from avlest.collect.pipeline.settle import LostRaceError, do_settle

    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(1), START)])
    packet = Packet.objects.get()
    decision = plant.worker.decider.decide([bytes(packet.body)], [False], memory=Memory(), lane=0, now=plant.clock.now)
    plant.worker.drain()
    with pytest.raises(LostRaceError):
        do_settle(decision, [packet.pk], lane=0, now=plant.clock.now)
    plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 1000)]


def test_another_organisations_meter_of_the_same_address_gets_its_own_readings(plant: Plant, actor: Actor) -> None:
    from avlest.registry.access import make_system_actor
    from avlest.registry.services.organisations import do_create_organisation

    sender = Sender(1)
    number = do_create_organisation(name="Nes", slug="nes", by="test", now=START)
    register(actor, [sender])
    register(make_system_actor(number, name="test"), [sender])
    Inbox().put([hear(sender.send(9), START)])
    plant.worker.drain()
    assert get_readings(plant) == [(sender.serial, START, 9000)] * 2


def test_restored_database_behind_the_tables_loses_no_new_reading(plant: Plant, actor: Actor) -> None:
    from avlest.collect.models import Lane

    sender = Sender(1)
    register(actor, [sender])
    for number in range(3):
        Inbox().put([hear(sender.send(number), START + number * MINUTE)])
        plant.worker.drain()
    Lane.objects.update(last_append=0)
    plant.restart()
    Inbox().put([hear(sender.send(3), START + 3 * MINUTE)])
    plant.worker.drain()
    assert [value for _, _, value in get_readings(plant)] == [0, 1000, 2000, 3000]
