# SPDX-License-Identifier: Apache-2.0
"""Access: inviting, ending a role, codes by letter, seeing as a resident, and the log of it all."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from avlest.insight.models import Message
from avlest.portal.login.codes import find_code
from avlest.registry.models import AuditEntry, Membership, Party, User
from avlest.registry.rights import Role
from tests.portal.world import MOVED_AT, Side


def text_of(answer):
    return answer.content.decode().replace("\u00a0", " ")


def open_as(world, role, town="vik"):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(getattr(world, town).staff[role])
    return client


@pytest.fixture
def administrator(world, store):
    return open_as(world, Role.ADMINISTRATOR)


NEW = {"email": "Ola.Vakt@example.no", "name": "Ola Vakt", "role": "caretaker"}


def test_an_invitation_makes_a_login_without_password_and_writes_a_letter(administrator, world):
    answer = administrator.post("/styre/tilganger/", NEW, follow=True)
    assert "Ola Vakt er invitert" in text_of(answer)
    user = User.objects.get(email="ola.vakt@example.no")
    assert not user.has_usable_password()
    assert user.get_full_name() == "Ola Vakt"
    assert Membership.objects.get(user=user).role == "caretaker"
    letter = Message.objects.get(user=user)
    assert letter.address == "Ola.Vakt@example.no"
    assert "Vaktmester" in letter.body
    assert "/konto/login/" in letter.body
    assert AuditEntry.objects.filter(action="add_member", actor="administrator-vik").exists()
    guest = Client()
    guest.force_login(user)
    assert guest.get("/styre/").status_code == 200


def test_whoever_has_a_login_gets_another_role_and_no_other_login(administrator, world):
    board = world.vik.staff[Role.MANAGER]
    administrator.post("/styre/tilganger/", {**NEW, "email": board.email.upper()})
    assert set(Membership.objects.filter(user=board).values_list("role", flat=True)) == {"manager", "caretaker"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"email": "ola"}, "id_email"),
        ({"email": ""}, "id_email"),
        ({"name": ""}, "id_name"),
        ({"role": ""}, "id_role"),
        ({"role": "resident"}, "id_role"),
        ({"role": "king"}, "id_role"),
        ({"email": "caretaker@vik.example.no"}, "Denne personen har rollen fra før."),
    ],
)
def test_what_is_wrong_with_an_invitation_is_named_and_what_was_typed_stays(administrator, change, error):
    before = User.objects.count()
    answer = administrator.post("/styre/tilganger/", {**NEW, **change})
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    assert f'value="{({**NEW, **change})["name"]}"' in page or "name" in change
    assert User.objects.count() == before
    assert not Message.objects.exists()


def test_a_role_ends_at_once_and_is_logged(administrator, world):
    caretaker = world.vik.staff[Role.CARETAKER]
    theirs = open_as(world, Role.CARETAKER)
    assert theirs.get("/styre/").status_code == 200
    answer = administrator.post(f"/styre/tilganger/{caretaker.pk}/", {"role": "caretaker"}, follow=True)
    assert "er avsluttet" in text_of(answer)
    assert theirs.get("/styre/").status_code == 403
    assert AuditEntry.objects.filter(action="remove_member").exists()


def test_the_last_administrator_stays(administrator, world):
    me = world.vik.staff[Role.ADMINISTRATOR]
    answer = administrator.post(f"/styre/tilganger/{me.pk}/", {"role": "administrator"})
    assert answer.status_code == 422
    assert "Den siste administratoren må bli." in text_of(answer)
    assert Membership.objects.filter(user=me, role="administrator").exists()


@pytest.mark.parametrize("typed", [{}, {"role": "billing"}, {"role": "x"}])
def test_only_a_role_they_have_can_end(administrator, world, typed):
    caretaker = world.vik.staff[Role.CARETAKER]
    assert administrator.post(f"/styre/tilganger/{caretaker.pk}/", typed).status_code == 422
    assert Membership.objects.filter(user=caretaker).count() == 1


def test_another_towns_staff_is_not_there(administrator, world):
    stranger = world.nes.staff[Role.CARETAKER]
    assert administrator.get(f"/styre/tilganger/{stranger.pk}/").status_code == 404
    assert administrator.post(f"/styre/tilganger/{stranger.pk}/", {"role": "caretaker"}).status_code == 404
    assert Membership.objects.filter(user=stranger).exists()


def test_the_preview_says_what_each_role_sees(administrator):
    page = text_of(administrator.get("/styre/tilganger/"))
    table = page.split("Hva hver rolle ser og gjør")[-1]
    board = table.split("Styre eller forretningsfører")[1].split("</tr>")[0]
    assert "summer per måned" in board
    assert "timer, med begrunnelse" in table.split("Driftsoperatør")[1].split("</tr>")[0]


def test_a_code_for_a_letter_is_shown_once_and_works(world, store):
    home = world.get_home(Side.OWN)
    board = open_as(world, Role.MANAGER)
    page = text_of(board.post(f"/styre/personer/{home.party}/kode/"))
    code = page.split("<strong>")[1].split("</strong>")[0]
    from django.utils import timezone

    assert find_code(code, now=timezone.now()).party_id == home.party
    assert code not in text_of(board.get(f"/styre/personer/{home.party}/"))
    assert not any(code in str(row.after) for row in AuditEntry.objects.all())


def test_people_without_contact_are_found(world, store):
    home = world.get_home(Side.OWN)
    board = open_as(world, Role.MANAGER)
    Party.objects.filter(pk=home.party).update(email="", phone="")
    page = text_of(board.get("/styre/personer/?without=contact"))
    assert "Kari Nyhusen1" in page
    assert "Kari Nabosen1" not in page
    assert "Mangler kontaktinfo" in page
    assert "Kari Nabosen1" in text_of(board.get("/styre/personer/?q=nabosen"))


def test_only_those_who_may_see_as_a_resident_are_offered_it(world, store):
    home = world.get_home(Side.OWN)
    address = f"/se-som/{home.party}/"
    assert address in text_of(open_as(world, Role.ADMINISTRATOR).get(f"/styre/personer/{home.party}/"))
    assert address not in text_of(open_as(world, Role.MANAGER).get(f"/styre/personer/{home.party}/"))


def test_the_log_shows_what_changed_by_whom_before_and_after(administrator, world):
    administrator.post("/styre/tilganger/", NEW)
    clerk = open_as(world, Role.BILLING)
    page = text_of(clerk.get("/styre/logg/?q=ola.vakt add_member"))
    assert "Ga tilgang" in page
    assert "(1)" in page
    entry = AuditEntry.objects.get(action="add_member", actor="administrator-vik")
    one = text_of(clerk.get(f"/styre/logg/{entry.pk}/"))
    assert "caretaker" in one
    assert "Ingenting ble endret" in text_of(clerk.get("/styre/logg/?from=2001-01-01&to=2001-12-31"))
    assert "Nesmark" not in text_of(clerk.get("/styre/logg/"))
    for query in ("?from=x&to=y", "?from=0001-01-01", "?to=9999-12-31", "?page=9999", "?sort=what"):
        assert clerk.get(f"/styre/logg/{query}").status_code == 200


def test_of_changes_at_one_moment_the_latest_stands_first(administrator, world):
    """In the order of the index, so that half a million rows cost what fifty do."""
    AuditEntry.objects.filter(organisation_id=world.vik.id).update(at=timezone.now())
    rows = AuditEntry.objects.filter(organisation_id=world.vik.id).order_by("-pk").values_list("pk", flat=True)[:5]
    with CaptureQueriesContext(connection) as asked:
        page = administrator.get("/styre/logg/").content.decode()
    places = [page.index(reverse("manager:log_entry", args=[pk])) for pk in rows]
    assert places == sorted(places)
    (listed,) = [each["sql"] for each in asked if '"registry_auditentry"."before"' in each["sql"]]
    assert "NULLS LAST" not in listed


def test_the_log_of_looks_tells_who_saw_a_household_and_why(world, store):
    home = world.get_home(Side.OWN)
    operator = open_as(world, Role.OPERATOR)
    address = f"/styre/verdier/{home.series}/?span=month"
    asked = operator.get(address)
    operator.post(asked.headers["Location"], {"reason": "Sak 2025/17", "next": address})
    operator.get(address)
    page = text_of(open_as(world, Role.BILLING).get("/styre/logg/innsyn/?q=2025/17"))
    assert "operator-vik" in page
    assert "vik-H0101" in page
    assert "Timer" in page


def test_the_log_tells_the_clerk_of_a_decision_and_not_its_amount(world, store):
    """An hour's value is not for billing (rules §8.2), though who decided, when and why is."""
    entry = AuditEntry.objects.create(
        organisation_id=world.vik.id, at=MOVED_AT, actor="operator-vik", action="decide", subject="decision",
        subject_id=1, label="x", after={"value": 987_654, "reason": "Lest på stedet"},
    )  # fmt: skip
    page = text_of(open_as(world, Role.BILLING).get(f"/styre/logg/{entry.pk}/"))
    assert "Lest på stedet" in page
    assert "987654" not in page
    assert "987654" in text_of(open_as(world, Role.ADMINISTRATOR).get(f"/styre/logg/{entry.pk}/"))
