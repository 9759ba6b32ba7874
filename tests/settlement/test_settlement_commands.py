# SPDX-License-Identifier: Apache-2.0
"""The commands as people give them: prices, a year, payments, exports."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from avlest.cli.app import build_app
from avlest.registry.models import Membership, User
from avlest.registry.rights import Role
from avlest.settlement.models import Invoice, OpenItem, PriceList, Run
from avlest.settlement.payments.model import IncomingPayment
from avlest.settlement.payments.ocr_writer import build_ocr
from avlest.settlement.services.year import do_charge_terms
from tests.settlement.builders import PRICES, add_days, add_home, add_level, add_prices

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(clerk, store, tmp_path, monkeypatch):
    """Give a command in an organisation with the two billing clerks anne and bjorn."""
    from avlest.cli import service
    from avlest.cli.settlement import common, prices, settle

    for name in ("anne", "bjorn"):
        user = User.objects.create(username=name)
        Membership.objects.create(user=user, organisation_id=clerk.organisation_id, role=Role.BILLING)
    now = datetime(2027, 1, 12, 8, tzinfo=UTC)
    monkeypatch.setattr(service, "start_service", lambda data: None)
    for module in (prices, settle, *_modules()):
        monkeypatch.setattr(module, "start_service", lambda data: None)
        monkeypatch.setattr(module, "get_now", lambda: now)
    monkeypatch.setattr(common, "get_store", lambda: store)
    for module in (settle, _modules()[1]):
        monkeypatch.setattr(module, "get_store", lambda: store)
    runner = CliRunner()

    def give(*arguments: str, code: int = 0) -> str:
        result = runner.invoke(build_app(arguments), list(arguments))
        assert result.exit_code == code, result.output + str(result.exception)
        return result.output

    return give


def _modules():
    from avlest.cli.settlement import accounts, invoices, payments

    return payments, invoices, accounts


def test_prices_are_taken_in_shown_and_approved_by_another(run, tmp_path):
    """Preview changes nothing; the clerk who took the list in cannot approve it."""
    file = tmp_path / "priser.toml"
    file.write_text(PRICES, encoding="utf-8")
    assert "4 prices" in run("prices", "import", str(file), "--preview")
    assert PriceList.objects.count() == 0
    run("prices", "import", str(file), "--by", "anne")
    number = str(PriceList.objects.get().pk)
    assert "another person must approve it" in run("prices", "approve", number, "--by", "anne", code=1)
    run("prices", "approve", number, "--by", "bjorn")
    assert "approved by bjorn" in run("prices", "show")
    assert json.loads(run("prices", "show", "--json"))[0]["state"] == "approved"


def test_a_list_without_choice_of_vat_is_refused_at_its_line(run, tmp_path):
    """The file, its line and what to write."""
    file = tmp_path / "priser.toml"
    file.write_text(PRICES.replace("vat_included = true\n", ""), encoding="utf-8")
    assert "line 2, vat_included: say whether the prices include VAT" in run("prices", "import", str(file), code=1)
    assert PriceList.objects.count() == 0
    run("prices", "import", str(file), "--vat-included")
    assert PriceList.objects.get().vat_included is True


@pytest.fixture
def year(clerk, controller, store):
    """A household with a year of series and four terms charged."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 150_000}, date(2026, 1, 1), date(2027, 1, 1))
    do_charge_terms(clerk, controller, year=2026, store=store)
    return home


