# SPDX-License-Identifier: Apache-2.0
"""The queue, what people decide, freezes, and what changes after them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

from avlest.readings.access import access_finding, access_findings, access_hourly
from avlest.readings.models import Correction, Decision, Finding, Freeze
from avlest.readings.quality import Quality
from avlest.readings.queries import get_corrections, get_decisions
from avlest.readings.services.decisions import Choice, do_decide, do_decide_findings
from avlest.readings.services.freezes import do_freeze, do_freeze_due, do_settle_corrections
from avlest.readings.services.parameters import (
    do_make_virtual_series,
    do_note_outage,
    do_set_class,
    do_set_expectation,
    do_set_formula,
    do_set_threshold,
)
from avlest.registry.access import make_system_actor
from avlest.registry.errors import RegistryError
from avlest.registry.models import AuditEntry, MeteringPoint, Series
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.registry.services.organisations import do_create_organisation
from avlest.registry.services.rows import do_create_row
from tests.readings.plant import DAY, HOUR, MADE_AT, NOW, SCHEMA, START, Plant


@pytest.fixture
def jumped(plant: Plant) -> tuple[Plant, int]:
    """A home that uses 10 L an hour; one reading says that 20 m³ ran in an hour and the next is back."""
    register, series = plant.make_meter()
    rows = [(START + HOUR * n, 10_000 * n) for n in range(18 * 24)]
    rows[200] = (rows[200][0], rows[200][1] + 20_000_000)
    plant.hear(register, rows)
    plant.derive()
    return plant, series


def get_open(plant: Plant) -> list[int]:
    return [one.id for one in access_findings(plant.actor)]


def test_a_jump_is_in_the_queue_and_estimated_until_somebody_decides(jumped: tuple[Plant, int]) -> None:
    """The finding names rule, time and amounts; the hour is not the impossible 20 m³."""
    plant, series = jumped
    found = access_findings(plant.actor)
    assert found
    assert {one.series_id for one in found} == {series}
    assert all(START + HOUR * 198 <= one.starts_at <= START + HOUR * 202 for one in found)
    assert plant.largest(series) < 1_000_000


def test_a_decided_finding_leaves_the_queue_and_says_who(jumped: tuple[Plant, int]) -> None:
    """Decided in bulk: each has its decision with author, reason and time, and an audit row; it is derived again."""
    plant, series = jumped
    done = do_decide_findings(plant.actor, get_open(plant), action="estimate", reason="wrong reading", now=NOW)
    assert done.refused == ()
    assert get_open(plant) == []
    (first, *_) = get_decisions([series])
    assert (first.author, first.reason, first.action, first.known_at) == ("test", "wrong reading", "estimate", NOW)
    assert AuditEntry.objects.filter(subject="decision", action="decide").count() == len(done.decisions)
    plant.derive(NOW + HOUR)
    assert get_open(plant) == []
    assert plant.largest(series) < 1_000_000
    again = do_decide_findings(plant.actor, [Finding.objects.values_list("id", flat=True)[0]], action="accept",
                               reason="again", now=NOW)  # fmt: skip
    assert "nothing waits for a decision" in again.refused[0][1]


def test_accepted_readings_count(jumped: tuple[Plant, int]) -> None:
    """Accepted, the reading is believed: the 20 m³ are there."""
    plant, series = jumped
    do_decide_findings(plant.actor, get_open(plant), action="accept", reason="a pool was filled", now=NOW)
    plant.derive(NOW + HOUR)
    assert plant.largest(series) >= 19_000_000


def test_an_edit_gives_way_to_measured_values_a_verified_one_does_not(plant: Plant) -> None:
    """Rules §4.2: EDITED (40) is below MEASURED (50), MANUAL_VERIFIED (60) above it."""
    register, series = plant.make_meter()
    plant.hear_hours(register, hours=18 * 24)
    plant.derive()
    day = START + DAY * 3
    for action, expected in (("edit", 10_000), ("verify", 2_000)):
        choice = Choice(series, day, day + 10 * HOUR, action, "read by hand", 20_000)
        do_decide(plant.actor, choice, now=NOW)
        plant.derive(NOW + HOUR)
        hours = plant.hours(series, day, day + 10 * HOUR)
        assert hours["value"].to_list() == [expected] * 10
    assert set(hours["quality"]) == {Quality.MANUAL_VERIFIED}


def test_discretion_locks_until_it_is_released(plant: Plant) -> None:
    """A period set by discretion stands against readings and other decisions; released, what was measured is back."""
    register, series = plant.make_meter()
    plant.hear_hours(register, hours=18 * 24)
    day = START + DAY * 3
    locked = Choice(series, day, day + DAY, "discretion", "seal was broken", 480_000)
    do_decide(plant.actor, locked, now=NOW)
    plant.derive()
    assert plant.days(series)[date(2026, 3, 4)] == 480_000
    with pytest.raises(RegistryError, match="release it first"):
        do_decide(plant.actor, Choice(series, day, day + HOUR, "edit", "an edit", 5), now=NOW)
    with pytest.raises(RegistryError, match="exactly this period"):
        do_decide(plant.actor, Choice(series, day, day + HOUR, "release", "released"), now=NOW)
    do_decide(plant.actor, Choice(series, day, day + DAY, "release", "seal was whole"), now=NOW + HOUR)
    plant.derive(NOW + 2 * HOUR)
    assert plant.days(series)[date(2026, 3, 4)] == 240_000
    assert Decision.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reason": " x "}, "a reason"),
        ({"action": "guess"}, "expected one of"),
        ({"value": None}, "expected a value"),
        ({"action": "accept"}, "expected no value"),
        ({"ends_at": START}, "the period is empty"),
        ({"starts_at": START + HOUR / 2}, "full hours"),
        ({"ends_at": NOW + 3 * DAY}, "lies ahead"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(plant: Plant, change: dict[str, object], says: str) -> None:
    """Each is refused in words that say what is expected, and nothing is kept."""
    _, series = plant.make_meter()
    usual = {"starts_at": START, "ends_at": START + DAY, "action": "edit", "reason": "read by hand", "value": 5}
    given = {"series_id": series, **usual, **change}
    with pytest.raises(RegistryError, match=says):
        do_decide(plant.actor, Choice(**given), now=NOW)
    assert Decision.objects.count() == 0


def test_nobody_decides_or_sees_without_right_or_in_another_organisation(jumped: tuple[Plant, int]) -> None:
    """Another organisation and a person without the right are refused in the same words as for what does not exist."""
    plant, series = jumped
    number = do_create_organisation(name="Nes", slug="nes", by="test", now=MADE_AT)
    stranger = make_system_actor(number, name="stranger")
    reader = Actor(plant.actor.organisation_id, "reader", frozenset({Right.VIEW_METERS}))
    (finding, *_) = get_open(plant)
    assert access_findings(stranger) == []
    with pytest.raises(AccessDeniedError, match="no finding"):
        access_finding(stranger, finding)
    with pytest.raises(AccessDeniedError, match="no series"):
        access_hourly(stranger, plant.store, [series], START, NOW)
    with pytest.raises(AccessDeniedError, match="may not decide values"):
        do_decide_findings(reader, [finding], action="accept", reason="because", now=NOW)
    refused = do_decide_findings(stranger, [finding], action="accept", reason="because", now=NOW).refused
    assert "no finding" in refused[0][1]
    with pytest.raises(AccessDeniedError, match="no series"):
        do_freeze(stranger, [series], NOW, reason="billed", now=NOW)


def test_what_changes_after_a_freeze_is_a_correction_once(plant: Plant) -> None:
    """Days before the freeze that change are told with both values, later days are not; settled, they are gone."""
    register, series = plant.make_meter()
    rows = [(START + HOUR * n, 10_000 * n) for n in range(18 * 24)]
    plant.hear(register, rows)
    plant.derive()
    do_freeze(plant.actor, [series], START + DAY * 5, reason="settled", now=NOW)
    do_freeze(plant.actor, [series], START + DAY * 2, reason="an older run", now=NOW)
    assert Freeze.objects.values_list("until", flat=True)[0] == START + DAY * 5
    for day, value in ((3, 120_000), (9, 50_000)):
        start = START + DAY * day
        do_decide(plant.actor, Choice(series, start, start + DAY, "verify", "read again", value), now=NOW)
    plant.derive(NOW + HOUR)
    plant.derive(NOW + 2 * HOUR)
    (correction,) = get_corrections(series_ids=[series])
    assert (correction.day, correction.before, correction.after) == (date(2026, 3, 4), 240_000, 120_000)
    assert correction.difference == -120_000
    assert (correction.before_quality, correction.after_quality) == (Quality.MEASURED, Quality.MANUAL_VERIFIED)
    assert do_settle_corrections(plant.actor, [correction.id], run="2026-1", now=NOW) == 1
    assert do_settle_corrections(plant.actor, [correction.id], run="2026-2", now=NOW) == 0
    assert get_corrections(series_ids=[series]) == []
    assert get_corrections(organisation_id=plant.actor.organisation_id, open_only=False)[0].settled_by == "2026-1"


def test_electricity_is_frozen_five_days_later_by_itself(plant: Plant) -> None:
    """On D+5 the day is frozen, not before; first values that come late are no correction."""
    register, series = plant.make_meter(quantity="energy", unit="kwh", medium="electricity")
    now = START + DAY * 8 + HOUR
    assert do_freeze_due(now=now) == 1
    assert Freeze.objects.values_list("until", flat=True)[0] == START + DAY * 4
    assert do_freeze_due(now=now) == 0
    plant.hear_hours(register, use=500, hours=8 * 24)
    plant.derive(now)
    assert Correction.objects.count() == 0
    for day in (3, 4):
        start = START + DAY * day
        do_decide(plant.actor, Choice(series, start, start + DAY, "verify", "read again", 24), now=now)
    plant.derive(now + HOUR)
    assert [one.day for one in get_corrections(series_ids=[series])] == [date(2026, 3, 4)]


def test_limits_of_a_class_and_of_a_series_are_dated(plant: Plant) -> None:
    """A limit below what is used rejects from its day on; a series' own limit stands above that of its class."""
    register, series = plant.make_meter()
    other, other_series = plant.make_meter()
    for number in (register, other):
        plant.hear_hours(number, use=100_000, hours=18 * 24)
    plant.derive()
    assert get_open(plant) == []
    since = date(2026, 3, 10)
    do_set_threshold(plant.actor, name="max_per_hour", value=50_000, starts_on=since, meter_class="water", now=NOW)
    do_set_threshold(plant.actor, name="max_per_hour", value=200_000, starts_on=since, series_id=other_series, now=NOW)
    plant.derive(NOW + HOUR)
    found = access_findings(plant.actor)
    assert {one.series_id for one in found} == {series}
    assert {one.code for one in found} == {"V06"}
    assert min(one.starts_at for one in found) >= datetime(2026, 3, 9, 23, tzinfo=START.tzinfo)
    do_set_threshold(
        plant.actor, name="max_per_hour", value=Decimal(500_000), starts_on=since, series_id=series, now=NOW
    )
    plant.derive(NOW + 2 * HOUR)
    assert get_open(plant) == []


