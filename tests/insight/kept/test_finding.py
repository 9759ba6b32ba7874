# SPDX-License-Identifier: Apache-2.0
"""Alarms found in stored hours and kept: once, whatever the way, with all that people did to them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from avlest.insight.contracts import AlarmKind
from avlest.insight.infos import AlarmState
from avlest.insight.models import Alarm, Evaluation
from avlest.insight.services import finding
from avlest.insight.services.alarms import do_acknowledge, do_note_fixed
from avlest.insight.services.finding import do_find_alarms_again
from avlest.insight.services.prices import do_set_price
from avlest.insight.services.wishes import do_end_absence, do_end_limit, do_note_absence, do_set_limit, do_set_use
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Installation, Series
from avlest.registry.services.installations import do_remove_meter
from tests.insight.kept.town import DRY, LEAK, QUIET, Town, at, describe, get_all, make_home
from tests.readings.plant import MADE_AT, START, Plant

pytestmark = pytest.mark.django_db
QUIET_WEEK = QUIET * 7
WEEK = 7 * 24


@pytest.fixture
def town(plant: Plant) -> Town:
    """Nobody lives there yet."""
    return Town(plant)


def test_a_leak_is_kept_with_all_it_carries(plant: Plant, town: Town) -> None:
    """Twelve litres an hour for thirty hours: since when, how much, what it cost, where, why, what to check."""
    register, point = make_home(plant)
    do_set_price(plant.actor, starts_on=derive_local_day(MADE_AT), price=Decimal("80.00"), source="test", now=MADE_AT)
    town.use(register, [*QUIET_WEEK, *[LEAK] * 30])
    found = town.look(WEEK + 30)
    assert (found.opened, found.cleared, found.still_open) == (1, 0, 1)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.severity, alarm.state) == (AlarmKind.CONTINUOUS_FLOW, "warning", AlarmState.OPEN)
    assert (alarm.since, alarm.opened_at, alarm.last_at) == (at(WEEK), at(WEEK + 24), at(WEEK + 30))
    assert (alarm.rate, alarm.amount, alarm.unit) == (12_000, 360_000, "l")
    assert (alarm.cost, alarm.cost_per_year) == (2_880, 840_960)  # 0.36 m³, and 105.12 m³, at 80 kr
    assert (alarm.place, alarm.point_id, alarm.told) == ("Storgata 1 H0102", point, ())
    assert alarm.get_text("en").cause
    assert len(alarm.get_text("nn").checks) == len(alarm.advice) > 1


def test_an_alarm_is_cleared_by_a_dry_hour_and_is_the_same_row(plant: Plant, town: Town) -> None:
    """It goes on growing, ends, and a second one begins; looking again finds nothing new."""
    register, _ = make_home(plant)
    town.use(register, [*QUIET_WEEK, *[LEAK] * 30, DRY, *[LEAK] * 30, DRY, DRY])
    town.look(WEEK + 26)
    (first,) = get_all(plant)
    town.look(WEEK + 29)
    (grown,) = get_all(plant)
    assert (grown.id, grown.amount) == (first.id, 29 * 12_000)
    done = town.look(WEEK + 63)
    assert (done.opened, done.cleared, done.still_open) == (1, 1, 0)
    ended, second = get_all(plant)
    assert (ended.id, ended.cleared_at, ended.state) == (first.id, at(WEEK + 31), AlarmState.CLEARED)
    assert second.since == at(WEEK + 31)
    assert town.look(WEEK + 63).describe().startswith("0 series and meters looked at, 0 alarms opened")


def make_town(plant: Plant, town: Town) -> int:
    """Five meters with leaks at different times and of different kinds; returns how many hours there are."""
    patterns: list[list[float]] = [
        [*QUIET_WEEK, *[LEAK] * 40, *QUIET * 5],
        [*QUIET_WEEK, *QUIET * 2, *[900.0] * 4, *QUIET * 4],
        [*QUIET * 3, *[5.0] * 200],
        [*[LEAK] * 30, DRY, *[LEAK] * 100, DRY, *QUIET * 6],
        [*QUIET_WEEK, *QUIET * 6],
    ]
    for pattern in patterns:
        register, _ = make_home(plant)
        town.use(register, pattern)
    return max(map(len, patterns))


def test_looking_every_day_gives_what_looking_once_gives(plant: Plant, town: Town) -> None:
    """Idempotent and resumable: the same rows whichever way."""
    hours = make_town(plant, town)
    for hour in [*range(20, hours, 17), hours]:
        town.look(hour)
    daily = describe()
    assert len(daily) >= 5
    Alarm.objects.all().delete()
    Evaluation.objects.all().delete()
    town.look(hours)
    assert describe() == daily


@pytest.mark.parametrize("killed_at", range(4))
def test_a_run_that_is_killed_is_simply_done_again(
    plant: Plant, town: Town, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """Killed in any portion, before or after it was kept: the rows end as if nothing had happened."""
    hours = make_town(plant, town)
    town.look(hours)
    once = describe()
    Alarm.objects.all().delete()
    Evaluation.objects.all().delete()
    monkeypatch.setattr("avlest.insight.evaluate.hours._CELLS", 1)  # a portion for each series
    keep, calls = finding._keep, iter(range(100))

    def die(*given: Any, **named: Any) -> Any:
        if next(calls) == killed_at:
            raise KeyboardInterrupt
        return keep(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(finding, "_keep", die)
        with pytest.raises(KeyboardInterrupt):
            town.look(hours)
    assert not Evaluation.objects.exists()
    town.look(hours)
    assert describe() == once


def test_late_values_move_an_alarm_and_keep_what_people_did(plant: Plant, town: Town) -> None:
    """A reading that came late shows a dry hour: the alarm begins later; the row, seen by staff, stays."""
    register, _ = make_home(plant)
    litres = [*QUIET_WEEK, *[LEAK] * 50]
    town.use(register, litres, without=range(WEEK + 11, WEEK + 14))
    town.look(WEEK + 50)
    (before,) = get_all(plant)
    assert before.since == at(WEEK)
    do_acknowledge(plant.actor, before.id, now=plant.now, note="asked the owner")
    # What ran in the gap ran in its first hour.
    total = round(1000 * sum(litres[: WEEK + 14]))
    plant.hear(register, [(at(WEEK + hour), total) for hour in (11, 12, 13)])
    town.look(WEEK + 50)
    (after,) = get_all(plant)
    assert (after.id, after.since) == (before.id, at(WEEK + 14))
    assert (after.state, after.note) == (AlarmState.ACKNOWLEDGED, "asked the owner")


@pytest.mark.parametrize("is_told", [False, True])
def test_an_alarm_that_late_values_take_back_is_gone_unless_people_were_told(
    plant: Plant, town: Town, is_told: bool
) -> None:
    """Nobody told: no row.  Told: a row that has ended, so that the message has something to point at."""
    register, _ = make_home(plant)
    litres = [*QUIET_WEEK, *[LEAK] * 24]
    town.use(register, litres, without=range(WEEK + 9, WEEK + 12))
    town.look(WEEK + 24)
    row = Alarm.objects.get(cleared_at=None)
    if is_told:
        row.step = "opened"
        row.save()
    total = round(1000 * sum(litres[: WEEK + 12]))
    plant.hear(register, [(at(WEEK + hour), total) for hour in (9, 10, 11)])
    assert town.look(WEEK + 24).withdrawn == 1
    assert Alarm.objects.filter(pk=row.pk, cleared_at__isnull=False).exists() is is_told


def test_a_meters_own_word_for_a_leak_is_said_once(plant: Plant, town: Town) -> None:
    """The series and the meter's LEAK bit: one is shown, the other stands behind it, with the same cause."""
    register, point = make_home(plant)
    litres = [*QUIET_WEEK, *[LEAK] * 40]
    town.use(register, litres, words=dict.fromkeys(range(WEEK + 26, WEEK + 41), "LEAK"))
    town.look(WEEK + 40)
    rows = Alarm.objects.filter(point_id=point, kind="continuous_flow")
    assert {(row.evidence, row.is_shown) for row in rows} == {("series", True), ("meter", False)}
    assert len({row.cause_key for row in rows}) == 1
    (shown,) = get_all(plant)
    assert [one.evidence for one in finding_members(plant, shown.id)] == ["meter"]