def test_a_year_is_settled_explained_run_again_paid_and_exported(run, year, tmp_path):
    """From preview to payment with the commands alone."""
    sheet = run("settle", "preview", "2026", "--by", "anne")
    assert "measured                          150 m³" in sheet
    assert "6\u00a0698,66\u00a0kr" in sheet
    number = str(Run.objects.get(kind="year").pk)
    assert "another person must approve" in run("settle", "approve", number, "--by", "anne", code=1)
    run("settle", "approve", number, "--by", "bjorn")
    assert "1 invoices and 0 credit notes" in run("settle", "issue", number, "--by", "bjorn")
    assert "the same to the øre" in run("settle", "rerun", number)
    invoice = Invoice.objects.get(run_id=number)
    opened = run("settle", "explain", str(invoice.number))
    assert "Vann oppgjør måler" in opened
    lines = json.loads(run("settle", "explain", "1", "--run", number, "--json"))
    assert lines[0]["explanation"]["quantity"]["value"] == "150.000"
    file = tmp_path / "ocr.txt"
    item = OpenItem.objects.get(invoice=invoice)
    file.write_bytes(
        build_ocr(
            [
                IncomingPayment(
                    reference="1", account="12345678903", amount=item.rest, kid=item.kid,
                    paid_on=date(2027, 4, 20), booked_on=date(2027, 4, 20),
                )
            ]
        )
    )  # fmt: skip
    assert "1 matched" in run("payments", "import", str(file), "--by", "anne")
    assert "known before: 1" in run("payments", "import", str(file), "--by", "anne")
    assert "0 payments to look at" in run("payments", "list")
    basis = tmp_path / "basis.csv"
    run("invoices", "export", str(basis), "--run", number)
    assert len(basis.read_text(encoding="utf-8-sig").splitlines()) == 9
    assert "takes back invoice 5" in run("invoices", "credit", "5", "--reason", "test", "--by", "bjorn")


def test_what_does_not_exist_is_said_in_one_line(run, year):
    """An unknown customer number, invoice and user: what is wrong, and no trace."""
    assert "no customer number 77" in run("settle", "preview", "2026", "--account", "77", code=1)
    assert "no invoice number 99" in run("settle", "explain", "99", code=1)
    assert 'no user "nobody"' in run("settle", "preview", "2026", "--by", "nobody", code=1)
    assert "the year 2027 is not over" in run("settle", "preview", "2027", code=1)


def test_accounts_and_invoiced_terms_are_taken_over(run, clerk, tmp_path):
    """A preview changes nothing, a bad row is named with its line and nothing is taken in, a good list is."""
    from avlest.registry.models import Party, Property
    from avlest.settlement.models import Account, EarlierLine

    Party.objects.create(organisation_id=clerk.organisation_id, code="K1", name="Kunde")
    Property.objects.create(organisation_id=clerk.organisation_id, code="E1")
    customers, terms = tmp_path / "kunder.csv", tmp_path / "terminer.csv"
    customers.write_text("number;party;property;from;service\n7;K1;E1;2020-01-01;water\n", encoding="utf-8")
    terms.write_text(
        "number;invoice;kind;service;code;unit;from;to;quantity;price;amount;vat;vat_percent;vat_included\n"
        "7;F1;advance;water;W_VOL;m3;2026-01-01;2027-01-01;140;45,27;6337,80;water;15;ja\n",
        encoding="utf-8",
    )
    assert "1 accounts would be made" in run("accounts", "import", str(customers), "--preview")
    assert "line 2, number is '7'" in run("accounts", "earlier", str(terms), code=1)
    assert "1 accounts made" in run("accounts", "import", str(customers))
    assert "1 lines made" in run("accounts", "earlier", str(terms))
    assert "0 lines made, 1 were there already" in run("accounts", "earlier", str(terms))
    assert (Account.objects.get().number, EarlierLine.objects.get().amount) == (7, 633_780)


def test_a_control_is_noted_by_the_points_code(run, clerk):
    """The error may be negative; an unknown point and a word for a number are refused."""
    from avlest.settlement.models import AccuracyControl

    add_home(clerk, 1)
    words = ("--found-on", "2027-01-01", "--starts-on", "2026-01-01", "--reason", "test 12")
    assert "1 claims wait" in run("accounts", "control", *words, "--", "P1", "-7.5")
    assert str(AccuracyControl.objects.get().error) == "-7.500"
    assert "no metering point" in run("accounts", "control", *words, "--", "P9", "8", code=2)
    assert "expected per cent" in run("accounts", "control", *words, "--", "P1", "much", code=2)