def test_settings_that_do_not_exist_are_refused(plant: Plant) -> None:
    """An unknown limit or class names those there are; a formula's unit, feed and circle are checked."""
    _, series = plant.make_meter()
    _, energy = plant.make_meter(quantity="energy", unit="kwh", medium="electricity")
    point = Series.objects.filter(pk=series).values_list("point_id", flat=True)[0]
    one = do_make_virtual_series(plant.actor, point, quantity="volume", unit="l", qualifier="one", now=MADE_AT)
    two = do_make_virtual_series(plant.actor, point, quantity="volume", unit="l", qualifier="two", now=MADE_AT)
    since = date(2026, 3, 1)
    with pytest.raises(RegistryError, match="the limits are"):
        do_set_threshold(plant.actor, name="most", value=1, starts_on=since, series_id=series, now=NOW)
    with pytest.raises(RegistryError, match="the classes are"):
        do_set_class(plant.actor, series, "castle", starts_on=since, now=NOW)
    with pytest.raises(RegistryError, match="a register feeds it"):
        do_set_formula(plant.actor, series, [(one, 1)], starts_on=since, now=NOW)
    with pytest.raises(RegistryError, match="expected l"):
        do_set_formula(plant.actor, one, [(energy, 1)], starts_on=since, now=NOW)
    do_set_formula(plant.actor, one, [(series, 1)], starts_on=since, now=NOW)
    do_set_formula(plant.actor, two, [(one, 1)], starts_on=since, now=NOW)
    with pytest.raises(RegistryError, match="part of itself"):
        do_set_formula(plant.actor, one, [(two, 1)], starts_on=date(2026, 4, 1), now=NOW)


