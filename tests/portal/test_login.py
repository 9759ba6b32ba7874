# SPDX-License-Identifier: Apache-2.0
"""Signing in: password and second factor, code by e-mail, code by letter, throttling; what is kept and what is not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account import app_settings as account_settings
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.core import mail
from django.test import Client

from avlest.portal.login.adapters import SocialAdapter
from avlest.portal.login.codes import CodeError, do_make_code, do_use_code, find_code
from avlest.portal.models import ActivationCode
from avlest.registry.models import AuditEntry, Party, User
from avlest.registry.rights import AccessDeniedError, Actor, Role
from tests.portal.world import Side

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "Fjellrev-2026"


def test_signing_in_through_the_page(world):
    """The page asks for name and password; the right ones open the front page, wrong ones say so at the form."""
    client = Client()
    page = client.get("/konto/login/").content.decode()
    assert 'name="login"' in page
    assert 'name="password"' in page
    wrong = client.post("/konto/login/", {"login": "nyhusen1", "password": "feil"})
    assert wrong.status_code == 200
    assert "ds-error-summary" in wrong.content.decode()
    assert 'value="nyhusen1"' in wrong.content.decode()
    right = client.post("/konto/login/", {"login": "nyhusen1", "password": PASSWORD})
    assert (right.status_code, right["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_failed_logins_are_throttled(world):
    """After five wrong passwords for one name even the right one waits."""
    client = Client()
    for _ in range(6):
        client.post("/konto/login/", {"login": "nyhusen1", "password": "feil"})
    answer = client.post("/konto/login/", {"login": "nyhusen1", "password": PASSWORD})
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_staff_needs_a_second_factor(world, settings):
    """With one factor, staff reaches only the page where the second is set up; residents are not asked."""
    settings.REQUIRE_SECOND_FACTOR = True
    client = Client()
    client.force_login(world.vik.staff[Role.OPERATOR])
    answer = client.get("/drift/")
    assert (answer.status_code, answer["Location"]) == (302, "/konto/2fa/")
    assert client.get("/konto/2fa/").status_code == 200
    root = Client()
    root.force_login(world.root)
    assert root.get("/admin/")["Location"] == "/konto/2fa/"
    resident = Client()
    resident.force_login(world.vik.homes[Side.OWN].user)
    assert resident.get("/").status_code == 200


def test_password_and_code_of_an_app(world, settings):
    """With a second factor set up, the password leads to the question for the code, and the code to the pages."""
    settings.REQUIRE_SECOND_FACTOR = True
    operator = world.vik.staff[Role.OPERATOR]
    secret = generate_totp_secret()
    TOTP.activate(operator, secret)
    client = Client()
    asked = client.post("/konto/login/", {"login": operator.username, "password": PASSWORD})
    assert asked["Location"].startswith("/konto/2fa/authenticate/")
    assert client.get("/drift/")["Location"].startswith("/konto/login/")
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    done = client.post("/konto/2fa/authenticate/", {"code": code})
    assert done.status_code == 302
    assert client.get("/drift/").status_code == 200


def test_the_admins_login_is_the_portals(world):
    """The admin has no door of its own past the second factor and the throttle."""
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/konto/login/")


def test_a_code_by_email_lets_a_resident_in(world):
    """Whoever has an address of the register gets a code there; it ties the login to the home, and works once."""
    party = Party.objects.get(pk=world.vik.house.party)
    party.user = None
    party.email = "ny.beboer@example.no"
    party.save()
    client = Client()
    client.post("/konto/login/code/", {"email": "ny.beboer@example.no"})
    assert [message.to for message in mail.outbox] == [["ny.beboer@example.no"]]
    code = re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", mail.outbox[0].body, re.MULTILINE)[1]
    client.post("/konto/login/code/confirm/", {"code": code})
    party.refresh_from_db()
    assert party.user is not None
    assert not party.user.has_usable_password()
    assert client.get("/").status_code == 200
    assert AuditEntry.objects.filter(action="link_login", subject_id=party.pk).exists()


def test_an_unknown_address_is_answered_the_same(world):
    """Nobody learns from the page which addresses are known; no login is made for a stranger."""
    before = User.objects.count()
    answer = Client().post("/konto/login/code/", {"email": "ukjent@example.com"})
    known = Client().post("/konto/login/code/", {"email": "nyhusen1@example.no"})
    assert (answer.status_code, answer["Location"]) == (known.status_code, known["Location"])
    assert User.objects.count() == before


def test_nobody_signs_up(world):
    """There is no page to make a login without a code."""
    assert "form" not in re.findall(r"<main.*</main>", Client().get("/konto/signup/").content.decode(), re.DOTALL)[0]
    assert Client().post("/konto/signup/", {"email": "a@example.no", "password1": PASSWORD}).status_code == 200
    assert not User.objects.filter(email="a@example.no").exists()


def test_a_code_by_letter(world):
    """The code makes a login and ties it to the home; only a hash is kept, it works once and in any writing."""
    home = world.vik.house
    Party.objects.filter(pk=home.party).update(user=None)
    code = do_make_code(world.vik.actor, home.party, now=datetime.now(UTC))
    assert re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}", code)
    row = ActivationCode.objects.get()
    assert code.replace("-", "") not in f"{row.digest} {row.__dict__}"
    client = Client()
    body = {"code": code.lower().replace("-", " "), "email": "Ny@Example.no", "password": "Lundefugl-88"}
    answer = client.post("/aktiver/", body)
    assert answer.status_code == 302
    assert Party.objects.get(pk=home.party).user.email == "ny@example.no"
    assert client.get("/").status_code == 200
    again = Client().post("/aktiver/", {**body, "email": "annen@example.no"})
    assert again.status_code == 422
    assert not User.objects.filter(email="annen@example.no").exists()


def test_a_code_runs_out_and_is_replaced(world):
    """After its time a code is refused; a new letter ends the one before."""
    party = world.vik.house.party
    first = do_make_code(world.vik.actor, party, now=NOW)
    second = do_make_code(world.vik.actor, party, now=NOW)
    with pytest.raises(CodeError):
        find_code(first, now=NOW)
    assert find_code(second, now=NOW + timedelta(days=59)).party_id == party
    with pytest.raises(CodeError):
        do_use_code(second, world.root, now=NOW + timedelta(days=61))


def test_codes_need_the_right_and_the_organisation(world):
    """A caretaker cannot write a letter, and nobody one for another organisation's resident."""
    caretaker = Actor(world.vik.id, name="c", rights=frozenset())
    for actor, party in ((caretaker, world.vik.house.party), (world.vik.actor, world.nes.house.party)):
        with pytest.raises(AccessDeniedError):
            do_make_code(actor, party, now=NOW)


