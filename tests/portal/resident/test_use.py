# SPDX-License-Identifier: Apache-2.0
"""Use in kroner, beside other homes, and right now."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from avlest.insight.models import ConsumptionPrice
from avlest.insight.peers import _get_group_names, _get_groups, _read_group, get_peers
from avlest.portal.resident.consents import load_streams
from avlest.portal.resident.models import Consent
from avlest.portal.resident.tips import get_tips, load_tips
from avlest.registry.contracts import RegisterSpec
from avlest.registry.models import MeteringPoint, Series
from avlest.registry.services.series import do_ensure_registers
from tests.portal.resident.support import text_of, write_days
from tests.portal.world import MADE_AT, MOVED_AT, Side, _measure, write_hours, write_readings

LITRE = 1000


@pytest.fixture(autouse=True)
def _forget_groups():
    """Groups are kept for an hour; each test has its own homes."""
    _get_groups.cache_clear()
    _get_group_names.cache_clear()
    _read_group.cache_clear()


def read_csv(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_kroner_follow_the_price_of_each_day(client, store, world, home):
    """Five days of a cubic metre at 40 kr, then five at 50 kr: the month is 450 kr, and each bar is exact."""
    write_days(store, {home.series: 1000 * LITRE}, date(2025, 9, 1), 10, known_at=timezone.now())
    for day, price in ((date(2025, 1, 1), "40"), (date(2025, 9, 6), "50")):
        ConsumptionPrice.objects.create(
            organisation_id=world.vik.id, starts_on=day, price=Decimal(price), source="test"
        )
    rows = read_csv(client.get(f"/forbruk/{home.point}/?span=month&at=2025-09-01&show=kr&format=csv"))
    assert [row["verdi"] for row in rows[:10]] == ["40,000"] * 5 + ["50,000"] * 5
    assert {row["enhet"] for row in rows} == {"kr"}
    page = text_of(client.get(f"/forbruk/{home.point}/?span=month&at=2025-09-01&show=kr&against=none"))
    assert "I alt 450 kr." in page
    assert "40,00 kr per m³" in page


def test_the_price_of_another_organisation_is_not_used(client, store, world, home):
    write_days(store, {home.series: 1000 * LITRE}, date(2025, 9, 1), 1, known_at=timezone.now())
    ConsumptionPrice.objects.create(
        organisation_id=world.nes.id, starts_on=date(2025, 1, 1), price=Decimal(999), source="test"
    )
    assert "999" not in text_of(client.get(f"/forbruk/{home.point}/?span=month&at=2025-09-01&show=kr"))


def make_homes(world, store, values: list[int], first: date, count: int) -> list[int]:
    """Homes like the household's own, each with a day's value."""
    town = world.vik
    found = []
    for number, value in enumerate(values):
        code = f"vik-extra{number}"
        point, series, *_ = _measure(town.actor, code, f"3000{number:03}0", unit_id=town.homes[Side.OWN].unit)
        MeteringPoint.objects.filter(pk=point).update(unit_id=None, property_id=town.property)
        MeteringPoint.objects.filter(pk=point).update(unit_id=town.homes[Side.NEIGHBOUR].unit, property_id=None)
        found.append(series)
        write_days(store, {series: value * LITRE}, first, count, known_at=timezone.now())
    return found


def test_the_position_among_like_homes_is_told_in_words(client, store, world, home):
    """200 litres a day among 50, 100 … 550: some use less; the best fifth is the mean of the lowest three."""
    first = date(2025, 9, 1)
    make_homes(world, store, [50 * n for n in range(1, 12)], first, 30)
    write_days(store, {home.series: 200 * LITRE}, first, 30, known_at=timezone.now())
    page = text_of(client.get(f"/forbruk/{home.point}/?span=month&at={first}&against=building"))
    assert "Du bruker mindre enn 6 av 10 like boliger." in page
    assert "De 20 % som bruker minst, brukte i snitt 3 m³." in page
    assert "Snittet for boliger som din er 9 m³." in page
    assert "snittet for boliger som din" in page


def test_a_small_group_tells_nothing_of_single_homes(client, store, world, home):
    first = date(2025, 9, 1)
    make_homes(world, store, [100, 200, 300], first, 30)
    write_days(store, {home.series: 200 * LITRE}, first, 30, known_at=timezone.now())
    page = text_of(client.get(f"/forbruk/{home.point}/?span=month&at={first}&against=building"))
    assert "like boliger" not in page
    assert "Boliger som din" not in page
    assert "snittet for boliger som din" not in page


def test_the_average_of_a_time_before_the_move_holds_nothing_of_the_predecessor(store, world, home):
    """Whatever the flat used before, the average of the others is the same: nothing can be subtracted."""
    first = date(2025, 4, 1)
    make_homes(world, store, [100] * 10, first, 10)
    before = get_peers(store, home.series, first=first, until=first + timedelta(days=10), now=timezone.now())
    write_days(store, {home.series: 7_777 * LITRE}, first, 10, known_at=timezone.now())
    _read_group.cache_clear()
    after = get_peers(store, home.series, first=first, until=first + timedelta(days=10), now=timezone.now())
    assert set(before.days.values()) == {100 * LITRE}
    assert after.days == before.days


def test_a_month_before_the_move_gives_neither_position_nor_own_values(client, store, world, home):
    first = date(2025, 4, 1)
    make_homes(world, store, [100] * 12, first, 30)
    write_days(store, {home.series: 7_777 * LITRE}, first, 30, known_at=timezone.now())
    page = text_of(client.get(f"/forbruk/{home.point}/?span=month&at={first}&against=building"))
    assert "av 10 like boliger" not in page
    assert "7 777" not in page
    assert "7,8" not in page


@pytest.fixture
def han(world, home):
    """A power series at the home's own point, as from a HAN port."""
    MeteringPoint.objects.filter(pk=home.point).update(medium="electricity")
    registers = do_ensure_registers(
        world.vik.actor, [RegisterSpec(home.meter, "power", "w", kind="gauge")], now=MADE_AT
    )
    series = Series.objects.get(point_id=home.point, quantity="power")
    return next(iter(registers.values())), series


