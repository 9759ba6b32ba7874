# SPDX-License-Identifier: Apache-2.0
"""Every operation as every role, by session and by token, with everybody's things; nobody gets more than theirs."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from avlest.portal.api import authentication
from avlest.portal.api.application import get_api
from avlest.portal.api.operations import OPERATIONS, Operation
from avlest.registry.rights import Role
from tests.portal.api.calling import make_secret
from tests.portal.matrix.harness import SUBJECTS, Subject, get_samplers, get_subject
from tests.portal.world import MOVED_AT, Side, World, write_hours

_NO_HOURS = {Role.CARETAKER, Role.INSTALLER, Role.MANAGER, Role.BILLING}
_HOURLY = {"latest", "readings_of"}
_VALUES = {"values", *_HOURLY}


def list_declared() -> set[tuple[str, str]]:
    """Name and method of all operations that the API has."""
    return {
        (view.url_name, method)
        for _, router in get_api()._routers
        for view in router.path_operations.values()
        for operation in view.operations
        for method in operation.methods
    }


def test_every_operation_is_in_the_table():
    """A new operation that is not in the table fails here (and answers 403)."""
    assert list_declared() == {(one.name, one.method) for one in OPERATIONS}


def test_every_argument_has_a_sampler():
    unknown = {kind for one in OPERATIONS for kind in one.things.values()} - set(get_samplers())
    assert unknown == set()


def test_addresses_under_the_api_are_operations_or_public():
    names = {pattern.name for pattern in get_resolver().url_patterns if getattr(pattern, "name", None)}
    assert not {name for name in names if name and name.startswith("api")}


@pytest.mark.parametrize("road", ["session", "token"])
@pytest.mark.parametrize("name", SUBJECTS)
def test_the_access_matrix_of_the_api(world, store, name, road, monkeypatch):
    """Refused are who has no token, who may not use the operation, and whoever asks for another's things."""
    # A token that has ended is shown here more often than a guesser may.
    monkeypatch.setattr(authentication, "_WRONG_TOKENS", 1000)
    subject = get_subject(world, name)
    if subject.user is None and road == "token":
        pytest.skip("nobody has no token")
    write_hours(store, world.vik, start=MOVED_AT, stop=MOVED_AT.replace(day=31, hour=23))
    town = world.nes if name.endswith("nes") or "stranger" in name else world.vik
    client, headers = _sign_in(subject, town.id, road)
    problems = []
    for one in OPERATIONS:
        for side in Side if one.things else (Side.OWN,):
            problem = _try(world, client, headers, subject, one, side, road)
            problems += [f"{one.method} {one.name} {side.value}: {problem}"] if problem else []
    assert problems == []


def _sign_in(subject: Subject, organisation: int, road: str):
    client = Client(raise_request_exception=True)
    if subject.user is None:
        return client, {}
    if road == "session":
        client.force_login(subject.user)
        return client, {}
    return client, {"Authorization": "Bearer " + make_secret(subject.user, organisation)}


def _try(world: World, client: Client, headers, subject: Subject, one: Operation, side: Side, road: str) -> str:
    things = {name: get_samplers()[kind](world, side) for name, kind in one.arguments.items()}
    address = reverse(f"api:{one.name}", kwargs=things)
    query = "?resolution=month&start=2025-05-01T00:00:00Z&stop=2025-07-02T00:00:00Z" if one.name == "values" else ""
    asked = {name: get_samplers()[kind](world, side) for name, kind in one.query.items()}
    query = f"?{urlencode(asked)}" if asked else query
    with transaction.atomic():
        answer = client.generic(one.method, address + query, b"{}", "application/json", headers=headers)
        transaction.set_rollback(True)
    is_theirs = side in subject.sides or any(
        all(get_samplers()[kind](world, side) == get_samplers()[kind](world, own) for kind in one.things.values())
        for own in subject.sides
    )
    return _judge(subject, one, answer, road, is_theirs=is_theirs) or _find_words(subject, answer)


def _judge(subject: Subject, one: Operation, answer, road: str, *, is_theirs: bool) -> str:
    status = answer.status_code
    has_ended = road == "token" and subject.name == "resident before"
    if subject.user is None or has_ended or (road == "session" and one.method != "GET"):
        return "" if status == 401 else f"expected 401, got {status}"
    if not subject.roles & one.roles:
        return "" if status == 403 else f"expected 403, got {status}"
    if one.things and not is_theirs:
        return "" if status == 404 else f"expected 404 for another's, got {status}"
    expected = _expect(subject, one, answer, road)
    return "" if status in expected else f"expected {sorted(expected)}, got {status} {answer.content[:200]!r}"


def _expect(subject: Subject, one: Operation, answer, road: str) -> set[int]:
    if one.method != "GET":
        return {200, 201, 202, 204, 422}
    if one.name not in _VALUES and one.name != "all_values":
        return {200}
    looks_closely = one.name != "values"
    if subject.roles & {Role.CARETAKER, Role.INSTALLER} or (looks_closely and subject.roles & _NO_HOURS):
        return {403}
    # Staff with a session has not said why; the token says it.
    asks_why = looks_closely and road == "session" and Role.RESIDENT not in subject.roles
    return {403} if asks_why and answer.json()["code"] == "reason" else {200}


def _find_words(subject: Subject, answer) -> str:
    body = answer.content.decode(errors="replace")
    found = sorted(word for word in subject.forbidden if word in body)
    return f"shows {found}" if found else ""


def test_the_matrix_of_the_api_notices(world, store):
    """An answer that shows another's thing, or lets in whoever may not, is found out."""
    subject = get_subject(world, "resident own")
    client, headers = _sign_in(subject, world.vik.id, "token")
    points = next(one for one in OPERATIONS if one.name == "point")
    answer = client.get(reverse("api:me"), headers=headers)
    assert _judge(subject, points, answer, "token", is_theirs=False) == "expected 404 for another's, got 200"
    answer.content = world.get_home(Side.NEIGHBOUR).marker.encode()
    assert _find_words(subject, answer)
