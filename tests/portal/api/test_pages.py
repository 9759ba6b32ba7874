# SPDX-License-Identifier: Apache-2.0
"""Pages for tokens and webhooks: the secret is shown once, errors stand at their field, revoked means out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from avlest.portal.api.models import ApiToken, Webhook
from avlest.portal.api.scopes import Scope
from avlest.portal.api.tokens import TokenError, TokenWish, do_make_token, find_caller
from avlest.portal.models import AccessLog
from avlest.portal.viewer import get_viewer
from avlest.registry.models import AuditEntry, Tenancy
from avlest.registry.rights import AccessDeniedError, Role
from tests.portal.api.calling import Caller, call_as_program, call_as_resident, make_secret
from tests.portal.world import MOVED_AT, Side, write_hours

_SECRET = re.compile(r"avlest_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def resident(world):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.get_home(Side.OWN).user)
    return client


@pytest.fixture
def administrator(world):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.vik.staff[Role.ADMINISTRATOR])
    return client


def test_a_resident_makes_a_token_uses_it_and_revokes_it(world, store, resident):
    form = {"name": "Min robot", "scopes": ["series:read", "points:read"], "days": "30"}
    page = resident.post("/api/nokler/ny/", form)
    assert page.status_code == 200
    secret = _SECRET.search(page.content.decode()).group()
    assert "no-store" in page["Cache-Control"]
    assert [each["code"] for each in Caller(secret).read("points")["items"]] == ["vik-H0101"]
    assert Caller(secret).get("alarms").json()["code"] == "scope"
    listed = resident.get("/api/nokler/").content.decode()
    assert "Min robot" in listed
    assert secret not in listed
    assert secret not in str(list(ApiToken.objects.values())) + str(list(AuditEntry.objects.values()))
    number = ApiToken.objects.get(name="Min robot").pk
    assert resident.post(f"/api/nokler/{number}/trekk-tilbake/").status_code == 302
    assert Caller(secret).get("points").status_code == 401


def test_errors_stand_at_their_field_and_what_was_typed_stays(resident, administrator):
    page = resident.post("/api/nokler/ny/", {"name": "", "scopes": ["webhooks:manage"], "days": "7"})
    assert page.status_code == 422
    assert {"name", "scopes", "days"} <= set(page.context["form"].errors)
    page = administrator.post(
        "/api/nokler/ny/",
        {"name": "Robot", "role": "manager", "purpose": "Sak 12345", "scopes": ["webhooks:manage"], "days": "30"},
    )
    assert page.status_code == 422
    assert "Velg bare det denne rollen kan gjøre." in page.content.decode()
    assert 'value="Robot"' in page.content.decode()


def test_a_program_of_the_organisation_is_seen_by_residents_when_it_looks(world, store, administrator):
    write_hours(store, world.vik, start=MOVED_AT, stop=MOVED_AT.replace(hour=23))
    form = {
        "name": "Lekkasjesøk", "role": "operator", "purpose": "Søk etter lekkasjer", "scopes": ["series:read"],
        "days": "30",
    }  # fmt: skip
    secret = _SECRET.search(administrator.post("/api/nokler/ny/", form).content.decode()).group()
    home = world.get_home(Side.OWN)
    hours = Caller(secret).read(
        f"series/{home.series}/values", resolution="hour", start="2025-05-31T22:00:00Z", stop="2025-06-01T00:00:00Z"
    )
    assert [each["value"] for each in hours["items"]] == [11.0]
    look = AccessLog.objects.get(point_id=home.point)
    assert (look.name, look.reason) == ("Lekkasjesøk", "Søk etter lekkasjer")


def test_nobody_gives_a_token_more_than_they_have_themselves(world):
    now = datetime.now(UTC)
    viewer = get_viewer(world.vik.staff[Role.CARETAKER], organisation_id=world.vik.id)
    wish = TokenWish(
        name="x", scopes=(Scope.ALARMS,), expires_at=now + timedelta(days=1), purpose="Sak 1", role=Role.OPERATOR
    )
    with pytest.raises(AccessDeniedError):
        do_make_token(viewer, wish, now=now)
    wish = TokenWish(name="x", scopes=(Scope.INVOICES,), expires_at=now + timedelta(days=1), purpose="Sak 1")
    with pytest.raises(TokenError):
        do_make_token(viewer, wish, now=now)


def test_another_person_cannot_revoke_a_token(world, resident, administrator):
    make_secret(world.get_home(Side.NEIGHBOUR).user, world.vik.id)
    number = ApiToken.objects.get().pk
    assert resident.post(f"/api/nokler/{number}/trekk-tilbake/").status_code == 404
    assert administrator.post(f"/api/nokler/{number}/trekk-tilbake/").status_code == 404


def test_a_token_ends_with_its_time_with_the_tenancy_and_with_the_person(world):
    home = world.get_home(Side.OWN)
    secret, now = make_secret(home.user, world.vik.id), datetime.now(UTC)
    assert find_caller(secret, now=now) is not None
    assert find_caller(secret, now=now + timedelta(days=31)) is None
    Tenancy.objects.filter(pk=home.tenancy).update(ends_at=now - timedelta(days=1))
    assert find_caller(secret, now=now) is None
    Tenancy.objects.filter(pk=home.tenancy).update(ends_at=None)
    home.user.is_active = False
    home.user.save()
    assert find_caller(secret, now=now) is None


def test_too_many_calls_are_refused_for_a_while(world, store, monkeypatch):
    from types import SimpleNamespace

    from avlest.portal.api import authentication

    monkeypatch.setattr(authentication, "get_options", lambda: SimpleNamespace(api_calls_per_minute=3))
    caller = call_as_resident(world)
    statuses = [caller.get("me").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert caller.get("me")["Retry-After"] == "60"
    guesses = [Caller(f"avlest_aaaaaaaa_{n:043}").get("me").status_code for n in range(31)]
    assert guesses[:30] == [401] * 30
    assert guesses[30] == 429


def test_what_has_not_changed_is_not_sent_again(world, store):
    caller = call_as_resident(world)
    first = caller.get("points")
    again = caller.client.get("/api/v1/points", headers={**caller.headers, "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_webhook_pages_make_try_and_end(world, store, administrator, monkeypatch):
    from tests.portal.api.test_webhooks import allow

    allow(monkeypatch, "localhost")
    bad = administrator.post("/api/webhooks/ny/", {"url": "https://10.0.0.1/", "events": ["alarm.opened"]})
    assert bad.status_code == 422
    assert "Denne adressen er ikke på det åpne internettet." in bad.content.decode()
    assert 'value="https://10.0.0.1/"' in bad.content.decode()
    form = {"url": "http://localhost:9/x", "events": ["alarm.opened"], "description": "Økonomi"}
    made = administrator.post("/api/webhooks/ny/", form)
    assert "whsec_" in made.content.decode()
    number = Webhook.objects.get().pk
    page = administrator.post(f"/api/webhooks/{number}/test/", follow=True).content.decode()
    assert "venter" in page
    assert "whsec_" not in page
    administrator.post(f"/api/webhooks/{number}/slutt/")
    assert administrator.get(f"/api/webhooks/{number}/").status_code == 404


def test_the_page_of_the_api_names_every_operation(administrator):
    from avlest.portal.api.operations import OPERATIONS

    page = administrator.get("/api/").content.decode()
    assert page.count(" /api/v1/") == len(OPERATIONS)
    assert "readings:write" in page


@pytest.mark.parametrize("path", ["/api/", "/api/nokler/", "/api/nokler/ny/", "/api/webhooks/", "/api/webhooks/ny/"])
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_pages_answer_in_every_language(administrator, path, language):
    assert administrator.get(path, headers={"Accept-Language": language}).status_code == 200


def test_an_unknown_address_under_the_api_is_a_problem(client, db):
    answer = client.get("/api/v1/moon")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_values_come_in_every_format_and_page_by_page(world, store):
    import io

    import polars as pl

    write_hours(store, world.vik, start=MOVED_AT - timedelta(hours=3), stop=MOVED_AT + timedelta(hours=5))
    home = world.get_home(Side.OWN)
    caller = call_as_resident(world)
    query = {"resolution": "hour", "start": "2025-05-30T00:00:00Z", "stop": "2025-06-02T00:00:00Z"}
    path = f"series/{home.series}/values"
    body = caller.read(path, **query)
    assert [each["start"] for each in body["items"]][:2] == ["2025-05-31T22:00:00Z", "2025-05-31T23:00:00Z"]
    assert {each["value"] for each in body["items"]} == {11.0}
    assert caller.get(path, format="csv", **query).content.decode().splitlines()[1].endswith(",11.0,50")
    for form, read in (("parquet", pl.read_parquet), ("arrow", pl.read_ipc_stream)):
        frame = read(io.BytesIO(caller.get(path, format=form, **query).content))
        assert frame.height == 5
        assert str(frame["value"][0]) == "11.000"
    seen, page = [], caller.read(path, limit=2, **query)
    while page["next"]:
        seen += page["items"]
        page = caller.client.get(page["next"], headers=caller.headers).json()
    assert [*seen, *page["items"]] == body["items"]


def test_many_series_are_read_in_the_order_asked_for(world, store):
    write_hours(store, world.vik, start=MOVED_AT, stop=MOVED_AT + timedelta(hours=2))
    own, neighbour = (world.get_home(side).series for side in (Side.OWN, Side.NEIGHBOUR))
    caller = call_as_program(world, Role.OPERATOR)
    query = {"resolution": "hour", "start": "2025-05-30T00:00:00Z", "stop": "2025-06-02T00:00:00Z", "limit": 3}
    page = caller.read("values", series=[neighbour, own], **query)
    rest = caller.client.get(page["next"], headers=caller.headers).json()
    rows = [*page["items"], *rest["items"]]
    assert [each["series"] for each in rows] == [neighbour, neighbour, own, own]
    assert [each["value"] for each in rows] == [5555.0, 5555.0, 11.0, 11.0]
