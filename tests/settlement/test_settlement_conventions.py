# SPDX-License-Identifier: Apache-2.0
"""Rules of this room that no linter knows: organisations, clock, translations, who may see what."""

from __future__ import annotations

import ast
import dataclasses
import gettext
import io
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.urls import reverse

import avlest.settlement
from avlest.registry.models import Owned, User
from avlest.registry.rights import RIGHTS, AccessDeniedError, Actor, Right, Role
from avlest.settlement import access
from avlest.settlement.models import Account, Invoice, Removal
from avlest.settlement.services.year import do_charge_terms
from tests.settlement.builders import add_home, add_level, add_prices, make_people

ROOM = Path(avlest.settlement.__file__).parent
SOURCES = sorted(p for p in ROOM.rglob("*.py") if "migrations" not in p.parts)
MODELS = list(apps.get_app_config("settlement").get_models())


def get_calls(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: str(p.relative_to(ROOM)))
def test_nobody_looks_at_the_clock(file):
    """The time is an argument; only the admin, an edge, asks for it."""
    clock = [call for call in get_calls(file) if call.endswith((".now", ".today", ".utcnow"))]
    assert clock == ([] if "admin" not in file.parts else [c for c in clock if c == "timezone.now"])


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_row_belongs_to_an_organisation(model):
    """Every table has an organisation, but the one that only opens removal."""
    assert model is Removal or (issubclass(model, Owned) and hasattr(model.objects.none(), "of"))


def test_every_kind_of_row_is_in_the_admin():
    """Everything can be looked at."""
    admin.autodiscover()
    assert set(MODELS) - set(admin.site._registry) == {Removal}


@pytest.mark.django_db
def test_the_migrations_are_whole():
    """Models and migrations say the same."""
    out = io.StringIO()
    call_command("makemigrations", "settlement", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()


def test_every_word_of_the_admin_has_its_norwegian():
    """The compiled catalogue knows each text of the room, and no text that is gone."""
    words = set()
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                words |= {str(word.value) for word in node.args if isinstance(word, ast.Constant)}
    with (ROOM / "locale" / "nb" / "LC_MESSAGES" / "django.mo").open("rb") as catalogue:
        compiled = gettext.GNUTranslations(catalogue)
    known = {word for word in compiled._catalog if word}  # type: ignore[attr-defined]
    assert words ^ known == set()


@pytest.mark.django_db
def test_the_admin_speaks_norwegian(client):
    """The front page names the lists in bokmål."""
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    text = client.get(reverse("admin:index"), headers={"accept-language": "nb"}).content.decode()
    assert all(word in text for word in ("Avregningskjøringer", "Prislister", "Fakturaer", "Innbetalinger"))


@pytest.mark.django_db
def test_an_approved_price_is_not_changed_in_the_admin(client, clerk):
    """The form of an approved list and of its prices is only to look at, also for the superuser."""
    from avlest.settlement.models import Price

    number = add_prices(clerk)
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    price = Price.objects.filter(price_list=number)[0]
    for page, row in (("pricelist", number), ("price", price.pk)):
        address = reverse(f"admin:settlement_{page}_change", args=[row])
        assert client.get(address).status_code == 200
        assert client.post(address, {"value": "1"}).status_code == 403


@pytest.fixture
def invoice(clerk, controller, store):
    """The first invoice of a household."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    do_charge_terms(clerk, controller, year=2026, store=store)
    return Invoice.objects.order_by("number")[0]


@pytest.mark.django_db
def test_only_billing_and_boards_see_settlement(clerk, invoice):
    """Of the roles only the administrator, billing and a board see runs and invoices (rules §8.2)."""
    for role in Role:
        actor = dataclasses.replace(clerk, rights=RIGHTS[role])
        if Right.VIEW_SETTLEMENT in RIGHTS[role]:
            assert access.access_invoice(actor, invoice.pk).id == invoice.pk
        else:
            with pytest.raises(AccessDeniedError):
                access.access_invoice(actor, invoice.pk)
    assert {role for role in Role if Right.VIEW_SETTLEMENT in RIGHTS[role]} == {
        Role.ADMINISTRATOR, Role.BILLING, Role.MANAGER,
    }  # fmt: skip


@pytest.mark.django_db
def test_another_organisation_sees_nothing(invoice, now):
    """Runs, invoices, accounts and lines of the neighbour are refused as if they were not there."""
    stranger = make_people("nes", now)[0]
    assert access.access_runs(stranger) == []
    assert access.access_invoices(stranger) == []
    assert access.access_accounts(stranger) == []
    for ask in (
        lambda: access.access_invoice(stranger, invoice.pk),
        lambda: access.access_lines(stranger, invoice.pk),
        lambda: access.access_run(stranger, invoice.run_id),
        lambda: access.access_run_control(stranger, invoice.run_id),
        lambda: access.access_account(stranger, invoice.account_id),
        lambda: access.access_preview_lines(stranger, invoice.run_id, invoice.account_id),
    ):
        with pytest.raises(AccessDeniedError):
            ask()


@pytest.mark.django_db
def test_a_subscriber_sees_only_own_invoices(clerk, invoice):
    """By the parties a person has: the neighbour's invoice is refused, the own one opens."""
    neighbour = add_home(clerk, 2)
    mine = [Account.objects.get(pk=invoice.account_id).party_id]
    theirs = [Account.objects.get(pk=neighbour.account).party_id]
    assert [one.id for one in access.access_own_invoices(mine)][-1] == invoice.pk
    assert access.access_own_lines(mine, invoice.pk)[0].explanation is not None
    assert access.access_own_invoices(theirs) == []
    with pytest.raises(AccessDeniedError, match="of yours"):
        access.access_own_lines(theirs, invoice.pk)
    assert next(one.invoice_id for one in access.access_own_items(mine)) == invoice.pk


def test_a_resident_has_no_right_here():
    """Residents reach their own invoices through the tenancy, never through a right."""
    resident = Actor(1, "kari", RIGHTS[Role.RESIDENT], 2)
    with pytest.raises(AccessDeniedError):
        access.access_runs(resident)
