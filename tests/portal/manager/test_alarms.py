# SPDX-License-Identifier: Apache-2.0
"""Alarms by role, what is done about them, the day's counters, and meters that are due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from avlest.insight.models import Alarm
from avlest.registry.models import AuditEntry, Meter
from avlest.registry.rights import Role
from tests.portal.matrix.samplers.manager import make_finding
from tests.portal.matrix.samplers.resident import make_alarm
from tests.portal.world import Side

STAFF = (Role.ADMINISTRATOR, Role.OPERATOR, Role.BILLING, Role.MANAGER, Role.CARETAKER)


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


def open_as(world, role):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.vik.staff[role])
    return client


@pytest.fixture
def alarm(world, store):
    """A leak in H0101 that goes on."""
    number = make_alarm(world, Side.OWN)
    Alarm.objects.filter(pk=number).update(cleared_at=None, cost=123_400)
    return number


def change(number, **values):
    Alarm.objects.filter(pk=number).update(**values)


@pytest.mark.parametrize("role", STAFF)
def test_a_leak_in_a_flat_is_told_by_kind_and_flat_and_amounts_only_to_operations(world, alarm, role):
    """Rules §8.2: board and caretaker get type and flat, no curve; so does the billing clerk."""
    client = open_as(world, role)
    listed, page = text_of(client.get("/styre/varsler/")), text_of(client.get(f"/styre/varsler/{alarm}/"))
    sees = role in (Role.ADMINISTRATOR, Role.OPERATOR)
    for text in (listed, page):
        assert "Vannet renner hele døgnet" in text
        assert "Vikmarkgata 1 H0101" in text
        assert ("1 234 kr" in text) is sees
    assert ("12 liter" in page) is sees
    assert ("kl." in page.split("<dl", 1)[1].split("</dl>")[0]) is sees
    assert ("Trolig årsak" in page) is sees


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        ("burst", {*STAFF}),
        ("low_battery", {*STAFF}),
        ("tamper", {*STAFF} - {Role.MANAGER}),
        ("high_day", {*STAFF} - {Role.MANAGER, Role.CARETAKER}),
        ("no_consumption", {*STAFF} - {Role.MANAGER, Role.CARETAKER}),
        ("own_day", set()),
    ],
)
def test_kinds_of_alarms_of_a_flat_reach_those_they_concern(world, alarm, kind, roles):
    change(alarm, kind=kind)
    seen = {role for role in STAFF if open_as(world, role).get(f"/styre/varsler/{alarm}/").status_code == 200}
    assert seen == roles
    for role in STAFF:
        assert (f"/styre/varsler/{alarm}/" in text_of(open_as(world, role).get("/styre/varsler/"))) is (role in roles)


def test_what_concerns_the_building_is_told_whole(world, alarm):
    change(alarm, kind="high_day", point_id=world.vik.main_point, series_id=world.vik.main_series)
    page = text_of(open_as(world, Role.CARETAKER).get(f"/styre/varsler/{alarm}/"))
    assert "288 liter" in page
    assert "1 234 kr" in page


def test_a_caretaker_notes_that_they_have_seen_it(world, alarm):
    client = open_as(world, Role.CARETAKER)
    address = f"/styre/varsler/{alarm}/behandle/"
    answer = client.post(address, {"action": "acknowledge", "note": "Ringer på i kveld"}, follow=True)
    assert "Ringer på i kveld" in text_of(answer)
    assert "caretaker-vik" in text_of(answer)
    row = Alarm.objects.get(pk=alarm)
    assert row.acknowledged_at is not None
    client.post(address, {"action": "fixed"})
    row.refresh_from_db()
    assert row.fixed_by == "caretaker-vik"
    assert row.cleared_at is None
    assert set(AuditEntry.objects.filter(subject="alarm").values_list("action", flat=True)) == {"acknowledge", "fix"}


@pytest.mark.parametrize("typed", [{}, {"action": "explode"}, {"action": "acknowledge", "note": "x" * 501}])
def test_a_wrong_word_about_an_alarm_is_named_and_what_was_typed_stays(world, alarm, typed):
    answer = open_as(world, Role.MANAGER).post(f"/styre/varsler/{alarm}/behandle/", typed)
    assert answer.status_code == 422
    assert ("id_note" if "note" in typed else "id_action") in text_of(answer)
    assert typed.get("note", "") in text_of(answer)
    assert Alarm.objects.get(pk=alarm).acknowledged_at is None


def test_the_clerk_reads_alarms_and_handles_none(world, alarm):
    client = open_as(world, Role.BILLING)
    assert "behandle" not in text_of(client.get(f"/styre/varsler/{alarm}/"))
    assert client.post(f"/styre/varsler/{alarm}/behandle/", {"action": "fixed"}).status_code == 403


def test_filters_of_alarms(world, alarm):
    client = open_as(world, Role.OPERATOR)
    address = f"/styre/varsler/{alarm}/"
    for query, there in (
        ("?group=leak", True), ("?group=silent", False), ("?group=nonsense", True), ("?q=h0101", True),
        ("?q=finnesikke", False), ("?days=3", True), ("?days=9999", True), ("?days=x", True), ("?sort=-cost", True),
    ):  # fmt: skip
        assert (address in text_of(client.get(f"/styre/varsler/{query}"))) is there, query
    change(alarm, cleared_at=timezone.now())
    assert address not in text_of(client.get("/styre/varsler/"))
    assert address in text_of(client.get("/styre/varsler/?all=1"))


def test_one_leak_of_two_kinds_is_one_line_and_counted_once(world, alarm):
    """Its page names the other, and a word about one is a word about both."""
    other = Alarm.objects.get(pk=alarm)
    other.pk, other.kind, other.severity = None, "night_flow", "notice"
    other.save(force_insert=True)
    client = open_as(world, Role.CARETAKER)
    page = text_of(client.get("/styre/varsler/"))
    assert f"/styre/varsler/{alarm}/" in page
    assert f"/styre/varsler/{other.pk}/" not in page
    assert "Vannet renner hele døgnet (også: Vann renner om natten)" in page
    assert f"/styre/varsler/{other.pk}/" in text_of(client.get(f"/styre/varsler/{alarm}/"))
    client.post(f"/styre/varsler/{alarm}/behandle/", {"action": "fixed"})
    other.refresh_from_db()
    assert other.fixed_by == "caretaker-vik"


def test_the_day_counts_what_each_role_may_know(world, alarm, django_assert_max_num_queries):
    """Five counters, each an address that shows what it counts."""
    make_finding(world, Side.OWN)
    Meter.objects.filter(pk=world.get_home(Side.OWN).meter).update(production_year=2001)
    client = open_as(world, Role.ADMINISTRATOR)
    with django_assert_max_num_queries(20):
        page = text_of(client.get("/styre/"))
    for words in ("Stille i mer enn 3 døgn", "1 234 kr", "Verdier å avgjøre", "Avregninger i gang"):
        assert words in page
    counters = page.split('class="counters"')[1].split("</ul>")[0]
    for address in counters.split('href="')[1:]:
        assert client.get(address.split('"')[0]).status_code == 200
    board = text_of(open_as(world, Role.MANAGER).get("/styre/"))
    assert "1 234 kr" not in board
    assert "Verdier å avgjøre" not in board


def test_meters_silent_for_days_are_counted_with_those_behind_a_gateway(world, alarm):
    change(alarm, kind="silent", since=timezone.now() - timedelta(days=4), count=1)
    gate = Alarm.objects.create(
        organisation_id=world.vik.id, scope="gateway", subject=world.vik.gateway, gateway_id=world.vik.gateway,
        kind="gateway_silent", severity="severe", since=timezone.now() - timedelta(days=5), count=40, is_shown=True,
        opened_at=timezone.now(), last_at=timezone.now(), cause="gateway", evidence="silence", found_at=timezone.now(),
    )  # fmt: skip
    page = text_of(open_as(world, Role.CARETAKER).get("/styre/"))
    assert '<span class="figure">41</span>' in page
    assert f"/styre/varsler/{gate.pk}/" in page


def test_meters_are_due_by_age_or_by_their_own_word(world, alarm):
    home = world.get_home(Side.OWN)
    client = open_as(world, Role.MANAGER)
    assert "Ingen målere står for tur." in text_of(client.get("/styre/maalere/"))
    Meter.objects.filter(pk=home.meter).update(production_year=timezone.now().year - 8)
    Meter.objects.filter(pk=world.get_home(Side.NEIGHBOUR).meter).update(production_year=timezone.now().year - 7)
    page = text_of(client.get("/styre/maalere/"))
    assert "10000011" in page
    assert "10000021" not in page
    change(alarm, kind="low_battery", meter_id=world.get_home(Side.NEIGHBOUR).meter)
    assert "Melder selv at den er utslitt" in text_of(client.get("/styre/maalere/?sort=-meter"))
