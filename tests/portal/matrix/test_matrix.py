# SPDX-License-Identifier: Apache-2.0
"""Nobody opens what they may not, nobody sees another's things: every address, every role, every side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.test import Client

from avlest.portal.rules import Rule, find_rule, get_rules
from tests.portal.matrix.harness import (
    SUBJECTS,
    Subject,
    find_address,
    get_kinds,
    get_samplers,
    get_subject,
    list_names,
    list_rules,
    may_enter,
)
from tests.portal.world import MOVED_AT, Side, World, write_hours


def test_every_address_has_a_rule():
    """A new address without a rule fails here (and answers 403)."""
    missing = sorted({name for name in list_names() if find_rule(name) is None})
    assert missing == []


def test_every_rule_has_an_address():
    """A rule for an address that is gone would hide that another one has none."""
    names = set(list_names())
    spaces = {name.rpartition(":")[0] for name in names}
    lost = [name for name in get_rules() if name not in names and not (name.endswith(":*") and name[:-2] in spaces)]
    assert lost == []


def test_every_thing_in_a_rule_has_a_sampler():
    """The matrix can put something of each side into every address."""
    samplers = get_samplers()
    unknown = {(rule.name, kind) for rule in list_rules() for kind in get_kinds(rule).values() if kind not in samplers}
    assert unknown == set()


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_access_matrix(world, store, name):
    """Refused are: who may not come in, and whoever asks for what is another's; a page shows no word of others."""
    for town in (world.vik, world.nes):
        write_hours(store, town, start=MOVED_AT - timedelta(days=1), stop=MOVED_AT + timedelta(days=1))
    subject = get_subject(world, name)
    samplers, client = get_samplers(), make_client(subject)
    problems = []
    for rule in list_rules():
        for address, side, is_theirs in _list_addresses(world, subject, rule, samplers):
            for method in rule.methods:
                problem = _open(client, subject, rule, address, method, is_theirs=is_theirs)
                problems += [f"{method} {rule.name} {side.value} {address}: {problem}"] if problem else []
    assert problems == []


def _list_addresses(world: World, subject: Subject, rule: Rule, samplers) -> Iterator[tuple[str, Side, bool]]:
    """Each address of a rule once, with whose it is; of what may not be entered at all, one is enough."""
    seen = set()
    for side in Side if get_kinds(rule) and may_enter(subject, rule) else (Side.OWN,):
        address = find_address(rule, world, side, samplers)
        if address and address not in seen:
            seen.add(address)
            yield address, side, side in subject.sides or _is_same(rule, world, side, subject, samplers)


def make_client(subject: Subject) -> Client:
    """A browser that is signed in as somebody."""
    client = Client(raise_request_exception=False)
    if subject.user is not None:
        client.force_login(subject.user)
    return client


def _is_same(rule: Rule, world: World, side: Side, subject: Subject, samplers) -> bool:
    """Whether a side's things are also the subject's own: predecessor and successor share a flat."""
    kinds = get_kinds(rule).values()
    return any(all(samplers[k](world, side) == samplers[k](world, own) for k in kinds) for own in subject.sides)


def _open(client: Client, subject: Subject, rule: Rule, address: str, method: str, *, is_theirs: bool) -> str:
    """Open an address as somebody; say what is wrong with the answer.  What it changed, cookies too, is taken back."""
    cookies = SimpleCookie(client.cookies)
    with transaction.atomic():
        answer = client.generic(method, address)
        body = b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    client.cookies = cookies
    return _judge(subject, rule, answer, is_theirs=is_theirs) or _find_words(subject, body.decode(errors="replace"))


def _judge(subject: Subject, rule: Rule, answer, *, is_theirs: bool) -> str:
    status = answer.status_code
    if not may_enter(subject, rule):
        if subject.user is None:
            to_login = status in (302, 401) and "/konto/login/" in answer.get("Location", "/konto/login/")
            return "" if to_login else f"expected the login, got {status}"
        return "" if status == 403 else f"expected 403, got {status}"
    if get_kinds(rule) and not rule.is_shared and not is_theirs:
        return "" if status == 404 else f"expected 404 for another's, got {status}"
    if get_kinds(rule) and not rule.is_shared:
        return "" if status < 400 or status in (422, 400) else f"refused what is their own: {status}"
    return "" if status < 500 and (status != 403 or subject.user is None) else f"got {status}"


def _find_words(subject: Subject, body: str) -> str:
    found = sorted(word for word in subject.forbidden if word in body)
    return f"shows {found}" if found else ""


def test_the_matrix_notices(world, monkeypatch):
    """A page that shows another's thing, and one that lets in whoever asks, are found out."""
    subject = get_subject(world, "resident own")
    assert _find_words(subject, f"<p>{world.get_home(Side.NEIGHBOUR).marker}</p>")
    assert _find_words(subject, "<p>7 777 liter</p>")
    rule = find_rule("common:see_as")
    address = find_address(rule, world, Side.STRANGER, get_samplers())
    operator = get_subject(world, "operator vik")
    assert (
        _open(make_client(operator), operator, rule, address, "GET", is_theirs=True) == "refused what is their own: 404"
    )
    assert (
        _open(make_client(subject), subject, find_rule("common:privacy"), "/drift/", "GET", is_theirs=True) == "got 403"
    )
