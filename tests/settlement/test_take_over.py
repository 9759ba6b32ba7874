# SPDX-License-Identifier: Apache-2.0
"""Taking over from an earlier system: accounts and invoiced terms from lists, refused with the place of each error."""

from __future__ import annotations

from datetime import date

import pytest

from avlest.registry.importing.report import ImportFileError
from avlest.registry.models import AuditEntry, Party, Property
from avlest.settlement.importing.take_over import parse_accounts, parse_earlier
from avlest.settlement.models import Account, AdvanceLevel, Agreement, EarlierLine, Invoice, InvoiceLine
from avlest.settlement.services.explain import explain_invoice
from avlest.settlement.services.runs import RunRequest
from avlest.settlement.services.take_over import do_import_accounts, do_import_earlier
from avlest.settlement.services.year import do_run_through
from tests.settlement.builders import add_days, add_home, add_prices

YEAR = (date(2026, 1, 1), date(2027, 1, 1))
ACCOUNTS = """Kundenummer;Abonnent;Eiendom;Fra;Til;Terminer;Areal;Tjeneste;Kategori;A konto;A konto år
1001;K1;E1;01.01.2020;;12;120,5;water;home;140,000;2026
1001;K1;E1;01.01.2020;;12;120,5;wastewater;home;140,000;2026
1002;K2;E2;2024-05-01;2026-07-01;;;water;cabin;;
1003;K3;E2;01.07.2026;;4;;water;;;
"""
EARLIER = """Kundenummer;Faktura;Fakturadato;Slag;Tjeneste;Kode;Enhet;Fra;Til;Mengde;Pris;Beløp;Mva-kode;Mva;Inkl. mva
{rows}"""


@pytest.fixture
def places(clerk):
    """Three people and two properties, as another list made them."""
    for number in (1, 2, 3):
        Party.objects.create(organisation_id=clerk.organisation_id, code=f"K{number}", name=f"Kunde {number}")
    for number in (1, 2):
        Property.objects.create(organisation_id=clerk.organisation_id, code=f"E{number}", address=f"Storgata {number}")


def take(clerk, now, text, **options):
    """Import a list of accounts."""
    rows, issues = parse_accounts(text.encode(), filename="kunder.csv")
    assert not issues
    return do_import_accounts(clerk, rows, now=now, **options)


@pytest.mark.django_db
def test_accounts_come_with_services_and_a_konto(places, clerk, now):
    """Decimal commas and Norwegian headings; a second time nothing is new."""
    assert take(clerk, now, ACCOUNTS, preview=True).made == 3
    assert not Account.objects.exists()
    assert (take(clerk, now, ACCOUNTS).made, take(clerk, now, ACCOUNTS).known) == (3, 3)
    first = Account.objects.get(number=1001)
    assert (first.terms, str(first.area), first.opened_on) == (12, "120.50", date(2020, 1, 1))
    assert set(Agreement.objects.filter(account=first).values_list("service", "category")) == {
        ("water", "home"), ("wastewater", "home"),
    }  # fmt: skip
    assert set(AdvanceLevel.objects.values_list("account__number", "service", "year", "quantity")) == {
        (1001, "water", 2026, 140_000), (1001, "wastewater", 2026, 140_000),
    }  # fmt: skip
    assert Account.objects.get(number=1002).closed_on == Account.objects.get(number=1003).opened_on
    assert AuditEntry.objects.filter(action="take over").count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1004;K9;E1;01.01.2027;;4;;water;;;", "line 2, party is 'K9': expected the customer number"),
        ("1004;K1;E9;01.01.2027;;4;;water;;;", "line 2, property is 'E9': expected the own number"),
        ("1001;K2;E1;01.01.2020;;4;;water;;;", "line 2, number is '1001': expected a number that no other account"),
        ("1004;K2;E1;01.01.2021;;4;;water;;;", "line 2, from is '2021-01-01': expected days that no other account"),
    ],
)
def test_what_does_not_fit_the_register_is_named(places, clerk, now, row, said):
    """Nothing of the list is made then."""
    take(clerk, now, ACCOUNTS)
    before = Account.objects.count()
    done = take(clerk, now, ACCOUNTS.splitlines()[0] + "\n" + row)
    assert any(said in str(issue) for issue in done.issues)
    assert Account.objects.count() == before


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x;K1;E1;01.01.2020;;4;;water;;;", "line 2, Kundenummer is 'x': expected a whole number"),
        ("1;K1;E1;32.01.2020;;4;;water;;;", "line 2, Fra is '32.01.2020': expected a date"),
        ("1;K1;E1;01.01.2020;01.01.2019;4;;water;;;", "line 2, to is '2019-01-01': expected a day after 2020-01-01"),
        ("1;K1;E1;01.01.2020;;5;;water;;;", "line 2, Terminer is '5': expected 1, 2, 4, 6 or 12"),
        ("1;K1;E1;01.01.2020;;4;;;;;", "line 2, Tjeneste: a value is required"),
        ("1;K1;E1;01.01.2020;;4;;water;;140;", "line 2, advance_year: expected with advance"),
        ("1;K1;E1;01.01.2020;;4;;water;;;\n1;K2;E1;01.01.2020;;4;;septic;;;", "line 3, party is 'K2': expected what"),
        ("1;K1;E1;01.01.2020;;4;;water;;;\n1;K1;E1;01.01.2020;;4;;water;;;", "line 3, service is 'water': expected"),
    ],
)
def test_a_bad_row_is_named_by_line_and_field(row, said):
    """The other rows are read."""
    good = "7;K7;E7;01.01.2020;;4;;water;;;"
    text = f"{ACCOUNTS.splitlines()[0]}\n{row}\n{good}\n"
    rows, issues = parse_accounts(text.encode(), filename="kunder.csv")
    assert [said in str(issue) for issue in issues] == [True]
    assert rows[-1].number == 7


