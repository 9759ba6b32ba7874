# SPDX-License-Identifier: Apache-2.0
"""Item 5 of the issue, over all kinds: since when, how much, what it has cost, why, what to check, who was told."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from avlest.insight.cases import join_cases, keep_leads
from avlest.insight.causes import add_causes
from avlest.insight.contracts import ALARMS, LEAK_KINDS, PARAMETERS, AlarmKind, make_empty
from avlest.insight.evaluate.saving import save_found
from avlest.insight.evaluate.settling import settle_points
from avlest.insight.infos import AlarmInfo
from avlest.insight.models import Alarm, Message
from avlest.insight.notify.plan import load_plan
from avlest.insight.prices import add_costs
from avlest.insight.queries import get_alarm, get_alarms, get_members
from avlest.insight.services.alarms import do_acknowledge, do_snooze
from avlest.insight.services.telling import do_tell_alarms, load_telling
from avlest.insight.texts import LANGUAGES
from avlest.registry.models import Installation, MeteringPoint, Party, User
from avlest.registry.rights import Role
from avlest.registry.services.organisations import do_add_member
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy
from tests.insight.kept.town import at, make_home
from tests.readings.plant import HOUR, MADE_AT, START, Plant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 11, tzinfo=START.tzinfo)
"""Noon in Oslo: nobody's quiet hours."""
SPAN = {"since": at(10), "opened_at": at(34), "last_at": at(60), "cleared_at": None}


def make_resident(plant: Plant, point: int, language: str, *, phone: str = "") -> int:
    """Somebody who lives where a point is."""
    party = Party(code=f"K{point}", name=f"Kari {point}", language=language, email=f"k{point}@example.no", phone=phone)
    number = do_create_row(plant.actor, party, now=MADE_AT)
    unit = MeteringPoint.objects.get(pk=point).unit_id
    do_begin_tenancy(plant.actor, MoveIn(number, "resident", MADE_AT, unit_id=unit), now=MADE_AT)
    return number


def keep(plant: Plant, kind: AlarmKind, point: int) -> None:
    """Keep an alarm of a kind at a point, as finding does."""
    meter = Installation.objects.get(point_id=point).meter_id
    row = {"scope": "meter", "subject": meter, "kind": str(kind), "evidence": "meter", "count": 1, "detail": "", **SPAN}
    if kind in LEAK_KINDS | {AlarmKind.BACKFLOW, AlarmKind.OWN_DAY}:
        row |= {"rate": 15_000, "amount": 750_000}
    found = add_causes(pl.DataFrame([row], schema=dict(ALARMS)), make_empty(PARAMETERS), "Europe/Oslo")
    owners = {"organisation": plant.actor.organisation_id, "point": point, "meter": meter}
    named = found.with_columns(
        *(pl.lit(value, pl.Int64).alias(name) for name, value in owners.items()),
        *(pl.lit(None, pl.Int64).alias(name) for name in ("series", "gateway", "zone")),
        pl.lit("cold_water").alias("medium"),
        pl.lit("l").alias("unit"),
    )
    save_found(add_costs(named), [], now=NOON)
    settle_points([point])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_carries_all_that_is_asked(plant: Plant, language: str) -> None:
    """All kinds, each in a home of its own with a resident and an operator to tell."""
    user = User.objects.create_user("drift", email="drift@example.no")
    do_add_member(plant.actor, user_id=user.pk, role=Role.OPERATOR, now=MADE_AT)
    for kind in AlarmKind:
        _, point = make_home(plant)
        make_resident(plant, point, language)
        keep(plant, kind, point)
    do_tell_alarms(now=NOON, address="https://vann.example.no")
    alarms = {alarm.kind: alarm for alarm in get_alarms(plant.actor.organisation_id, now=NOON, limit=None)}
    assert set(alarms) == set(AlarmKind)
    for kind, alarm in alarms.items():
        check_alarm(alarm, language)
        check_told(alarm, kind)


def check_alarm(alarm: AlarmInfo, language: str) -> None:
    """What it says by itself."""
    assert (alarm.since, alarm.place) == (at(10), "Storgata 1 H0102")
    text = alarm.get_text(language)
    assert all((text.title, text.meaning, text.cause))
    assert text.checks
    assert alarm.count == 1
    if alarm.kind in LEAK_KINDS:
        assert (alarm.amount, alarm.rate, alarm.cost) == (750_000, 15_000, 7_976)  # 0.75 m³ at 106.34 kr
        assert alarm.cost_per_year == 1_397_308  # 131.4 m³
    else:
        assert alarm.cost is None


def check_told(alarm: AlarmInfo, kind: AlarmKind) -> None:
    """Who hears of what follows the tables; a message holds since when, why, what to check, and a link."""
    table, roads = load_telling(), load_plan()["severity"][alarm.severity]["roads"]
    expected = {f"Kari {alarm.point_id}": str(kind) in table["residents"], "drift": str(kind) in table["staff"]}
    assert {one.name for one in alarm.told} == {name for name, is_told in expected.items() if is_told and roads}
    for message in Message.objects.filter(alarm_id=alarm.id, channel="email", name__startswith="Kari"):
        text = alarm.get_text(message.language)
        assert text.title in message.subject
        assert all(part in message.body for part in (text.cause, text.checks[0], "https://vann.example.no/"))
        assert "2026" in message.body


