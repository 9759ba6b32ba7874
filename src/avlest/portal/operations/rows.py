# SPDX-License-Identifier: Apache-2.0
"""A table over a frame: sorted and cut in columns, so that only the rows of a page become objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import polars as pl
from django.http import QueryDict

from avlest.portal.tables import PAGE_SIZE, Column, Table, Text

Row = dict[str, Any]


class FrameRows(Sequence[Row]):
    """The rows of a frame as mappings, made when asked for."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return self._frame.height

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        if isinstance(at, slice):
            start, stop, _step = at.indices(len(self))
            return self._frame.slice(start, max(0, stop - start)).to_dicts()
        return self._frame.row(at, named=True)

    def __iter__(self) -> Iterator[Row]:
        return self._frame.iter_rows(named=True)


def read_frame_table(
    query: QueryDict, frame: pl.DataFrame, *, caption: Text, columns: Sequence[Column], sort: str = "", empty: Text = ""
) -> Table:
    """Return the page of a frame that the query (`sort`, `page`) asks for; a column sorts by the frame's of its name.

    `sort` is the order to begin with; empty: the frame's own.  The frame is filtered before.
    """
    asked = query.get("sort", sort)
    name, is_descending = asked.removeprefix("-"), asked.startswith("-")
    if name not in {column.name for column in columns if column.can_sort and column.name in frame.columns}:
        name = ""
    ordered = frame.sort(name, descending=is_descending, nulls_last=True, maintain_order=True) if name else frame
    pages = max(1, -(-frame.height // PAGE_SIZE))
    number = query.get("page", "1")
    page = min(max(1, int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1), pages)
    return Table(
        caption=caption, columns=tuple(columns), rows=FrameRows(ordered), page=page, pages=pages, sorted_by=name,
        is_descending=is_descending and bool(name), search="", query=query, empty=empty, can_search=False,
    )  # fmt: skip