def test_a_file_without_the_columns_is_refused():
    """What is missing is said, and what was found."""
    with pytest.raises(ImportFileError, match="no column number"):
        parse_accounts(b"a;b\n1;2\n", filename="kunder.csv")


def write_terms(number: int, amounts: list[str]) -> str:
    """Four terms of water as another system invoiced them: 35 m³ each at 45.27, øre by its own rounding."""
    spans = [("01.01", "01.04"), ("01.04", "01.07"), ("01.07", "01.10"), ("01.10", "01.01.2027")]
    rows = [
        f"{number};F{place};20.{place:02}.2026;antatt forbruk;water;W_VOL;m3;{start}.2026;"
        f"{stop if len(stop) > 5 else stop + '.2026'};35,000;45,27;{amount};water;15;ja"
        for place, ((start, stop), amount) in enumerate(zip(spans, amounts, strict=True), start=1)
    ]
    return EARLIER.format(rows="\n".join(rows) + "\n")


@pytest.mark.django_db
def test_what_another_system_invoiced_is_deducted_as_it_stands(clerk, controller, store, now):
    """Σ fradrag is Σ of its lines, with its roundings; the explanation names its invoices (rules §1.5, pitfall 2)."""
    add_prices(clerk)
    home = add_home(clerk, 1, services=("water",))
    add_days(store, {home.series: 150_000}, *YEAR)
    text = write_terms(1, ["1584,45", "1584,45", "1584,46", "1584,50"])
    rows, issues = parse_earlier(text.encode(), filename="terminer.csv")
    assert not issues
    assert do_import_earlier(clerk, rows, now=now).made == 4
    assert do_import_earlier(clerk, rows, now=now).known == 4
    run = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    line = InvoiceLine.objects.get(invoice__run_id=run, kind="advance_deduction")
    assert (line.quantity, line.amount, line.parts) == (-140_000, -633_786, 4)
    told = explain_invoice(Invoice.objects.get(run_id=run), store=store)
    named = [row["invoice"] for one in told for row in one.data.get("earlier", ())]
    assert named == ["F1", "F2", "F3", "F4"]


@pytest.mark.django_db
def test_invoiced_lines_that_do_not_fit_are_refused_whole(clerk, now):
    """An unknown customer and a line that was taken in otherwise: nothing is kept, and each is named."""
    add_home(clerk, 1)
    amounts = ["1584,45"] * 4
    rows, _ = parse_earlier(write_terms(1, amounts).encode(), filename="t.csv")
    do_import_earlier(clerk, rows, now=now)
    changed, _ = parse_earlier(write_terms(1, ["1584,46", *amounts[1:]]).encode(), filename="t.csv")
    stray, _ = parse_earlier(write_terms(77, amounts).encode(), filename="t.csv")
    assert [str(one) for one in do_import_earlier(clerk, changed, now=now).issues] == [
        "line 2, amount is '1584.46': expected the line as it was taken in before; what was invoiced is never changed"
    ]
    assert len(do_import_earlier(clerk, stray, now=now).issues) == 4
    assert EarlierLine.objects.count() == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("antatt forbruk", "gave", "Slag is 'gave': expected one of advance"),
        ("35,000", "35,0001", "Mengde is '35,0001'"),
        ("01.04.2026;35", "01.01.2026;35", "to is '2026-01-01': expected a day after"),
    ],
)
def test_a_bad_invoiced_line_is_named(old, new, said):
    """By line and field."""
    text = write_terms(1, ["1584,45"] * 4).replace(old, new, 1)
    rows, issues = parse_earlier(text.encode(), filename="t.csv")
    assert len(rows) == 3
    assert said in str(issues[0])
