# SPDX-License-Identifier: Apache-2.0
"""Long lists, paged by the database: fifty thousand invoices are never read to show fifty."""

from __future__ import annotations

import dataclasses
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

from django.http import QueryDict

T = TypeVar("T")
SIZE: Final = 50
_MOST: Final = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: `search` text, `number` of the page from 1, and where its rows begin."""

    search: str
    number: int
    query: QueryDict

    @property
    def offset(self) -> int:
        """How many rows stand before the page."""
        return (self.number - 1) * SIZE


@dataclasses.dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of `count`, and the addresses of the others."""

    rows: tuple[T, ...]
    count: int
    asked: Asked

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.count // SIZE))

    @property
    def number(self) -> int:
        """The page shown."""
        return self.asked.number

    @property
    def earlier(self) -> str:
        """The address of the page before; "" on the first."""
        return self.address(self.number - 1) if self.number > 1 else ""

    @property
    def later(self) -> str:
        """The address of the next page; "" on the last."""
        return self.address(self.number + 1) if self.number < self.pages else ""

    def address(self, number: int) -> str:
        """The address of a page of the same list."""
        kept = [(name, value) for name, values in self.asked.query.lists() if name != "page" for value in values]
        return "?" + urlencode([*kept, ("page", number)])


def read_asked(query: QueryDict) -> Asked:
    """Return what a query asks for; what makes no sense is the first page."""
    text = query.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    return Asked(query.get("q", "").strip()[:100], min(max(1, number), _MOST), query)
