# SPDX-License-Identifier: Apache-2.0
"""Columns known by many names: headings found, rows parsed, each error with its place.  Pure."""

from __future__ import annotations

import dataclasses
import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from avlest.registry.importing.report import ImportFileError, RowIssue
from avlest.registry.importing.tables import Cell, Row
from avlest.registry.importing.values import Parse, Style, find_decimal

# A title or two may stand above the headings.
_HEADING_WITHIN = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column a kind of list may have: its name, other headings for it, how a cell is read."""

    name: str
    parse: Parse
    aliases: tuple[str, ...] = ()
    required: bool = False
    secret: bool = False
    numeric: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ParsedRow:
    """A row's values by column name; blank cells are absent.  `units` are units in headings."""

    line: int
    values: dict[str, Any]
    raw: dict[str, str]
    units: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Heading:
    """Which cell holds which column, as found in the heading row."""

    line: int
    places: dict[str, int]
    labels: dict[str, str]
    units: dict[str, str]
    ignored: tuple[str, ...]


def normalise(heading: Cell) -> str:
    """Return a heading without case, accents, punctuation and bracketed units: `Målernr.` -> `malernr`."""
    plain = str(heading or "").casefold().replace("ø", "o").replace("æ", "ae").replace("ß", "ss")
    plain = re.sub(r"[(\[].*?[)\]]", "", plain)
    plain = unicodedata.normalize("NFKD", plain)
    return re.sub(r"[^a-z0-9]", "", plain)


def find_unit(heading: Cell) -> str:
    """Return the unit in brackets of `Start (m³)` as a plain name: `m3`."""
    match = re.search(r"[(\[](.+?)[)\]]", str(heading or ""))
    return parse_unit_name(match[1]) if match else ""


def parse_unit_name(text: str) -> str:
    """Return a unit as the unit table names it: `m³/h` -> `m3h`."""
    return re.sub(r"[\s/·]", "", unicodedata.normalize("NFKC", text)).casefold()


def match_headings(columns: Sequence[Column], rows: Sequence[Row]) -> Heading:
    """Return which cells hold which columns, from the first row that has every required one.

    Raises `ImportFileError` naming what is missing, the headings found and the nearest.
    """
    known = {normalise(word): column.name for column in columns for word in (column.name, *column.aliases)}
    required = [column for column in columns if column.required]
    best: Heading | None = None
    for row in rows[:_HEADING_WITHIN]:
        heading = _match(row, known)
        if all(column.name in heading.places for column in required):
            return heading
        if best is None or len(heading.places) > len(best.places):
            best = heading
    raise ImportFileError(_missing(required, best, rows))


def _match(row: Row, known: dict[str, str]) -> Heading:
    places: dict[str, int] = {}
    ignored = []
    for at, cell in enumerate(row.cells):
        name = known.get(normalise(cell))
        if name is None or name in places:
            ignored.append(str(cell or "").strip())
        else:
            places[name] = at
    labels = {name: str(row.cells[at]).strip() for name, at in places.items()}
    units = {name: unit for name, at in places.items() if (unit := find_unit(row.cells[at]))}
    return Heading(row.line, places, labels, units, tuple(word for word in ignored if word))


def _missing(required: Sequence[Column], best: Heading | None, rows: Sequence[Row]) -> str:
    if best is None or not rows:
        return "the file has no rows, expected a row of column headings"
    parts = []
    for column in required:
        if column.name not in best.places:
            words = [column.name, *column.aliases]
            near = [
                f'did you mean "{word}"?'
                for word in best.ignored
                if difflib.get_close_matches(normalise(word), [normalise(w) for w in words], n=1, cutoff=0.75)
            ]
            parts.append(f"no column {column.name} ({', '.join(words[1:4])}){': ' + near[0] if near else ''}")
    seen = ", ".join([*best.labels.values(), *best.ignored]) or "none"
    return f"line {best.line}: {'; '.join(parts)}. Headings found: {seen[:300]}"


def find_style(columns: Sequence[Column], heading: Heading, rows: Iterable[Row], style: Style) -> Style:
    """Return `style` with the decimal sign the numeric columns of this file use."""
    places = [heading.places[c.name] for c in columns if c.numeric and c.name in heading.places]
    cells = ((row.line, row.cells[at]) for row in rows for at in places if at < len(row.cells))
    sign, line = find_decimal(cells)
    return dataclasses.replace(style, decimal=sign, decimal_line=line)


def parse_rows(
    columns: Sequence[Column], heading: Heading, rows: Iterable[Row], style: Style
) -> tuple[list[ParsedRow], list[RowIssue]]:
    """Return the rows that could be read whole, and every issue of the others."""
    used = [(column, heading.places[column.name]) for column in columns if column.name in heading.places]
    good: list[ParsedRow] = []
    issues: list[RowIssue] = []
    for row in rows:
        parsed = ParsedRow(row.line, {}, {}, heading.units)
        own = _parse_row(row, used, heading, style, parsed)
        if own:
            issues += own
        else:
            good.append(parsed)
    return good, issues


def _parse_row(
    row: Row, used: list[tuple[Column, int]], heading: Heading, style: Style, into: ParsedRow
) -> list[RowIssue]:
    issues = []
    for column, at in used:
        cell = row.cells[at] if at < len(row.cells) else None
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if column.required:
                issues.append(RowIssue(row.line, heading.labels[column.name], "", "a value is required"))
            continue
        try:
            into.values[column.name] = column.parse(cell, style)
            into.raw[column.name] = "" if column.secret else str(cell)
        except ValueError as error:
            shown = f"({len(str(cell))} characters)" if column.secret else str(cell)[:80]
            issues.append(RowIssue(row.line, heading.labels[column.name], shown, f"expected {error}"))
    return issues