def test_guessing_codes_is_throttled(world):
    """The eleventh try from one address within an hour is not looked at."""
    client = Client()
    body = {"code": "AAAA-BBBB-CCCC", "email": "x@example.no", "password": "Lundefugl-88"}
    assert [client.post("/aktiver/", body).status_code for _ in range(11)] == [422] * 10 + [429]


def test_what_is_typed_stays_and_the_fault_is_named_at_the_field(world):
    """A form with errors keeps its values (but passwords) and says what is wrong, in the reader's language."""
    body = {"code": "AAAA-BBBB-CCCC", "email": "ikke en adresse", "password": "123"}
    page = Client().post("/aktiver/", body, headers={"accept-language": "nn"}).content.decode()
    assert 'value="ikke en adresse"' in page
    assert 'value="123"' not in page
    assert 'aria-invalid="true"' in page
    assert 'href="#id_email"' in page
    assert "id_email_error" in re.search(r'<input[^>]*name="email"[^>]*>', page)[0]


def test_idportens_number_is_not_kept():
    """The national identity number that ID-porten sends is dropped before anything is stored."""
    data = {"userinfo": {"sub": "abc", "pid": "01017012345"}, "id_token": {"pid": "01017012345", "sub": "abc"}}
    login = SocialLogin(account=SocialAccount(provider="idporten", uid="abc", extra_data=data))
    SocialAdapter().pre_social_login(None, login)
    assert "01017012345" not in str(login.account.extra_data)
    assert login.account.extra_data["userinfo"]["sub"] == "abc"


def test_the_rates_are_set():
    """django-allauth has limits for what can be guessed or sent."""
    assert {"login", "login_failed", "request_login_code"} <= set(account_settings.RATE_LIMITS)


def test_switching_organisation_stays_among_ones_own(world):
    """A number that is not among the person's organisations changes nothing."""
    client = Client()
    client.force_login(world.root)
    client.post("/organisasjon/", {"organisation": str(world.nes.id)})
    assert world.nes.marker in client.get("/styre/").content.decode()
    manager = Client()
    manager.force_login(world.vik.staff[Role.MANAGER])
    manager.post("/organisasjon/", {"organisation": str(world.nes.id)})
    assert world.vik.marker in manager.get("/styre/").content.decode()


def test_seeing_as_a_resident_is_told_and_changes_nothing(world):
    """Staff who sees the portal as a resident has said why; the resident sees it; nothing can be changed."""
    home = world.vik.homes[Side.OWN]
    client = Client()
    client.force_login(world.vik.staff[Role.OPERATOR])
    assert client.post(f"/se-som/{home.party}/", {"reason": "no"}).status_code == 422
    assert client.post(f"/se-som/{home.party}/", {"reason": "case 4711"}).status_code == 302
    page = client.get("/", headers={"accept-language": "en"}).content.decode()
    assert f"You see the portal as Kari {home.marker}" in page
    assert client.get("/drift/").status_code == 403
    assert client.post("/organisasjon/", {"organisation": "1"}).status_code == 403
    assert AuditEntry.objects.filter(action="see_as", subject_id=home.party).exists()
    client.post("/se-som/slutt/")
    assert client.get("/drift/").status_code == 200