def finding_members(plant: Plant, alarm: int) -> list[Any]:
    """The alarms that one stands for."""
    from avlest.insight.queries import get_members

    return get_members(plant.actor.organisation_id, alarm, now=plant.now)


def test_a_meters_words_open_and_clear(plant: Plant, town: Town) -> None:
    """DRY for three hours, then OK; looking hour by hour gives the same row."""
    register, _ = make_home(plant)
    town.use(register, QUIET, words=dict.fromkeys(range(5, 8), "DRY"))
    for hour in range(1, 13):
        town.look(hour)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.opened_at, alarm.cleared_at) == (AlarmKind.DRY, at(5), at(8))
    assert alarm.meter_id == Installation.objects.get(point_id=alarm.point_id).meter_id


def test_a_meter_that_is_taken_down_ends_its_alarms(plant: Plant, town: Town) -> None:
    """It says nothing any more: TAMPER does not stand for ever."""
    register, point = make_home(plant)
    town.use(register, QUIET, words=dict.fromkeys(range(5, 25), "TAMPER"))
    town.look(12)
    assert [one.kind for one in get_all(plant, is_open=True)] == [AlarmKind.TAMPER]
    do_remove_meter(plant.actor, Installation.objects.get(point_id=point).pk, ends_at=at(12), now=at(13))
    town.look(14)
    (alarm,) = get_all(plant)
    assert alarm.cleared_at == at(12)


