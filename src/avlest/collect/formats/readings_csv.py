# SPDX-License-Identifier: Apache-2.0
"""Lists of readings from walk-by rounds, spreadsheets and other systems: CSV and XLSX.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from avlest.collect.formats.canonical import Reading, to_heard
from avlest.collect.formats.model import FormatError, Message, Parsed, Problem
from avlest.collect.heard import Heard
from avlest.registry.identifiers import parse_serial
from avlest.registry.importing.columns import (
    Column,
    ParsedRow,
    find_style,
    match_headings,
    normalise,
    parse_rows,
    parse_unit_name,
)
from avlest.registry.importing.report import ImportFileError, RowIssue
from avlest.registry.importing.tables import Cell, Table, read_table
from avlest.registry.importing.values import Style, canonical, decimal, instant, text, to_text, to_utc
from avlest.registry.importing.zips import Limits
from avlest.telegrams.units import UnitError, get_unit

LIMITS: Final = Limits(file_bytes=100_000_000, unpacked_bytes=300_000_000)
_AHEAD: Final = timedelta(days=1)


def _parse_unit(cell: Cell, _style: Style) -> str:
    try:
        return get_unit(parse_unit_name(to_text(cell))).name
    except UnitError as error:
        raise ValueError("a unit such as m3 or kwh") from error


def _parse_clock(cell: Cell, _style: Style) -> time:
    value = str(cell).strip() if not isinstance(cell, datetime) else cell.time().isoformat()
    match = re.fullmatch(r"(?:kl\.?\s*)?(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?", value)
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0)) if match else time.fromisoformat(value)
    except ValueError as error:
        raise ValueError("a time of day such as 14:30") from error


_METER = ("målernummer", "målernr", "måler", "serienummer", "serienr", "serial", "serial number", "meter number",
          "meter id", "id", "address", "radioadresse")  # fmt: skip
_POINT = ("målepunkt", "målepunktid", "målepunkt-id", "gsrn", "anleggsnummer", "metering point")
_AT = ("dato", "tidspunkt", "avlest", "avlesningsdato", "avlesningstidspunkt", "date", "time", "datetime", "timestamp",
       "reading date", "tid")  # fmt: skip
_VALUE = ("verdi", "målerstand", "stand", "avlesning", "målerstand ny", "reading", "meter reading", "volum", "volume",
          "energi", "energy")  # fmt: skip
COLUMNS: Final = (
    Column("meter", canonical(parse_serial), _METER),
    Column("point", text(32), _POINT),
    Column("at", instant, _AT, required=True),
    Column("clock", _parse_clock, ("klokkeslett", "klokken", "kl", "time of day")),
    Column("value", decimal(0, 10**12, places=6), _VALUE, required=True, numeric=True),
    Column("unit", _parse_unit, ("enhet", "måleenhet")),
    Column("quantity", text(40), ("størrelse", "måltype")),
    Column("note", text(500), ("kommentar", "merknad", "comment")),
)


def is_reading_list(headings: str) -> bool:
    """Whether a line of headings has what a list of readings needs: meter or point, time, value."""
    cells = [normalise(cell) for cell in re.split(r"[;,\t|]", headings)]
    found = {column.name for column in COLUMNS for word in (column.name, *column.aliases) if normalise(word) in cells}
    return {"at", "value"} <= found and bool({"meter", "point"} & found)


def parse_readings_csv(message: Message) -> Parsed:
    """A list with one reading a row; the name of the file is the message's topic.

    Delimiter, decimal sign, encoding and headings are found out.  Raises `FormatError` when
    the list as a whole cannot be read; a bad row is a problem with line, column and what is
    expected, and the other rows are taken in.
    """
    table = open_table(message)
    try:
        heading = match_headings(COLUMNS, table.rows)
    except ImportFileError as error:
        raise FormatError(str(error)) from error
    if not {"meter", "point"} & set(heading.places):
        raise FormatError("no column meter (målernummer, serienummer) and no column point (målepunkt)")
    if "unit" not in heading.places and not _unit_of_heading(heading.units):
        detail = "has no unit: write it in the heading, such as Målerstand (m³), or add a column Enhet"
        raise FormatError(detail, field=heading.labels["value"], line=heading.line)
    rows = [row for row in table.rows if row.line > heading.line]
    style = find_style(COLUMNS, heading, rows, Style(zone=message.zone))
    good, issues = parse_rows(COLUMNS, heading, rows, style)
    heard: list[Heard] = []
    problems = [to_problem(issue) for issue in issues]
    for row in good:
        try:
            heard.append(_to_heard(row, heading.units, message))
        except FormatError as error:
            problems.append(Problem(error.detail, error.field, row.line))
    return Parsed(tuple(heard), tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def open_table(message: Message) -> Table:
    """Return the cells of a file of text or XLSX; `FormatError` says why it cannot be opened."""
    try:
        return read_table(message.payload, filename=message.topic or "the file", limits=LIMITS)
    except ImportFileError as error:
        raise FormatError(str(error)) from error


def to_problem(issue: RowIssue) -> Problem:
    """Return what is wrong with a row as the collectors report it."""
    shown = f"is {issue.value!r}: " if issue.value else ""
    return Problem(f"{shown}{issue.expected}", issue.column, issue.line)


def _to_heard(row: ParsedRow, units: Mapping[str, str], message: Message) -> Heard:
    values: dict[str, Any] = row.values
    if not values.get("meter") and not values.get("point"):
        raise FormatError("a meter or a point is required", field="meter")
    unit = values.get("unit", "") or _unit_of_heading(units)
    if not unit:
        raise FormatError("a unit such as m3 or kwh is required", field="unit")
    at = _combine(values["at"], values.get("clock"), message)
    if at > message.received_at + _AHEAD:
        raise FormatError(f"is {row.raw['at']!r}: expected a time that is not ahead", field="at")
    reading = Reading(
        at=at,
        value=values["value"],
        meter=values.get("meter", ""),
        point=values.get("point", ""),
        quantity=values.get("quantity", ""),
        unit=unit,
        note=values.get("note", ""),
    )
    return to_heard([reading], received_at=message.received_at, source=message.source, gateway=message.gateway)


def _combine(at: datetime, clock: time | None, message: Message) -> datetime:
    if clock is None:
        return at
    day = at.astimezone(message.zone).date()
    try:
        return to_utc(datetime.combine(day, clock), message.zone).astimezone(UTC)
    except ValueError as error:
        raise FormatError(f"expected {error}", field="clock") from error


def _unit_of_heading(units: Mapping[str, str]) -> str:
    """The unit in brackets behind the heading of the values: `Målerstand (m³)`."""
    name = units.get("value", "")
    try:
        return get_unit(name).name if name else ""
    except UnitError as error:
        raise FormatError(f"({name}) in the heading: expected a unit such as m3 or kwh", field="value") from error
