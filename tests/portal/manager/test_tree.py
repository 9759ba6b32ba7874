# SPDX-License-Identifier: Apache-2.0
"""The tree of properties, units, points and meters, its search, and what each role may read there."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from avlest.registry.models import Property
from avlest.registry.rights import Role
from tests.portal.world import MOVED_AT, Side, write_hours, write_readings


def open_as(world, role, language="nb"):
    client = Client(HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(world.vik.staff[role])
    return client


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


@pytest.fixture
def home(world):
    return world.get_home(Side.OWN)


@pytest.fixture
def manager(world, store):
    return open_as(world, Role.MANAGER)


def test_the_tree_leads_from_property_to_meter(manager, home):
    """Each level names the next and the way back."""
    page = text_of(manager.get("/styre/eiendommer/"))
    assert f'href="/styre/eiendommer/{home.property}/"' in page
    assert "3110-10/1" in page
    page = text_of(manager.get(f"/styre/eiendommer/{home.property}/"))
    assert f'href="/styre/enheter/{home.unit}/"' in page
    assert "Kari Nyhusen1" in page
    page = text_of(manager.get(f"/styre/enheter/{home.unit}/"))
    assert f'href="/styre/punkter/{home.point}/"' in page
    page = text_of(manager.get(f"/styre/punkter/{home.point}/"))
    assert f'href="/styre/maalere/{home.meter}/"' in page
    assert "Eiendommer" in page
    assert "10000011" in text_of(manager.get(f"/styre/maalere/{home.meter}/"))


def test_a_caretaker_sees_places_and_meters_but_no_names(world, store, home):
    """Rules §8.2: technical state, not people."""
    caretaker = open_as(world, Role.CARETAKER)
    for path in (
        f"/styre/eiendommer/{home.property}/",
        f"/styre/enheter/{home.unit}/",
        "/styre/sok/?q=nyhusen",
        f"/styre/punkter/{home.point}/",
    ):
        page = text_of(caretaker.get(path))
        assert "Kari" not in page
    assert "10000011" in page


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Vikmarkgata", "/styre/eiendommer/"),
        ("10/1", "/styre/eiendommer/"),
        ("3110-10/1", "/styre/eiendommer/"),
        ("10000011", "/styre/maalere/"),
        ("nyhusen", "/styre/enheter/"),
        ("vik-H0101", "/styre/punkter/"),
        ("vikmarkgata H0101", "/styre/enheter/"),
    ],
)
def test_search_finds_by_address_cadastre_serial_point_and_name(manager, words, expected):
    page = text_of(manager.get("/styre/sok/", {"q": words}))
    found = page.split("<h1", 1)[1]
    assert f'href="{expected}' in found


@pytest.mark.parametrize("words", ["", "x", "%", "finnes ikke", "9/9/9/9/9", "10/abc", "' or 1=1"])
def test_a_search_without_a_hit_says_so(manager, words):
    page = text_of(manager.get("/styre/sok/", {"q": words}))
    found = page.split("<h1", 1)[1]
    assert 'href="/styre/enheter' not in found
    assert "Skriv minst to" in found or "Ingenting passer" in found


def test_the_list_of_properties_is_sorted_searched_and_paged_by_the_database(
    manager, world, django_assert_max_num_queries
):
    """A municipality's worth of properties costs as many queries as a few."""
    rows = [Property(organisation_id=world.vik.id, address=f"Langveien {n:03}", code=f"P{n:03}") for n in range(130)]
    Property.objects.bulk_create(rows)
    with django_assert_max_num_queries(14):
        page = text_of(manager.get("/styre/eiendommer/?sort=-name&page=2"))
    assert "(132)" in page
    assert "Langveien 060" in page
    assert "Langveien 129" not in page
    page = text_of(manager.get("/styre/eiendommer/?q=langveien 007"))
    assert "(1)" in page
    file = manager.get("/styre/eiendommer/?format=csv").content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(file), delimiter=";"))) == 133


def fill(store, world):
    write_hours(store, world.vik, start=MOVED_AT - timedelta(days=2), stop=MOVED_AT + timedelta(days=2))


def test_the_board_sees_sums_of_months_and_never_hours(manager, world, store, home):
    """Asking for days or hours gives the year: what the board may see."""
    fill(store, world)
    for query in ("?at=2025-06-01", "?span=day&at=2025-06-01", "?span=month&at=2025-06-01"):
        page = text_of(manager.get(f"/styre/verdier/{home.series}/{query}"))
        assert "juni 2025" in page
        assert "1. juni 2025" not in page
        assert "528 liter" in page  # 48 hours of 11 litres
        assert "11 liter" not in page


def test_a_caretaker_sees_no_value_of_a_household_but_those_of_the_building(world, store, home):
    fill(store, world)
    caretaker = open_as(world, Role.CARETAKER)
    page = text_of(caretaker.get(f"/styre/verdier/{home.series}/?at=2025-06-01"))
    assert "528" not in page
    assert "viser ikke hva husholdninger bruker" in page
    page = text_of(caretaker.get(f"/styre/verdier/{world.vik.main_series}/?span=month&at=2025-06-01"))
    assert "1. juni 2025" in page


def test_staff_gives_a_reason_before_hours_of_a_household(world, store, home):
    """Then raw, validated and used values stand side by side."""
    fill(store, world)
    at = MOVED_AT
    write_readings(store, world.vik, [(home.register, at + timedelta(hours=n), 500_000 + 11_000 * n) for n in range(9)])
    operator = open_as(world, Role.OPERATOR)
    address = f"/styre/verdier/{home.series}/?span=day&at=2025-06-01"
    asked = operator.get(address)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/innsyn/")
    operator.post(asked.headers["Location"], {"reason": "Sak 2025/17", "next": address})
    file = operator.get(f"{address}&format=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file), delimiter=";"))
    assert rows[0][:5] == ["Tid", "Telleverket viser", "Rå", "Validert", "Brukt"]
    assert len(rows) == 25
    assert rows[2][1:5] == ["522,000", "11,000", "11,000", "11,000"]
    assert rows[12][1:5] == ["", "", "11,000", "11,000"]


@pytest.mark.parametrize(
    "query", ["?span=nonsense", "?at=x", "?at=9999-12-31", "?at=0001-01-01&span=day", "?page=99999"]
)
def test_nonsense_in_the_address_is_the_present_year(world, store, query):
    answer = open_as(world, Role.OPERATOR).get(f"/styre/verdier/{world.vik.main_series}/{query}")
    assert answer.status_code == 200


def test_every_page_speaks_nynorsk_and_english(world, store, home):
    for language, words in (("nn", "Eigedomar"), ("en", "Properties")):
        client = open_as(world, Role.MANAGER, language)
        client.cookies["django_language"] = language
        assert words in text_of(client.get("/styre/eiendommer/"))
