# SPDX-License-Identifier: Apache-2.0
"""Hours of a household's electricity go to programs only where whoever lives there allows it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from avlest.portal.api.homeassistant.services import get_sensors
from avlest.portal.viewer import get_viewer
from avlest.registry.models import MeteringPoint
from avlest.registry.rights import Role
from tests.portal.api.calling import call_as
from tests.portal.world import MOVED_AT, Side, write_hours

DAY = {"start": MOVED_AT.isoformat(), "stop": (MOVED_AT + timedelta(days=1)).isoformat(), "resolution": "hour"}
BEFORE = DAY | {"start": (MOVED_AT - timedelta(days=1)).isoformat()}


@pytest.fixture
def home(world, store):
    """A home whose electricity is measured, with hours before and after its resident moved in."""
    own = world.get_home(Side.OWN)
    MeteringPoint.objects.filter(pk=own.point).update(medium="electricity")
    write_hours(store, world.vik, start=MOVED_AT - timedelta(hours=5), stop=MOVED_AT + timedelta(hours=5))
    return own


@pytest.fixture
def programs(world):
    """A token of the resident, and one of a program of the organisation."""
    own = call_as(world, world.get_home(Side.OWN).user)
    return own, call_as(world, world.vik.staff[Role.ADMINISTRATOR], role=Role.OPERATOR)


def allow(home, *, is_given: bool) -> None:
    """Give or withdraw it as the resident does, on the page of consents."""
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(home.user)
    assert "Strøm til programmer" in client.get("/meg/samtykker/").content.decode()
    form = {"point": home.point, "stream": "api"} | ({"is_given": "on"} if is_given else {})
    assert client.post("/meg/samtykker/", form).status_code == 302


def test_programs_read_electricity_by_the_hour_with_consent_and_not_after_it_is_withdrawn(home, programs):
    """One that is refused is told why; whole months need no consent."""
    for is_given in (False, True, False):
        if is_given or home.point in _get_given():
            allow(home, is_given=is_given)
        for program in programs:
            for path, query in ((f"series/{home.series}/values", DAY), (f"series/{home.series}/readings", {}),
                                (f"series/{home.series}/latest", {})):  # fmt: skip
                answer = program.get(path, **query)
                assert answer.status_code == (200 if is_given else 403), path
                assert is_given or answer.json()["code"] == "consent"
            assert program.get(f"series/{home.series}/values", **(DAY | {"resolution": "month"})).status_code == 200


def _get_given() -> set[int]:
    from avlest.portal.resident.models import Consent

    return set(Consent.objects.filter(withdrawn_at__isnull=True).values_list("point_id", flat=True))


def test_a_consent_says_nothing_of_the_time_before_its_tenancy(home, programs):
    """A program of the organisation, which sees all hours of water, gets those of the one who allowed it."""
    allow(home, is_given=True)
    rows = programs[1].read(f"series/{home.series}/values", **BEFORE)["items"]
    assert len(rows) == 5
    assert min(row["start"] for row in rows) == MOVED_AT.isoformat().replace("+00:00", "Z")


def test_water_needs_no_consent(world, home, programs):
    MeteringPoint.objects.filter(pk=home.point).update(medium="cold_water")
    for program in programs:
        assert len(program.read(f"series/{home.series}/values", **DAY)["items"]) == 5


def test_home_assistant_gets_electricity_with_consent_only(world, store, home):
    viewer = get_viewer(home.user, organisation_id=world.vik.id)
    now = timezone.now()
    assert get_sensors(viewer, store, now=now) == []
    allow(home, is_given=True)
    assert [sensor.series for sensor in get_sensors(viewer, store, now=now)] == [home.series]


def test_the_page_of_programs_says_where_electricity_is_allowed(home):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(home.user)
    assert 'href="/meg/samtykker/"' in client.get("/api/nokler/").content.decode().split("<main")[1]