def test_an_absence_makes_any_flow_an_alarm_until_people_are_back(plant: Plant, town: Town) -> None:
    """Said by the resident, looked at at once, and over when they say so."""
    register, point = make_home(plant)
    town.use(register, [*QUIET_WEEK, *QUIET * 3])
    town.look(WEEK + 20)
    assert get_all(plant) == []
    number = do_note_absence(
        plant.actor, point, starts_at=at(WEEK + 1), ends_at=None, own_points=[point], now=at(WEEK + 20)
    )
    town.look(WEEK + 30)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.since, alarm.severity) == (AlarmKind.AWAY_FLOW, at(WEEK + 6), "severe")
    assert do_end_absence(plant.actor, number, own_points=[point], now=at(WEEK + 31))
    town.look(WEEK + 40)
    assert [one.cleared_at is None for one in get_all(plant)] == [False]


def test_whose_thresholds_a_point_follows_can_be_said(plant: Plant, town: Town) -> None:
    """A dairy never sleeps: as a business its steady flow is no leak, and the old alarm is taken back."""
    register, point = make_home(plant)
    town.use(register, [40.0] * 24 * 16)
    town.look(24 * 16)
    assert {one.kind for one in get_all(plant)} == {AlarmKind.CONTINUOUS_FLOW, AlarmKind.CONTINUOUS_FLOW_7D}
    day = derive_local_day(START)
    do_set_use(plant.actor, point, customer_class="business", is_occupied=True, starts_on=day, now=plant.now)
    town.look(24 * 16)
    assert get_all(plant) == []
    do_set_use(plant.actor, point, customer_class="", is_occupied=True, starts_on=day, now=plant.now)
    town.look(24 * 16)
    assert get_all(plant) == []


