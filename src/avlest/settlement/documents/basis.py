# SPDX-License-Identifier: Apache-2.0
"""The basis of invoices for accounting systems: one row a line, as CSV, XLSX or JSON.  Pure: values in, bytes out.

CSV is what Norwegian spreadsheets expect: `;`, decimal comma, UTF-8 with a mark at the start, ISO dates.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from avlest.settlement.documents.contracts import DocumentLine, InvoiceDocument

Cell = str | int | Decimal | date | None

COLUMNS: Final[Sequence[tuple[str, str]]] = (
    ("kind", "type"), ("number", "nummer"), ("corrects", "retter"), ("issued_on", "dato"), ("due_on", "forfall"),
    ("kid", "kid"), ("customer_number", "kundenummer"), ("customer", "kunde"), ("organisation_number", "orgnr"),
    ("property", "eiendom"), ("line", "linje"), ("line_kind", "linjetype"), ("service", "tjeneste"),
    ("code", "prisvare"), ("text", "tekst"), ("start", "fra"), ("stop", "til"), ("quantity", "mengde"),
    ("unit", "enhet"), ("price", "pris"), ("vat_rate", "mvasats"), ("net", "netto"), ("amount", "beløp"),
    ("vat_included", "inkl_mva"),
)  # fmt: skip
"""Name in JSON and heading in CSV and XLSX; `til` is the first day after the period."""


def derive_row(document: InvoiceDocument, line: DocumentLine) -> dict[str, Cell]:
    """One line with what its document says, by the names of `COLUMNS`; amounts in kroner, exact."""
    buyer = document.buyer
    return {
        "kind": document.kind.value, "number": document.number, "corrects": document.corrects,
        "issued_on": document.issued_on, "due_on": document.due_on, "kid": document.kid,
        "customer_number": buyer.customer_number, "customer": buyer.name,
        "organisation_number": buyer.organisation_number, "property": buyer.property_label,
        "line": line.position, "line_kind": line.kind, "service": line.service, "code": line.code, "text": line.text,
        "start": line.start, "stop": line.stop,
        "quantity": None if line.quantity is None else Decimal(line.quantity) / 1000, "unit": line.unit,
        "price": None if line.price is None else Decimal(line.price) / 10_000,
        "vat_rate": Decimal(line.rate) / 100, "net": Decimal(line.net).scaleb(-2),
        "amount": Decimal(line.amount).scaleb(-2), "vat_included": int(line.vat_included),
    }  # fmt: skip


def _rows(documents: Iterable[InvoiceDocument]) -> Iterator[list[Cell]]:
    names = [name for name, _ in COLUMNS]
    for document in documents:
        for line in document.lines:
            row = derive_row(document, line)
            yield [row[name] for name in names]


def build_csv(documents: Iterable[InvoiceDocument]) -> bytes:
    """The lines of some documents; a text that a spreadsheet would take for a formula is kept from being one."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow([heading for _, heading in COLUMNS])
    writer.writerows([_write_cell(cell) for cell in row] for row in _rows(documents))
    return file.getvalue().encode("utf-8-sig")


def _write_cell(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",")
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return "" if cell is None else str(cell)


def build_xlsx(documents: Iterable[InvoiceDocument]) -> bytes:
    """The lines of some documents as one sheet, numbers as numbers and dates as dates."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("Fakturagrunnlag")
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [heading for _, heading in COLUMNS], bold)
        for number, row in enumerate(_rows(documents), start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
        sheet.freeze_panes(1, 0)
    return file.getvalue()


def build_json(documents: Iterable[InvoiceDocument]) -> bytes:
    """The documents with their lines and VAT; amounts are text in kroner with two decimals, so that none is rounded."""
    return json.dumps([_derive_object(document) for document in documents], ensure_ascii=False, indent=1).encode()


def _derive_object(document: InvoiceDocument) -> dict[str, Any]:
    rows = [derive_row(document, line) for line in document.lines]
    head = ("kind", "number", "corrects", "issued_on", "due_on", "kid", "customer_number", "customer",
            "organisation_number", "property")  # fmt: skip
    shown = derive_row(document, document.lines[0]) if document.lines else {}
    totals = document.totals
    return {
        **{name: _plain(shown.get(name)) for name in head},
        "net": _kroner(totals.net), "vat": _kroner(totals.vat), "total": _kroner(totals.gross),
        "rates": [
            {"rate": _plain(Decimal(rate.rate) / 100), "base": _kroner(rate.base), "vat": _kroner(rate.vat)}
            for rate in totals.rates
        ],
        "lines": [{name: _plain(cell) for name, cell in row.items() if name not in head} for row in rows],
    }  # fmt: skip


def _kroner(ore: int) -> str:
    return f"{Decimal(ore).scaleb(-2):f}"


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else cell
