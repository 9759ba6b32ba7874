# SPDX-License-Identifier: Apache-2.0
"""The example cases hold every worked number of the rules: each must come out as it says."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from avlest.cli.settle_case import get_holidays
from avlest.settlement.cases.calculate import derive_case
from avlest.settlement.cases.output import write_case
from avlest.settlement.cases.parse import parse_case

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "examples" / "settlement"
FILES = sorted(FOLDER.glob("*.toml"))


def find(written: Any, path: str) -> Any:
    """The value at a path such as `customers.0.settlement.total`."""
    for name in path.split("."):
        written = written[int(name)] if isinstance(written, list) else written[name]
    return written


@cache
def calculate(text: str, name: str = "case.toml") -> dict[str, Any]:
    return write_case(derive_case(parse_case(text, filename=name, holidays=get_holidays)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_example_gives_the_numbers_it_says(file: Path) -> None:
    """A worked example of the rules, or a case built on one, comes to its numbers to the øre."""
    text = file.read_text(encoding="utf-8")
    expected = tomllib.loads(text)["expected"]
    written = calculate(text)
    assert {path: find(written, path) for path in expected} == expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_json_case_is_the_same_case(file: Path) -> None:
    """The same case as JSON gives the same result."""
    case = tomllib.loads(file.read_text(encoding="utf-8"))
    of_json = calculate(json.dumps(case, default=str), "case.json")
    of_toml = calculate(file.read_text(encoding="utf-8"))
    assert json.dumps(of_json).replace("case.json", "case.toml") == json.dumps(of_toml)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_line_explains_itself(file: Path) -> None:
    """Each line has its calculation as data and sentences in three languages, and the whole is JSON."""
    written = calculate(file.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(written)) == written
    for invoice in written["invoices"]:
        for line in invoice["lines"]:
            explanation = line["explanation"]
            assert explanation["amount"] == line["amount"]
            assert explanation["calculation"]
            assert set(explanation["sentences"]) == {"nb", "nn", "en"}
            assert all(explanation["sentences"].values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_invoices_add_up(file: Path) -> None:
    """Nets of the lines sum to the base, base and VAT to the total, and the invoices to the sum of all."""
    written = calculate(file.read_text(encoding="utf-8"))
    cents = lambda text: round(float(text) * 100)  # noqa: E731
    for invoice in written["invoices"]:
        assert sum(cents(line["net"]) for line in invoice["lines"]) == cents(invoice["net"])
        assert cents(invoice["net"]) + cents(invoice["vat"]) == cents(invoice["total"])
        assert (invoice["type"] == "credit_note") == (cents(invoice["total"]) < 0)
    assert sum(cents(invoice["total"]) for invoice in written["invoices"]) == cents(written["totals"]["all"]["total"])