def test_each_step_is_told_once_and_reminders_end_when_somebody_takes_it_on(plant: Plant) -> None:
    """Opened, a day later, a week later; seen by staff: no more."""
    steps = []
    for is_seen in (False, True):
        _, point = make_home(plant)
        make_resident(plant, point, "nb", phone="+4790000000")
        keep(plant, AlarmKind.CONTINUOUS_FLOW, point)
        alarm = Alarm.objects.get(point_id=point)
        for hours in (0, 1, 25, 26, 169, 200):
            do_tell_alarms(now=NOON + HOUR * hours)
            if is_seen and hours == 1:
                do_acknowledge(plant.actor, alarm.pk, now=NOON + HOUR * 2)
        told = Message.objects.filter(alarm_id=alarm.pk, name__startswith="Kari")
        steps.append(sorted(set(told.values_list("step", flat=True))))
    assert steps == [["long_open", "opened", "still_open"], ["opened"]]


def test_a_snoozed_alarm_is_quiet_until_its_time(plant: Plant) -> None:
    """Ninety days at most; afterwards reminders go on."""
    _, point = make_home(plant)
    make_resident(plant, point, "nb")
    keep(plant, AlarmKind.CONTINUOUS_FLOW, point)
    alarm = Alarm.objects.get(point_id=point)
    do_tell_alarms(now=NOON)
    until = NOON + timedelta(days=3)
    do_snooze(plant.actor, alarm.pk, until=until, own_points=[point], now=NOON)
    assert do_tell_alarms(now=NOON + timedelta(days=2)) == 0
    assert do_tell_alarms(now=until + HOUR) == 1


def test_two_alarms_of_one_cause_are_one_message_and_one_end(plant: Plant) -> None:
    """A day and three nights of the same leak; its end is told when both are over."""
    _, point = make_home(plant)
    make_resident(plant, point, "nb")
    for kind in (AlarmKind.CONTINUOUS_FLOW, AlarmKind.NIGHT_FLOW):
        keep(plant, kind, point)
    assert do_tell_alarms(now=NOON) == 1
    Alarm.objects.filter(kind="night_flow").update(cleared_at=NOON)
    assert do_tell_alarms(now=NOON + HOUR) == 0
    Alarm.objects.filter(kind="continuous_flow").update(cleared_at=NOON)
    assert do_tell_alarms(now=NOON + HOUR * 2) == 1
    assert list(Message.objects.order_by("pk").values_list("step", flat=True)) == ["opened", "cleared"]


def test_one_leak_of_three_kinds_is_one_case_with_its_parts(plant: Plant) -> None:
    """A day, three nights and a week: the gravest leads, and what is said of it is said of all."""
    _, point = make_home(plant)
    kinds = (AlarmKind.CONTINUOUS_FLOW_7D, AlarmKind.CONTINUOUS_FLOW, AlarmKind.NIGHT_FLOW, AlarmKind.LOW_BATTERY)
    for kind in kinds:
        keep(plant, kind, point)
    Alarm.objects.filter(kind="continuous_flow_7d").update(severity="severe")
    cases = join_cases(get_alarms(plant.actor.organisation_id, now=NOON))
    leads = set(keep_leads(Alarm.objects.all()).values_list("pk", flat=True))
    assert {case.kind for case in cases} == {AlarmKind.CONTINUOUS_FLOW_7D, AlarmKind.LOW_BATTERY}
    assert {case.id for case in cases} == leads
    (leak,) = [case for case in cases if case.parts]
    assert {part.kind for part in leak.parts} == {AlarmKind.CONTINUOUS_FLOW, AlarmKind.NIGHT_FLOW}
    do_acknowledge(plant.actor, leak.id, now=NOON, note="seen")
    seen = Alarm.objects.filter(acknowledged_at=NOON)
    assert {row.kind for row in seen} == {str(kind) for kind in kinds[:3]}
    Alarm.objects.filter(pk=leak.id).update(cleared_at=NOON)
    (other,) = [case for case in join_cases(get_alarms(plant.actor.organisation_id, now=NOON)) if case.parts]
    assert other.is_open
    assert other.id in set(keep_leads(Alarm.objects.all()).values_list("pk", flat=True))


def test_history_is_not_told(plant: Plant) -> None:
    """What was over more than two days before it was found is kept and shown, and nobody is woken."""
    _, point = make_home(plant)
    make_resident(plant, point, "nb")
    keep(plant, AlarmKind.BURST, point)
    Alarm.objects.update(cleared_at=NOON - timedelta(days=3))
    assert do_tell_alarms(now=NOON) == 0
    Alarm.objects.update(cleared_at=NOON - timedelta(days=1))
    assert do_tell_alarms(now=NOON) > 0


def test_who_moved_in_sees_only_what_began_with_them(plant: Plant) -> None:
    """An alarm that began before is cut at the take-over and says nothing of how much; what was over is not seen."""
    _, point = make_home(plant)
    keep(plant, AlarmKind.CONTINUOUS_FLOW, point)
    number = Alarm.objects.get().pk
    organisation = plant.actor.organisation_id

    def see(*windows: tuple[datetime, datetime | None]) -> AlarmInfo | None:
        return get_alarm(organisation, number, now=NOON, windows={point: windows})

    whole = see((at(0), None))
    assert whole is not None
    assert (whole.since, whole.amount) == (at(10), 750_000)
    cut = see((at(40), None))
    assert cut is not None
    assert (cut.since, cut.opened_at, cut.amount, cut.cost, cut.rate) == (at(40), at(40), None, None, 15_000)
    former = see((at(0), at(40)))
    assert former is not None
    assert (former.last_at, former.rate, former.amount, former.cleared_at) == (at(40), None, None, None)
    assert see((at(61), None)) is None
    assert see((at(0), at(10))) is None
    assert get_alarm(organisation, number, now=NOON, windows={point + 1: [(at(0), None)]}) is None
    assert get_alarm(organisation + 1, number, now=NOON) is None
    assert get_members(organisation + 1, number, now=NOON) == []
