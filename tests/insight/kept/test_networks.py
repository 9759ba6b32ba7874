# SPDX-License-Identifier: Apache-2.0
"""Balances of zones, coverage and comparison as they are kept and read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from avlest.insight.comparing import get_comparisons, get_concentration
from avlest.insight.comparison import Omitted
from avlest.insight.queries import get_balances, get_coverage, get_nights
from avlest.insight.services.balances import do_balance
from avlest.insight.services.coverage import do_cover
from avlest.insight.services.networks import COLUMNS, do_set_networks, parse_networks
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.services.parameters import do_set_degree_days, do_set_weather_place
from avlest.registry.models import Installation, MeteringPoint, Series, Zone, ZoneMeter
from tests.insight.kept.town import Town, hear_of, make_home
from tests.readings.plant import HOUR, NOW, START, Plant

pytestmark = pytest.mark.django_db
FIRST = derive_local_day(START)
DAYS = 10
HOURS = DAYS * 24 + 5
"""A day is told some hours after its end."""


@pytest.fixture
def zone(plant: Plant) -> Zone:
    """A zone of twenty homes at 10 L/h each and a main meter at 260 L/h, ten days long."""
    zone = Zone.objects.create(organisation_id=plant.actor.organisation_id, code="S1", name="Sentrum")
    town = Town(plant)
    for _ in range(20):
        register, point = make_home(plant)
        MeteringPoint.objects.filter(pk=point).update(zone=zone)
        hear_of(Installation.objects.get(point_id=point).meter_id, first=START, last=START + HOUR * HOURS, count=HOURS)
        town.use(register, [10.0] * HOURS)
    register, series = plant.make_meter()
    town.use(register, [260.0] * HOURS)
    main = Series.objects.get(pk=series).point
    ZoneMeter.objects.create(organisation_id=plant.actor.organisation_id, zone=zone, point=main, direction="in")
    town.look(HOURS)
    return zone


def test_a_zone_is_balanced_by_night_day_and_month(plant: Plant, zone: Zone) -> None:
    """260 in, 200 metered: 60 L/h lost, of every night, day and month; done again, the same rows."""
    now = START + HOUR * HOURS
    until = derive_local_day(now)
    for _ in range(2):
        done = do_balance(plant.store, now=now, first=FIRST, until=until)
        assert (done.nights, done.days, done.months) == (DAYS, DAYS, 1)
    nights = get_nights(plant.actor.organisation_id)
    assert {(night.inflow, night.metered, night.leak, night.coverage) for night in nights} == {
        (260_000, 200_000, 60_000, 1.0)
    }
    (month,) = get_balances(plant.actor.organisation_id, first=FIRST, until=until)
    assert (month.zone_id, month.zone, month.days, month.coverage) == (zone.pk, "Sentrum", DAYS, 1.0)
    assert (month.supplied, month.metered, month.non_revenue) == (62_400_000, 48_000_000, 14_400_000)
    assert (month.share, month.infrastructure) == (23.08, None)
    assert len(get_balances(plant.actor.organisation_id, span="day")) == DAYS


def test_the_pipes_of_a_zone_make_its_leakage_an_index(plant: Plant, zone: Zone) -> None:
    """ILI of the month's losses as a year's: UARL of 2 km, 20 connections, 0.2 km, 50 m is 2,850 l a day."""
    do_balance(plant.store, now=START + HOUR * HOURS, first=FIRST)
    text = ";".join(COLUMNS) + "\nS1;2026-01-01;2,0;20;0.2;50\nS9;2026-01-01;1;1;1;50\n\nS1;March;2;x;0.2;50\n"
    rows, problems = parse_networks(text)
    assert problems == [
        "line 5, from: is 'March', expected a day such as 2026-03-01",
        "line 5, connections: is 'x', expected a whole number",
    ]
    changed, refused = do_set_networks(plant.actor, rows, now=NOW)
    assert (changed, len(refused)) == (1, 1)
    assert "S9" in refused[0]
    assert do_set_networks(plant.actor, rows, now=NOW)[0] == 0
    (month,) = get_balances(plant.actor.organisation_id)
    assert month.infrastructure is not None
    # 60 L/h are 1,440 l a day; (18·2 + 0.8·20 + 25·0.2)·50 = 2,850.
    assert month.infrastructure.index == pytest.approx(Decimal("0.5053"), abs=Decimal("0.0001"))
    assert len(month.infrastructure.warnings) > 0  # fewer than 3,000 connections
    assert parse_networks("a;b")[1] == [
        "line 1: no column zone, from, mains_km, connections, private_km, pressure_m; expected " + ";".join(COLUMNS)
    ]


def test_a_zone_whose_inflow_is_not_known_has_no_loss(plant: Plant, zone: Zone) -> None:
    """Nothing is said of a month that lacks days of its main meter."""
    _, series = plant.make_meter()
    second = Series.objects.get(pk=series).point
    ZoneMeter.objects.create(organisation_id=plant.actor.organisation_id, zone=zone, point=second, direction="out")
    do_balance(plant.store, now=START + HOUR * HOURS, first=FIRST)
    (month,) = get_balances(plant.actor.organisation_id)
    assert (month.supplied, month.non_revenue, month.share) == (None, None, None)
    assert get_nights(plant.actor.organisation_id) == []


def test_coverage_is_kept_by_day(plant: Plant, zone: Zone) -> None:
    """Twenty meters an hour: 24 a day expected and come; of all, their road, source and zone."""
    now = START + HOUR * HOURS
    for _ in range(2):
        done = do_cover(plant.store, now=now, first=FIRST, until=derive_local_day(now))
    assert done.days == DAYS
    rows = get_coverage(plant.actor.organisation_id, first=FIRST, until=derive_local_day(now))
    assert {row.dimension for row in rows} == {"all", "road", "source", "zone"}
    # A meter is expected from the day after it was first heard: that day may be half over.
    total = [row for row in rows if row.dimension == "all"]
    assert [(row.meters, row.heard, row.share) for row in total] == [(20, 20, 1.0)] * (DAYS - 1)
    assert {row.label for row in rows if row.dimension == "zone"} == {"Sentrum"}


def test_homes_are_compared_with_other_times_and_their_like(plant: Plant, zone: Zone) -> None:
    """Five days against the five before; twenty homes make a group, best fifth and concentration curve."""
    series = list(Series.objects.filter(point__zone=zone).values_list("pk", flat=True))
    first, until = FIRST + timedelta(days=5), FIRST + timedelta(days=9)
    (one,) = get_comparisons(plant.store, series[:1], first=first, until=until, today=until)
    assert (one.value, one.known_days) == (4 * 240_000, 4)
    assert (one.previous.difference, one.previous.percent) == (0, 0)
    assert one.last_year.omitted == Omitted.NO_BASE
    assert one.peers is not None
    assert (one.peers.size, one.peers.average, one.peers.best) == (20, 960_000, 960_000)
    (hidden,) = get_comparisons(
        plant.store, series[:1], first=first, until=until, today=until, known_from=first - timedelta(days=1)
    )
    assert hidden.previous.omitted == Omitted.BEFORE_TENANCY
    curve = get_concentration(plant.store, series, first=first, until=until)
    assert curve.row(-1) == (1.0, 1.0)
    assert get_concentration(plant.store, series[:9], first=first, until=until).is_empty()


def test_heat_is_compared_with_last_year_by_degree_days(plant: Plant) -> None:
    """900 kWh at 590 degree days against 1,000 at 620: 51.61 kWh less, by what is stored (rules §2.7)."""
    begin = derive_day_start(date(2025, 3, 1))
    register, series = plant.make_meter(medium="heat", quantity="energy", unit="kwh", since=begin)
    for year, kilowatt_hours in ((2025, 1000), (2026, 900)):
        start = derive_day_start(date(year, 3, 1))
        before = 0 if year == 2025 else 5_000_000
        days = [(start + timedelta(days=n), before + kilowatt_hours * 100 * n) for n in range(11)]
        plant.hear(register, days)
    plant.derive(derive_day_start(date(2026, 3, 12)))
    place = do_set_weather_place(plant.actor, "vik", now=NOW)
    for year, total in ((2025, 620), (2026, 590)):
        values = {date(year, 3, 1 + n): Decimal(total) / 10 for n in range(10)}
        do_set_degree_days(plant.actor, place, values, source="test", now=NOW)
    (one,) = get_comparisons(
        plant.store, [series], first=date(2026, 3, 1), until=date(2026, 3, 11), today=date(2026, 3, 12)
    )
    assert one.value == 900_000
    assert one.last_year.difference == -100_000
    assert one.corrected is not None
    assert (one.corrected.base, one.corrected.difference) == (951_613, -51_613)
    assert one.corrected.percent == pytest.approx(Decimal("-5.4"), abs=Decimal("0.05"))