def test_a_residents_own_limit_is_an_alarm_of_its_own(plant: Plant, town: Town) -> None:
    """More than 100 litres in a day: opened with the hour that went above, cleared at midnight."""
    register, point = make_home(plant)
    town.use(register, [*QUIET_WEEK, *[DRY] * 6, 60.0, 70.0, *[DRY] * 30])
    series = Series.objects.get(point_id=point, quantity="volume")
    limit = do_set_limit(plant.actor, series.pk, span="day", limit=100_000, own_points=[point], now=at(1))
    town.look(WEEK + 30)
    (alarm,) = get_all(plant)
    assert (alarm.kind, alarm.opened_at, alarm.cleared_at) == (AlarmKind.OWN_DAY, at(WEEK + 8), at(WEEK + 24))
    assert (alarm.amount, alarm.detail) == (130_000, "100000")
    assert do_end_limit(plant.actor, limit, own_points=[point], now=at(WEEK + 30))
    assert not do_end_limit(plant.actor, limit, own_points=[point], now=at(WEEK + 31))


def test_history_can_be_looked_at_again(plant: Plant, town: Town) -> None:
    """From a day on, with other thresholds or after a repair of the program: rows that hold stay the same rows."""
    register, _ = make_home(plant)
    town.use(register, [*QUIET_WEEK, *[LEAK] * 40, DRY])
    town.look(WEEK + 41)
    before = list(Alarm.objects.values_list("pk", "opened_at"))
    again = do_find_alarms_again(plant.store, since=at(WEEK), now=at(WEEK + 41))
    assert (again.opened, again.withdrawn) == (0, 0)
    assert list(Alarm.objects.values_list("pk", "opened_at")) == before


def test_one_alarm_is_open_of_a_point_and_kind(plant: Plant, town: Town) -> None:
    """The database itself refuses a second one."""
    register, _ = make_home(plant)
    town.use(register, [*QUIET_WEEK, *[LEAK] * 30])
    town.look(WEEK + 30)
    row = Alarm.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_what_is_said_to_be_mended_is_cleared_by_the_series(plant: Plant, town: Town) -> None:
    """Fixed is a word, not a measurement: the alarm stays until an hour is dry."""
    register, point = make_home(plant)
    town.use(register, [*QUIET_WEEK, *[LEAK] * 60, DRY])
    town.look(WEEK + 30)
    (alarm,) = get_all(plant)
    assert do_note_fixed(plant.actor, alarm.id, own_points=[point], now=at(WEEK + 30) + timedelta(minutes=20))
    town.look(WEEK + 50)
    assert [one.state for one in get_all(plant)] == [AlarmState.FIXED]
    town.look(WEEK + 62)
    assert [(one.state, one.cleared_at) for one in get_all(plant)] == [(AlarmState.CLEARED, at(WEEK + 61))]


def test_a_register_that_runs_backwards_is_backflow(plant: Plant, town: Town) -> None:
    """Seven litres an hour back for six hours, made up for the next day: one alarm of 42 litres, over a day later."""
    register, _ = make_home(plant)
    town.use(register, [*QUIET_WEEK, *[DRY] * 3, *[-7.0] * 6, *[9.0] * 12, *QUIET * 3])
    for hour in range(WEEK, WEEK + 60, 5):
        town.look(hour)
    rows = [one for one in get_all(plant) if one.kind is AlarmKind.BACKFLOW]
    (alarm,) = rows
    assert (alarm.since, alarm.opened_at, alarm.amount) == (at(WEEK + 3), at(WEEK + 4), 42_000)
    assert alarm.cleared_at is not None
    assert (alarm.cost, alarm.detail) == (None, "V05")


def test_one_reading_that_lies_low_is_no_backflow(plant: Plant, town: Town) -> None:
    """A reading in error: validation's matter."""
    register, _ = make_home(plant)
    town.use(register, [*QUIET_WEEK, -30.0, 30.0, *QUIET * 2])
    town.look(WEEK + 40)
    assert AlarmKind.BACKFLOW not in {one.kind for one in get_all(plant)}
