# SPDX-License-Identifier: Apache-2.0
"""A wrong case says where it is wrong and what is expected; a property that cannot be settled leaves the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from avlest.cli.settle_case import get_holidays
from avlest.settlement.cases.calculate import derive_case
from avlest.settlement.cases.output import write_case
from avlest.settlement.cases.parse import parse_case
from avlest.settlement.contracts import SettlementError

HEAD = 'year = 2026\nvat_included = true\nprice_list = "hvaler"\n'
WATER = '[[price]]\ncode = "W"\nservice = "water"\nunit = "m3"\nvalue = 45.27\n'
METER = "[[meter]]\nid = 'M1'\n"


def calculate(text: str) -> dict:
    return write_case(derive_case(parse_case(text, filename="case.toml", holidays=get_holidays)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year = ", "case.toml: expected TOML"),
        (HEAD.replace("year = 2026\n", ""), "case.toml: year: expected the year to settle"),
        ("year = 2026\n" + WATER, "case.toml: price[1]: vat_included = true"),
        (HEAD + "consumtion = 150\n", "case.toml: consumtion: expected one of the fields"),
        (HEAD + "consumption = 150.1234\n", "case.toml: consumption: expected a quantity with at most three decimals"),
        (HEAD.replace("hvaler", "oslo"), "case.toml: price_list: expected the name of a shipped list ("),
        (HEAD.replace("hvaler", "tydal"), "tydal.toml: price[1].value: expected the price in kroner"),
        (HEAD + "split = 'months'\n", "case.toml: split: expected one of reading, days, equal_parts, not 'months'"),
        (HEAD + "[[customer]]\nterms = 5\n", "case.toml: customer[1].terms: expected one of 1, 2, 3, 4, 6, 12, not 5"),
        (HEAD + "[[customer]]\nproperty = 'x'\n", "case.toml: customer[1].property: expected one of 1"),
        (
            HEAD + "[[customer]]\nid = 'A'\n[[customer]]\nid = 'B'\nfrom = 2026-06-01\n",
            "case.toml: customer: expected periods of their own: 'A' and 'B' both have property '1'",
        ),
        (
            HEAD + "[[customer]]\nfrom = 2026-06-01\nto = 2026-06-01\n",
            "case.toml: customer[1].to: expected a day after 2026-06-01",
        ),
        (
            HEAD + METER + "readings = [{ at = 2026-01-01 }]\n",
            "case.toml: meter[1].readings[1].value: expected the reading in m³",
        ),
        (
            HEAD + METER + "readings = [{ at = '1. januar', value = 3 }]\n",
            "case.toml: meter[1].readings[1].at: expected a date or time such as 2026-01-01",
        ),
        (
            HEAD + METER + "replacement = [{ at = 2026-08-14, out = 3 }]\n",
            "case.toml: meter[1].replacement[1].in: expected the new meter's first reading: both values are mandatory",
        ),
        (
            HEAD + METER + "readings = [{ at = 2026-01-01, value = 1, quality = 'good' }]\n",
            "case.toml: meter[1].readings[1].quality: expected one of manual_verified",
        ),
        (
            HEAD + "[[discretion]]\nquantity = 100\nreason = ' '\ncase_worker = 'K'\ndate = 2027-01-02\n",
            "case.toml: discretion[1].reason: expected the reason, in writing",
        ),
        (
            HEAD + "[[discretion]]\nquantity = 100\nreason = 'seal'\ndate = 2027-01-02\n",
            "case.toml: discretion[1].case_worker: expected who decided",
        ),
        (
            HEAD + "[[work]]\ncode = 'W_VOL'\nfrom = 2026-03-03T10:00:00\nminutes = 5\n",
            "case.toml: work[1].service: expected a service or code with a price per hour",
        ),
        (
            HEAD + "[[work]]\ncode = 'READ_MANUAL'\nfrom = 2026-03-03T10:00:00\n",
            "case.toml: work[1].to: expected either to (when the work ended) or minutes",
        ),
        (
            "year = 2026\nvat_included = true\n" + WATER + WATER,
            "case.toml: price[2]: dates of its own: W already has a price from ever to open (case.toml: price[1])",
        ),
        (
            "year = 2026\nvat_included = true\n" + WATER + "vat = 'luxury'\n",
            "case.toml: price[1]: a VAT code with a rate, not 'luxury'",
        ),
        (
            HEAD + "[[invoiced]]\nservice = 'water'\nquantity = 100\nfrom = 2025-01-01\nto = 2026-01-01\n",
            "case.toml: invoiced[1].amount: expected amount, vat_percent and vat_included as invoiced",
        ),
    ],
)
def test_a_wrong_case_names_field_and_expectation(text: str, expected: str):
    """File, field and what is expected."""
    with pytest.raises(SettlementError) as caught:
        calculate(text)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            METER + "readings = [{ at = 2026-01-01, value = 9 }, { at = 2027-01-01, value = 8 }]\n",
            "negative_consumption",
        ),
        (METER + "readings = [{ at = 2026-01-01, value = 9 }]\n", "cannot_stipulate"),
        (METER, "cannot_stipulate"),
        (METER + "replacement = [{ at = 2026-08-14, out = 3, in = 0 }]\n", "missing_start"),
        (
            METER
            + "readings = [{ at = 2026-06-01, value = 9 }]\n"
            + "stipulated = [{ from = 2025-01-01, to = 2026-01-01, quantity = 1 }]\n",
            "no_reading",
        ),
    ],
)
def test_a_property_that_cannot_be_settled_is_a_problem(text: str, code: str):
    """It is named with a code, has no lines of the settlement, and its neighbour is settled all the same."""
    homes = "[[property]]\nid = 'bad'\n[[property]]\nid = 'good'\n"
    good = "[[meter]]\nid = 'G'\nproperty = 'good'\n"
    good += "readings = [{ at = 2026-01-01, value = 0 }, { at = 2027-01-01, value = 10 }]\n"
    written = calculate(HEAD + "plan_year = 0\n" + homes + text.replace(METER, METER + "property = 'bad'\n") + good)
    assert [(row["customer"], row["code"]) for row in written["problems"]] == [("bad", code)]
    assert [invoice["customer"] for invoice in written["invoices"]] == ["good"]
    assert written["customers"][1]["settlement"]["total"] == "1063.40"


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "avlest", "settle", "case", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_prints_json_and_tables(tmp_path: Path):
    """From standard input as JSON; from a file as tables with the reasons in the language asked for."""
    text = HEAD + "consumption = 150\n[[invoiced]]\nquantity = 140\n"
    printed = run("-", "--json", text=text)
    assert json.loads(printed.stdout)["invoices"][0]["total"] == "6698.66"
    file = tmp_path / "case.toml"
    file.write_text(text, encoding="utf-8")
    table = run(str(file), "--language", "nn")
    assert "Vatn oppgjer målar" in table.stdout
    assert "to pay 6698.66" in table.stdout


def test_the_command_says_what_is_wrong(tmp_path: Path):
    """Exit status 2 and one line with file and field; nothing on standard output."""
    file = tmp_path / "case.toml"
    file.write_text(HEAD + "consumption = 'much'\n", encoding="utf-8")
    failed = run(str(file))
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr == (
        "avlest: case.toml: consumption: expected a quantity with at most three decimals (m³) as a number, not 'much'\n"
    )
    assert run(str(tmp_path / "none.toml")).returncode == 2


def test_the_command_needs_no_django():
    """A case is calculated where the service's libraries are not even imported."""
    program = (
        "import sys; from avlest.cli.settle_case import settle_case; "
        "from avlest.settlement.cases.calculate import derive_case; "
        "from avlest.settlement.cases.output import write_case; "
        "from avlest.settlement.cases.parse import parse_case; "
        f"write_case(derive_case(parse_case({HEAD + 'consumption = 150'!r}, filename='x.toml'))); "
        "assert 'django' not in sys.modules, 'django was imported'"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_public_holidays_are_those_of_the_year():
    """Twelve public holidays in 2026, Easter, the national day and Ascension among them (rules §1.11)."""
    days = get_holidays([2026])
    assert {date(2026, 4, 2), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 17)} <= days
    assert date(2026, 12, 24) not in days
    assert len(days) == 12
