# SPDX-License-Identifier: Apache-2.0
"""Values that wait for a decision: who sees what of them, deciding one and many, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from avlest.readings.models import Decision, DeriveRequest, Finding
from avlest.registry.models import AuditEntry
from avlest.registry.rights import Role
from tests.portal.matrix.samplers.manager import make_finding
from tests.portal.world import MOVED_AT, Side, write_hours


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


def open_as(world, role):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.vik.staff[role])
    return client


@pytest.fixture
def clerk(world, store):
    write_hours(store, world.vik, start=MOVED_AT, stop=MOVED_AT + timedelta(days=30))
    return open_as(world, Role.BILLING)


@pytest.fixture
def finding(world):
    return make_finding(world, Side.OWN)


def add_many(world, count):
    home = world.get_home(Side.NEIGHBOUR)
    Finding.objects.bulk_create(
        Finding(
            organisation_id=world.vik.id, series_id=home.series, code="V09", severity="suspect",
            starts_at=MOVED_AT + timedelta(hours=n), found_at=MOVED_AT,
        )
        for n in range(count)
    )  # fmt: skip


def test_the_queue_tells_how_far_and_not_how_much(clerk, finding):
    """The clerk sees no hour of a household: a multiple of the limit, a day, the place."""
    page = text_of(clerk.get("/styre/avgjorelser/"))
    assert "2,0 × grensen" in page
    assert "Vikmarkgata 1 H0101, Kaldtvann" in page
    assert "9 liter" not in page
    one = text_of(clerk.get(f"/styre/avgjorelser/{finding}/"))
    assert "9 liter" not in one
    assert "11 liter" not in one
    assert "kl." not in one.split("Funnet")[0]


def test_the_operator_gives_a_reason_and_sees_the_hours_around(world, clerk, finding):
    operator = open_as(world, Role.OPERATOR)
    asked = operator.get(f"/styre/avgjorelser/{finding}/")
    assert asked.status_code == 302
    operator.post(asked.headers["Location"], {"reason": "Sak 2025/17", "next": "/"})
    page = text_of(operator.get(f"/styre/avgjorelser/{finding}/"))
    assert "9 liter" in page
    assert "5 liter" in page
    assert "11 liter" in page


def test_accepting_closes_the_finding_with_author_and_reason(clerk, finding, world):
    answer = clerk.post(f"/styre/avgjorelser/{finding}/", {"action": "accept", "reason": "Fylte bassenget"})
    assert answer.status_code == 303
    made = Decision.objects.get()
    assert (made.action, made.reason, made.author) == ("accept", "Fylte bassenget", "billing-vik")
    assert Finding.objects.get(pk=finding).state == "decided"
    assert DeriveRequest.objects.filter(series_id=made.series_id).exists()
    assert AuditEntry.objects.filter(action="decide", subject="decision").exists()
    page = text_of(clerk.get(f"/styre/verdier/{made.series_id}/?at=2025-06-21"))
    assert "Fylte bassenget" in page
    assert "Godtatt som målt" in page


def test_a_value_is_written_in_cubic_metres_and_kept_exactly(clerk, finding):
    clerk.post(f"/styre/avgjorelser/{finding}/", {"action": "edit", "value": "1 234,567", "reason": "Lest på stedet"})
    assert Decision.objects.get().value == 1_234_567_000


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"action": "edit", "reason": "Lest på stedet"}, "Skriv mengden som skal gjelde."),
        ({"action": "edit", "value": "mye", "reason": "Lest på stedet"}, "Skriv et tall"),
        ({"action": "accept", "value": "3", "reason": "Lest på stedet"}, "La dette stå tomt"),
        ({"action": "accept", "reason": "x"}, "id_reason"),
        ({"action": "discretion", "value": "3", "reason": "Lest på stedet"}, "id_action"),
        ({}, "id_action"),
    ],
)
def test_what_is_wrong_is_named_at_the_field_and_what_was_typed_stays(clerk, finding, typed, error):
    answer = clerk.post(f"/styre/avgjorelser/{finding}/", typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    assert all(f'value="{typed[name]}"' in page for name in ("value", "reason") if name in typed)
    assert not Decision.objects.exists()


def test_what_is_decided_is_not_decided_again(clerk, finding):
    for _time in range(2):
        answer = clerk.post(f"/styre/avgjorelser/{finding}/", {"action": "accept", "reason": "Fylte bassenget"})
    assert answer.status_code == 422
    assert "Noen har avgjort dette allerede." in text_of(answer)
    assert Decision.objects.count() == 1


def test_a_period_locked_by_discretion_is_refused_in_words(clerk, finding):
    row = Finding.objects.get(pk=finding)
    assert row.ends_at is not None
    Decision.objects.create(
        organisation_id=row.organisation_id, series_id=row.series_id, starts_at=row.starts_at - timedelta(days=1),
        ends_at=row.ends_at + timedelta(days=1), action="discretion", value=5, reason="Skjønn", author="a",
        known_at=row.found_at,
    )  # fmt: skip
    answer = clerk.post(f"/styre/avgjorelser/{finding}/", {"action": "accept", "reason": "Fylte bassenget"})
    assert "Perioden er låst ved skjønn." in text_of(answer)
    assert Finding.objects.get(pk=finding).state == "open"


def test_chosen_ones_are_decided_alike(clerk, world, finding):
    add_many(world, 3)
    numbers = list(Finding.objects.filter(code="V09").values_list("pk", flat=True))
    data = {"findings": numbers[:2], "action": "estimate", "reason": "Måleren sto"}
    answer = clerk.post("/styre/avgjorelser/?code=V09", data, follow=True)
    assert "2 verdier er avgjort." in text_of(answer)
    assert answer.redirect_chain == [("/styre/avgjorelser/?code=V09", 303)]
    assert Finding.objects.filter(state="decided").count() == 2


def test_all_that_match_are_decided_over_pages_and_nothing_else(clerk, world, finding):
    add_many(world, 60)
    page = text_of(clerk.get("/styre/avgjorelser/?code=V09&page=2"))
    assert "(60)" in page
    data = {"every": "on", "action": "accept", "reason": "Kuldeperioden"}
    assert "60 verdier er avgjort." in text_of(clerk.post("/styre/avgjorelser/?code=V09", data, follow=True))
    assert Finding.objects.get(pk=finding).state == "open"


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"action": "accept", "reason": "Kuldeperioden"}, "Velg minst én verdi"),
        ({"findings": ["999999"], "action": "accept", "reason": "Kuldeperioden"}, "avgjort fra før"),
        ({"every": "on", "reason": "Kuldeperioden"}, "id_action"),
        ({"every": "on", "action": "accept", "reason": " "}, "id_reason"),
        ({"every": "on", "action": "edit", "reason": "Kuldeperioden"}, "id_action"),
    ],
)
def test_deciding_many_needs_a_choice_an_action_and_a_reason(clerk, finding, typed, error):
    answer = clerk.post("/styre/avgjorelser/", typed)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert not Decision.objects.exists()


def test_search_narrows_the_queue_and_another_towns_findings_are_not_there(clerk, world, finding):
    make_finding(world, Side.STRANGER)
    page = text_of(clerk.get("/styre/avgjorelser/?q=h0101"))
    assert "(1)" in page
    assert "Nesmark" not in page
    assert "Ingenting venter" in text_of(clerk.get("/styre/avgjorelser/?q=finnesikke"))


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CARETAKER])
def test_the_board_and_the_caretaker_decide_nothing(world, store, role, finding):
    assert open_as(world, role).get("/styre/avgjorelser/").status_code == 403
    assert open_as(world, role).get(f"/styre/avgjorelser/{finding}/").status_code == 403