def test_power_is_shown_only_with_consent_and_without_afterwards(client, store, world, home, han):
    now = timezone.now()
    write_readings(store, world.vik, [(han[0], now - timedelta(minutes=n), 1_234_000) for n in (9, 5, 1)])
    assert "1,2 kW" not in text_of(client.get("/naa/"))
    assert "ikke tillatt at dette vises" in text_of(client.get("/naa/"))
    assert "Strøm akkurat nå" in text_of(client.get("/meg/samtykker/"))
    client.post("/meg/samtykker/", {"point": home.point, "stream": "live", "is_given": "on"})
    page = text_of(client.get("/naa/"))
    assert "1,2 kW" in page
    assert "<svg" in page
    client.post("/meg/samtykker/", {"point": home.point, "stream": "live"})
    assert Consent.objects.get().withdrawn_at is not None
    assert "1,2 kW" not in text_of(client.get("/naa/"))


def test_a_consent_ends_with_the_tenancy_and_is_not_the_next_ones(client, left, store, world, home, han):
    """The predecessor had allowed it: it says nothing for who lives there now."""
    before = world.get_home(Side.BEFORE)
    Consent.objects.create(
        organisation_id=world.vik.id, tenancy_id=before.tenancy, point_id=home.point, stream="live",
        given_at=MOVED_AT - timedelta(days=9), given_by="test",
    )  # fmt: skip
    now = timezone.now()
    write_readings(store, world.vik, [(han[0], now - timedelta(minutes=1), 1_234_000)])
    assert "1,2 kW" not in text_of(client.get("/naa/"))
    assert "1,2 kW" not in text_of(left.get("/naa/"))


def test_a_stream_that_is_not_ones_own_cannot_be_allowed(client, world, han):
    neighbour = world.get_home(Side.NEIGHBOUR)
    MeteringPoint.objects.filter(pk=neighbour.point).update(medium="electricity")
    do_ensure_registers(world.vik.actor, [RegisterSpec(neighbour.meter, "power", "w", kind="gauge")], now=MADE_AT)
    answer = client.post("/meg/samtykker/", {"point": neighbour.point, "stream": "live", "is_given": "on"})
    assert answer.status_code == 404
    assert not Consent.objects.exists()


def test_water_that_comes_often_has_a_rate_and_water_that_does_not_says_so(client, store, world, home):
    """Two litres in two minutes are 60 litres an hour; readings an hour apart say nothing of now."""
    now = timezone.now()
    register = home.register
    write_readings(
        store, world.vik, [(register, now - timedelta(minutes=3 - 2 * n), 500_000 + 2_000 * n) for n in (0, 1)]
    )
    assert "60 liter/time" in text_of(client.get("/naa/"))
    neighbour = world.get_home(Side.NEIGHBOUR)
    assert neighbour.register != register


def test_the_part_for_renewal_is_a_part(client, store, world, home):
    now = timezone.now()
    shown = [(home.register, now - timedelta(minutes=3 - 2 * n), 500_000 + 2_000 * n) for n in (0, 1)]
    write_readings(store, world.vik, shown)
    answer = client.get("/naa/", headers={"HX-Request": "true"})
    assert "<html" not in text_of(answer)
    assert "hx-get" in text_of(client.get("/naa/"))
    assert "hx-get" not in text_of(client.get("/naa/?pause=1"))


def test_the_overview_tells_kroner_and_the_highest_day(client, store, world, home):
    today = timezone.localdate()
    first = today.replace(day=1) if today.day > 3 else None
    if first is None:
        pytest.skip("the month is younger than three days: there are not two whole days to compare")
    write_days(store, {home.series: 100 * LITRE}, first, 1, known_at=timezone.now())
    write_days(store, {home.series: 300 * LITRE}, first + timedelta(days=1), 1, known_at=timezone.now())
    page = text_of(client.get("/"))
    assert "omtrent 43 kr" in page
    assert "300 liter" in page


def test_every_tip_has_three_languages_and_stands_where_it_belongs():
    assert all(set(tip.texts) == {"nb", "nn", "en"} and (tip.kinds or tip.media) for tip in load_tips())
    assert get_tips(kind="freeze_risk", language="en")
    assert not get_tips(kind="silent", language="en")
    assert all({"nb", "nn", "en"} == set(stream.words) for stream in load_streams().values())


def test_hours_are_only_of_ones_own_time(client, store, world, home):
    """A day before the move is empty, in kroner too."""
    write_hours(store, world.vik, start=MOVED_AT - timedelta(days=5), stop=MOVED_AT - timedelta(days=2))
    rows = read_csv(client.get(f"/forbruk/{home.point}/?span=day&at=2025-05-29&show=kr&format=csv"))
    assert {row["verdi"] for row in rows} == {""}
