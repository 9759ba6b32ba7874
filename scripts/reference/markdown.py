# SPDX-License-Identifier: Apache-2.0
"""Small pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTE = "<!-- Written by `make docs` from the code: change the code, not this page. -->"


def make_cell(value: object) -> str:
    """Text of a table cell: no line break, and a bar that ends no cell."""
    return " ".join(str(value).split()).replace("|", "\\|")


def make_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(make_cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def make_page(title: str, *parts: str) -> str:
    """A whole page: the note that it is generated, the title, the parts."""
    return "\n\n".join([NOTE, f"# {title}", *(part.strip("\n") for part in parts)]) + "\n"


def make_code(value: object) -> str:
    """Inline code, or nothing for an empty value."""
    return f"`{value}`" if str(value) else ""
