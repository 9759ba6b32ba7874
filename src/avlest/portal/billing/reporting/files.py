# SPDX-License-Identifier: Apache-2.0
"""Rows as CSV for Norwegian spreadsheets (`;`, decimal comma, UTF-8 with mark) or as XLSX.  Pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import xlsxwriter

from avlest.portal.tables import write_csv

Cell = str | int | Decimal | date | None


def build_file(kind: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return the file of a `kind`: csv or xlsx."""
    return _build_xlsx(heads, rows) if kind == "xlsx" else write_csv(heads, [[_write(c) for c in row] for row in rows])


def _write(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",")
    return "" if cell is None else cell.isoformat() if isinstance(cell, date) else str(cell)


def _build_xlsx(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, heads, book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
        sheet.freeze_panes(1, 0)
    return file.getvalue()