def test_an_expectation_and_an_outage_shape_estimates(plant: Plant) -> None:
    """A meter that fell silent: no current was used while it was cut, and after that as much as a year suggests."""
    register, series = plant.make_meter(quantity="energy", unit="kwh", medium="electricity")
    plant.hear(register, [(START, 0), (START + HOUR, 1_000), (START + 2 * HOUR, 2_000)])
    do_set_expectation(plant.actor, series, 8_766_000, starts_on=date(2026, 1, 1), source="grid company", now=NOW)
    point = Series.objects.filter(pk=series).values_list("point_id", flat=True)[0]
    cut = START + DAY * 12
    do_note_outage(plant.actor, starts_at=cut, ends_at=cut + 5 * HOUR, point_id=point, reason="storm", now=NOW)
    plant.derive()
    hours = plant.hours(series, cut, cut + DAY)
    assert hours["value"].to_list()[:5] == [0] * 5
    assert set(hours["rule"].to_list()[:5]) == {"outage"}
    assert hours["value"].to_list()[6] == 1_000


def test_a_meters_own_words_reach_validation(plant: Plant) -> None:
    """A status that says tampering puts a task into the queue, with discretion proposed (V13)."""
    from avlest.collect.models import StatusText

    register, _ = plant.make_meter()
    word = StatusText.objects.create(text="LEAK TAMPER")
    plant.batch += 1
    rows = [
        (register, START + HOUR * n, 10_000 * n, word.pk if 50 < n < 60 else 0, 50, "x", NOW) for n in range(18 * 24)
    ]
    plant.store.append("readings", pl.DataFrame(rows, schema=SCHEMA, orient="row"), writer="x", batch=plant.batch)
    plant.derive()
    found = [one for one in access_findings(plant.actor) if one.code == "V13"]
    assert found
    assert {one.suggestion for one in found} == {"discretion"}
    assert START + HOUR * 49 <= found[0].starts_at <= START + HOUR * 51


