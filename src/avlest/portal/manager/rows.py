# SPDX-License-Identifier: Apache-2.0
"""Data tables over rows of the database: counted, sorted, searched and paged there, so that size costs nothing here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast, overload

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, OrderBy, QuerySet
from django.http import QueryDict

from avlest.portal.tables import PAGE_SIZE, Column, Table, Text

_MOST_WORDS: Final = 8
Convert = Callable[[Sequence[Any]], Sequence[Any]]


class LazyRows(Sequence[Any]):
    """The rows of a query as a sequence: only the slice that is shown is fetched, and converted as a whole."""

    def __init__(self, query: QuerySet[Any], convert: Convert) -> None:
        self._query = query
        self._convert = convert
        self._count: int | None = None

    def __len__(self) -> int:
        """How many there are: one count."""
        if self._count is None:
            self._count = self._query.count()
        return self._count

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        """The converted rows of a slice."""
        if isinstance(at, slice):
            return self._convert(list(self._query[at]))
        return self._convert([self._query[at]])[0]

    def __iter__(self) -> Iterator[Any]:
        """All of them, for a file."""
        yield from self._convert(list(self._query))


def read_rows(
    query: QueryDict,
    *,
    caption: Text,
    columns: Sequence[Column],
    rows: QuerySet[Any],
    orders: Mapping[str, Sequence[str]],
    convert: Convert = lambda rows: rows,
    search: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None,
    sort: str = "",
    empty: Text = "",
    size: int = PAGE_SIZE,
) -> Table:
    """Return the page that the query (`sort`, `page`, `q`) asks for; what makes no sense is ignored.

    `orders` names the database columns behind each column that sorts; `search` narrows the rows by one word; `convert`
    makes the page's rows from the database's, all at once so that what belongs to them is fetched together.
    """
    asked = query.get("sort", sort)
    name = asked.removeprefix("-")
    name = name if name in orders else ""
    text = query.get("q", "").strip() if search else ""
    found = rows
    for word in text.split()[:_MOST_WORDS]:
        found = cast(Any, search)(found, word)
    is_descending = bool(name) and asked.startswith("-")
    lazy = LazyRows(_order(found, orders.get(name, ()), is_descending=is_descending), convert)
    pages = max(1, -(-len(lazy) // size))
    return Table(
        caption=caption, columns=tuple(columns), rows=cast(Any, lazy), page=min(read_page(query), pages), pages=pages,
        sorted_by=name, is_descending=is_descending, search=text, query=query, empty=empty,
        can_search=search is not None, size=size,
    )  # fmt: skip


def _order(rows: QuerySet[Any], columns: Sequence[str], *, is_descending: bool) -> QuerySet[Any]:
    """Rows without a value come last in both directions; the number settles what is alike, in the same direction.

    Where a column always has a value nothing is said of nulls, so that an index of it gives the order.
    """
    if not columns:
        return rows
    return rows.order_by(*(_order_by(rows.model, name, is_descending=is_descending) for name in (*columns, "pk")))


def _order_by(model: type[Model], column: str, *, is_descending: bool) -> OrderBy:
    return OrderBy(F(column), descending=is_descending, nulls_last=_may_be_empty(model, column) or None)


def _may_be_empty(model: type[Model], column: str) -> bool:
    """Whether a column may be null; what is not a column of the table itself may."""
    try:
        return column != "pk" and bool(model._meta.get_field(column).null)
    except FieldDoesNotExist:
        return True


def read_page(query: QueryDict) -> int:
    """The page asked for: 1 for what makes no sense."""
    text = query.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def pick(rows: Sequence[Model], column: str) -> list[Any]:
    """The values of a column, without None, each once."""
    return list(dict.fromkeys(value for row in rows if (value := getattr(row, column)) is not None))
