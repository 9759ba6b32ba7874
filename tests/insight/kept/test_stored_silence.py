# SPDX-License-Identifier: Apache-2.0
"""Silence as it is kept: one alarm for what has one cause, and who it stands for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from avlest.collect.models import GatewayState, MeterState
from avlest.insight.contracts import AlarmKind
from avlest.insight.models import Alarm, Message
from avlest.insight.queries import count_alarms, get_silenced_meters
from avlest.insight.services.finding import do_find_alarms
from avlest.insight.services.telling import do_tell_alarms
from avlest.registry.models import Gateway, Installation, Meter, MeteringPoint, User, Zone
from avlest.registry.rights import Role
from avlest.registry.services.organisations import do_add_member
from tests.insight.kept.town import QUIET, Town, at, get_all, hear_of, make_home
from tests.readings.plant import HOUR, MADE_AT, START, Plant

pytestmark = pytest.mark.django_db
LAST = START + HOUR * 100


def hang(plant: Plant, count: int, *, gateway: str, heard: datetime = LAST, dev_eui: bool = False) -> list[int]:
    """So many meters that one gateway hears, last heard then; straight into the tables, because they are many."""
    organisation = plant.actor.organisation_id
    first = Meter.objects.count()
    numbers = range(first, first + count)
    eui = "00000000%08x" if dev_eui else ""
    meters = Meter.objects.bulk_create(
        Meter(organisation_id=organisation, manufacturer="KAM", serial=f"{n:08}", dev_eui=eui % n if eui else "")
        for n in numbers
    )
    points = MeteringPoint.objects.bulk_create(
        MeteringPoint(organisation_id=organisation, code=f"M{n}", medium="cold_water") for n in numbers
    )
    Installation.objects.bulk_create(
        Installation(organisation_id=organisation, meter=meter, point=point, starts_at=START)
        for meter, point in zip(meters, points, strict=True)
    )
    MeterState.objects.bulk_create(
        MeterState(
            manufacturer="" if dev_eui else "KAM", serial=meter.dev_eui or meter.serial, first_heard_at=START,
            last_heard_at=heard, heard=20, outcome="stored", gateway=gateway, source="radio",
        )
        for meter in meters
    )  # fmt: skip
    return [meter.pk for meter in meters]


def make_gateway(plant: Plant, code: str = "mast-1", kind: str = "lorawan") -> int:
    """A gateway of the organisation."""
    return Gateway.objects.create(
        organisation_id=plant.actor.organisation_id, code=code, name="Mast 1", kind=kind, road="lorawan"
    ).pk


def test_4000_meters_silent_with_one_gateway_are_one_alarm_and_one_message(plant: Plant) -> None:
    """Item 6 of the issue, by the road the service takes: found, kept, counted, told."""
    gateway = make_gateway(plant)
    meters = hang(plant, 4000, gateway="mast-1")
    user = User.objects.create_user("drift", email="drift@example.no")
    do_add_member(plant.actor, user_id=user.pk, role=Role.OPERATOR, now=MADE_AT)
    now = LAST + HOUR * 20
    found = do_find_alarms(plant.store, now=now)
    assert (found.opened, found.still_open) == (1, 1)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.gateway_id, alarm.count, alarm.since) == (
        AlarmKind.GATEWAY_SILENT, gateway, 4000, LAST
    )  # fmt: skip
    assert (alarm.place, alarm.severity) == ("Mast 1", "severe")
    assert count_alarms(plant.actor.organisation_id).total == 1
    assert get_silenced_meters(plant.actor.organisation_id, alarm.id) == sorted(meters)
    assert do_tell_alarms(now=now) == 1
    assert Message.objects.count() == 1
    assert do_find_alarms(plant.store, now=now + HOUR).opened == 0
    assert do_tell_alarms(now=now + HOUR) == 0
    MeterState.objects.update(last_heard_at=now + HOUR)
    done = do_find_alarms(plant.store, now=now + HOUR * 2)
    assert (done.cleared, done.still_open) == (1, 0)


def test_a_dead_gateway_is_told_though_its_neighbours_hear_all_its_meters(plant: Plant) -> None:
    """By when something came through it last; one alarm, which ends when it is heard again."""
    make_gateway(plant, "mast-2")
    gateway = make_gateway(plant)
    now = LAST + HOUR * 20
    hang(plant, 5, gateway="mast-2", heard=now)
    for code, last in (("mast-1", LAST), ("mast-2", now)):
        GatewayState.objects.create(source="radio", code=code, first_heard_at=START, last_heard_at=last, heard=500)
    do_find_alarms(plant.store, now=now)
    do_find_alarms(plant.store, now=now + HOUR)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.gateway_id, alarm.count, alarm.since) == (AlarmKind.GATEWAY_SILENT, gateway, 0, LAST)
    GatewayState.objects.update(last_heard_at=now + HOUR)
    done = do_find_alarms(plant.store, now=now + HOUR * 2)
    assert (done.cleared, done.still_open) == (1, 0)


def test_a_lorawan_meter_is_known_by_its_device_number(plant: Plant) -> None:
    """The network names devices by EUI alone: they are heard, and silent, all the same."""
    make_gateway(plant)
    hang(plant, 3, gateway="mast-1", heard=LAST + HOUR * 19, dev_eui=True)
    (silent,) = hang(plant, 1, gateway="mast-1", dev_eui=True)
    do_find_alarms(plant.store, now=LAST + HOUR * 20)
    assert [(one.kind, one.meter_id) for one in get_all(plant)] == [(AlarmKind.SILENT, silent)]


def test_a_meter_put_up_where_none_was_heard_is_not_silent(plant: Plant) -> None:
    """It has had no time to be heard, or was never."""
    plant.make_meter()
    (meter,) = hang(plant, 1, gateway="")
    Installation.objects.filter(meter_id=meter).update(starts_at=LAST + HOUR * 10)
    do_find_alarms(plant.store, now=LAST + HOUR * 20)
    assert get_all(plant) == []


def test_meters_on_the_mains_that_fall_silent_together_are_one_power_cut(plant: Plant) -> None:
    """Five meters read through electricity meters in one zone."""
    zone = Zone.objects.create(organisation_id=plant.actor.organisation_id, code="S1", name="Sentrum")
    make_gateway(plant, "ams-1", "ams")
    make_gateway(plant, "ams-2", "ams")
    for code in ("ams-1", "ams-2"):
        hang(plant, 3, gateway=code, heard=LAST)
        hang(plant, 3, gateway=code, heard=LAST + HOUR * 79)
    MeteringPoint.objects.update(zone=zone)
    MeteringPoint.objects.filter(code__in=["M3", "M4", "M5", "M9", "M10", "M11"]).update(zone=None)
    do_find_alarms(plant.store, now=LAST + HOUR * 80)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.zone_id, alarm.count, alarm.place) == (AlarmKind.POWER_CUT, zone.pk, 6, "Sentrum")


def test_a_history_that_comes_at_once_tells_of_silences_that_are_over(plant: Plant) -> None:
    """Readings of two months with a hole of four days: one ended alarm, the same when looked at again."""
    town, (register, point) = Town(plant), make_home(plant)
    town.use(register, QUIET * 18, without=range(100, 200))
    meter = Installation.objects.get(point_id=point).meter_id
    make_gateway(plant)
    hear_of(meter, first=START, last=at(18 * 24), gateway="mast-1")
    for _ in range(2):
        town.look(18 * 24)
        silences = Alarm.objects.filter(kind="silent")
        assert list(silences.values_list("meter_id", "since", "opened_at", "cleared_at")) == [
            (meter, at(99), at(118), at(200))
        ]


def test_a_battery_of_ten_years_is_told_once(plant: Plant) -> None:
    """By its age where the meter does not say it, and ended with the meter."""
    _, point = make_home(plant)
    Installation.objects.filter(point_id=point).update(starts_at=START - timedelta(days=3653))
    do_find_alarms(plant.store, now=LAST)
    do_find_alarms(plant.store, now=LAST + HOUR)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.evidence, alarm.cleared_at) == (AlarmKind.LOW_BATTERY, "age", None)