def test_series_over_time_are_checked(plant: Plant) -> None:
    """Stuck for a month, and a sub-meter that uses more than its main: in the queue, and gone when no longer so."""
    from avlest.readings.derive.checks import do_check_series
    from avlest.readings.derive.directory import Directory

    start = START - 40 * DAY
    register, series = plant.make_meter(since=start)
    point = Series.objects.filter(pk=series).values_list("point_id", flat=True)[0]
    place = MeteringPoint(code="SUB", medium="cold_water", parent_id=point)
    sub_point = do_create_row(plant.actor, place, now=MADE_AT)
    sub, _ = plant.make_meter(point=sub_point, since=start)
    plant.hear(register, [(start + HOUR * n, 5_000_000) for n in range(59 * 24)])
    plant.hear_hours(sub, use=10_000, hours=59 * 24, since=start)
    plant.derive()
    assert do_check_series(plant.store, Directory(), now=NOW) > 0
    found = access_findings(plant.actor)
    assert {(one.code, one.series_id) for one in found} >= {("V09", series), ("V15", series)}
    assert do_check_series(plant.store, Directory(), now=NOW) == 0
    plant.hear(register, [(start + HOUR * n, 5_000_000 + 20_000 * n) for n in range(59 * 24)], known=NOW + HOUR)
    plant.derive(NOW + 2 * HOUR)
    do_check_series(plant.store, Directory(), now=NOW + 2 * HOUR)
    assert get_open(plant) == []
