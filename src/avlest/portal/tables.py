# SPDX-License-Identifier: Apache-2.0
"""Data tables: sorted, filtered and paged on the server, and the same rows as CSV.

A view gives rows (any objects) and columns that say how a cell is read, shown and sorted:

    columns = (Column("serial", _("Serial number"), lambda row: row.serial), ...)
    table = read_table(request.GET, caption=_("Meters"), columns=columns, rows=rows)
    if table.wants_csv: return answer_csv(table, "meters")
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.utils.functional import Promise

PAGE_SIZE: Final = 50
Text = str | Promise


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column.  `show` gives the text of a cell, `key` what is sorted by (default: the text), `cell` what CSV gets.

    `link` gives an address for the cell, or "" for none.  `is_number` sets right-aligned digits.
    """

    name: str
    head: Text
    show: Callable[[Any], object]
    key: Callable[[Any], Any] | None = None
    cell: Callable[[Any], object] | None = None
    link: Callable[[Any], str] | None = None
    is_number: bool = False
    can_sort: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: its address sorts by it; `direction` is `ascending`, `descending` or `none`."""

    text: Text
    address: str
    direction: str
    is_number: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One cell as drawn."""

    text: object
    link: str
    is_number: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A page of rows; `rows` are all that the filter left, sorted."""

    caption: Text
    columns: tuple[Column, ...]
    rows: Sequence[Any]
    page: int
    pages: int
    sorted_by: str
    is_descending: bool
    search: str
    query: QueryDict
    empty: Text = ""
    can_search: bool = True
    size: int = PAGE_SIZE

    @property
    def wants_csv(self) -> bool:
        """Whether the reader asked for the file."""
        return self.query.get("format") == "csv"

    @property
    def heads(self) -> list[Head]:
        """The heads, with the addresses that sort."""
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column) -> Head:
        is_current = column.name == self.sorted_by
        direction = ("descending" if self.is_descending else "ascending") if is_current else "none"
        turned = f"-{column.name}" if direction == "ascending" else column.name
        address = self.address(sort=turned, page=None) if column.can_sort else ""
        return Head(column.head, address, direction, column.is_number)

    @property
    def cells(self) -> list[list[Cell]]:
        """The cells of the page's rows."""
        first = (self.page - 1) * self.size
        return [
            [
                Cell(column.show(row), column.link(row) if column.link else "", column.is_number)
                for column in self.columns
            ]
            for row in self.rows[first : first + self.size]
        ]

    @property
    def numbers(self) -> list[int]:
        """The pages to offer: first, last and those around the present one; 0 stands for a gap."""
        wanted = sorted({1, self.pages, *range(max(1, self.page - 1), min(self.pages, self.page + 1) + 1)})
        gaps = [[0] if later - earlier > 1 else [] for earlier, later in itertools.pairwise(wanted)]
        return [number for at, page in enumerate(wanted) for number in [page, *(gaps[at] if at < len(gaps) else [])]]

    def address(self, **changes: object) -> str:
        """The address of the same table with some of the query changed (None: left out)."""
        kept = {name: values for name, values in self.query.lists() if name not in changes and name != "format"}
        merged = kept | {name: [value] for name, value in changes.items() if value is not None}
        return "?" + urlencode(merged, doseq=True)


def read_table(
    query: QueryDict,
    *,
    caption: Text,
    columns: Sequence[Column],
    rows: Sequence[Any],
    empty: Text = "",
    sort: str = "",
    can_search: bool = True,
    size: int = PAGE_SIZE,
) -> Table:
    """Return the page of `rows` that the query (`sort`, `page`, `q`) asks for; what makes no sense is ignored.

    `sort` is the order to begin with: a column's name, with a minus for descending.
    """
    by_name = {column.name: column for column in columns}
    asked = query.get("sort", sort)
    name = asked.removeprefix("-")
    name = name if name in by_name and by_name[name].can_sort else ""
    search = query.get("q", "").strip() if can_search else ""
    found = [row for row in rows if _matches(row, columns, search)] if search else list(rows)
    is_descending = bool(name) and asked.startswith("-")
    if name:
        found = _sort(found, by_name[name], is_descending=is_descending)
    pages = max(1, -(-len(found) // size))
    page = min(max(1, _to_int(query.get("page", "1"))), pages)
    return Table(
        caption=caption, columns=tuple(columns), rows=tuple(found), page=page, pages=pages, sorted_by=name,
        is_descending=is_descending, search=search, query=query, empty=empty, can_search=can_search, size=size,
    )  # fmt: skip


def _sort(rows: list[Any], column: Column, *, is_descending: bool) -> list[Any]:
    """Rows without a value come last in both directions."""
    key = column.key or (lambda row: str(column.show(row)).casefold())
    known = [row for row in rows if key(row) is not None]
    unknown = [row for row in rows if key(row) is None]
    return sorted(known, key=key, reverse=is_descending) + unknown


def _matches(row: Any, columns: Sequence[Column], search: str) -> bool:
    words = search.casefold().split()
    text = " ".join(str(column.show(row)) for column in columns).casefold()
    return all(word in text for word in words)


def _to_int(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def write_csv(heads: Sequence[object], rows: Sequence[Sequence[object]]) -> bytes:
    """Return a CSV file for Excel: semicolons, UTF-8 with mark; cells that begin a formula are made text."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow([_harmless(head) for head in heads])
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def _harmless(cell: object) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    text = "" if cell is None else str(cell)
    is_number = text[:1] == "-" and text[1:].replace(",", "", 1).isdigit()
    return f"'{text}" if text[:1] in "=+-@\t\r" and text and not is_number else text


def answer_csv(table: Table, name: str) -> HttpResponse:
    """Answer with all rows of a table (not only the page) as a CSV file."""
    rows = [[(column.cell or column.show)(row) for column in table.columns] for row in table.rows]
    body = write_csv([column.head for column in table.columns], rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)
