# SPDX-License-Identifier: Apache-2.0
"""The invoice basis: the same lines as CSV, XLSX and JSON, exact and safe to open."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date

from openpyxl import load_workbook

from avlest.settlement.documents.basis import COLUMNS, build_csv, build_json, build_xlsx
from tests.settlement.documents.examples import CREDIT_NOTE, INVOICE


def read_csv(documents):
    text = build_csv(documents).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_csv_is_what_norwegian_spreadsheets_expect():
    data = build_csv([INVOICE])
    assert data.startswith(b"\xef\xbb\xbf")
    rows = read_csv([INVOICE])
    assert rows[0]["mengde"] == "150"
    assert rows[0]["pris"] == "45,27"
    assert rows[1]["beløp"] == "-6337,80"
    assert rows[0]["dato"] == "2026-03-20"
    assert sum(round(float(row["beløp"].replace(",", ".")) * 100) for row in rows) == INVOICE.totals.gross


def test_the_kid_keeps_its_zeros():
    kid = "0004711020001234"
    documents = [replace(INVOICE, kid=kid)]
    assert read_csv(documents)[0]["kid"] == kid
    sheet = load_workbook(io.BytesIO(build_xlsx(documents))).active
    headings = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, headings.index("kid") + 1).value == kid


def test_a_name_that_looks_like_a_formula_is_text():
    evil = replace(INVOICE, buyer=replace(INVOICE.buyer, name="=HYPERLINK(1)"))
    assert read_csv([evil])[0]["kunde"] == "'=HYPERLINK(1)"
    sheet = load_workbook(io.BytesIO(build_xlsx([evil]))).active
    cell = sheet.cell(2, [heading.value for heading in sheet[1]].index("kunde") + 1)
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")


def test_xlsx_has_numbers_and_dates_as_such():
    sheet = load_workbook(io.BytesIO(build_xlsx([INVOICE, CREDIT_NOTE]))).active
    rows = [
        dict(zip([heading for _, heading in COLUMNS], row, strict=True)) for row in sheet.iter_rows(2, values_only=True)
    ]
    assert len(rows) == len(INVOICE.lines) + len(CREDIT_NOTE.lines)
    assert rows[0]["beløp"] == 6790.5
    assert rows[0]["fra"].date() == date(2025, 1, 1)
    assert rows[8]["retter"] == "1001"


def test_json_keeps_amounts_exact_as_text():
    (found,) = json.loads(build_json([INVOICE]))
    assert (found["net"], found["vat"], found["total"]) == ("5824.92", "873.74", "6698.66")
    assert found["rates"] == [{"rate": "15", "base": "5824.92", "vat": "873.74"}]
    assert found["lines"][1]["amount"] == "-6337.80"
    assert "kid" not in found["lines"][0]
