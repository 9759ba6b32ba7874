# SPDX-License-Identifier: Apache-2.0
"""Metering values that a customer downloads from Elhub's "Min side": amounts per hour or quarter.  Pure.

The headings are `Fra`, `Til`, `KWH 60 Forbruk` (or `KWH 15 …`, `… Produksjon`) and sometimes
`Kvalitet`.  Older files have local times without zone, in which the hour that repeats in
autumn stands twice; newer ones have an offset.  The metering point is in the file's name only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from avlest.collect.formats.canonical import MOST_PER_MESSAGE, Reading, to_heard
from avlest.collect.formats.model import FormatError, Message, Parsed, Problem
from avlest.collect.formats.readings_csv import open_table
from avlest.registry.identifiers import parse_gsrn
from avlest.registry.importing.tables import Cell, Row
from avlest.registry.importing.values import Style, find_decimal, parse_decimal, to_text

_AMOUNT: Final = re.compile(r"kwh\s+(15|60)\s+(\S+)", re.IGNORECASE)
_GSRN: Final = re.compile(r"(?<!\d)(\d{18})(?!\d)")
_TIMES: Final = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
_QUALITIES: Final = {
    "": "measured",
    "målt": "measured",
    "beregnet": "estimated",
    "estimert": "estimated",
    "endelig estimert": "final_estimated",
    "midlertidig": "temporary",
}
_NEEDS_TIME: Final = "a time such as 01.11.2020 00:00"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where what stands, and how this file writes it."""

    since: int
    amount: int
    quality: int | None
    minutes: int
    direction: str
    style: Style


def is_elhub_file(headings: str) -> bool:
    """Whether a line of headings is that of Elhub's file."""
    return bool(_AMOUNT.search(headings)) and "fra" in headings.casefold()


def parse_elhub_csv(message: Message, *, point: str = "") -> Parsed:
    """The amounts of a file; `point` is the metering point where the file's name (the topic) has none.

    Raises `FormatError` when the file as a whole cannot be read; a bad row is a problem with
    its line and column, and the other rows are taken in.
    """
    gsrn = _find_point(message.topic, point)
    rows = open_table(message).rows
    layout = _find_layout(rows, message.zone)
    problems: list[Problem] = []
    readings = list(_read_rows(rows[1:], layout, gsrn, problems))
    heard = [
        to_heard(readings[at : at + MOST_PER_MESSAGE], received_at=message.received_at, source=message.source)
        for at in range(0, len(readings), MOST_PER_MESSAGE)
    ]
    return Parsed(tuple(heard), tuple(problems))


def _find_point(name: str, point: str) -> str:
    found = _GSRN.search(name)
    text = point or (found[1] if found else "")
    if not text:
        raise FormatError(
            "the metering point is not known: keep the file's name from Elhub "
            "(meteringvalues-mp-<18 digits>-…), or set point for the source"
        )
    try:
        return parse_gsrn(text)
    except ValueError as error:
        raise FormatError(f"the metering point {text}: expected {error}") from error


def _find_layout(rows: Sequence[Row], zone: ZoneInfo) -> _Layout:
    if not rows:
        raise FormatError("the file has no rows, expected the headings Fra, Til, KWH 60 Forbruk")
    headings = [str(cell or "").strip() for cell in rows[0].cells]
    matches = [(at, match) for at, text in enumerate(headings) if (match := _AMOUNT.search(text))]
    lower = [text.casefold() for text in headings]
    if len(matches) != 1 or "fra" not in lower:
        seen = ", ".join(headings)[:200]
        raise FormatError(f"expected the headings Fra, Til and one KWH 60 Forbruk; found {seen}", line=rows[0].line)
    at, match = matches[0]
    sign, line = find_decimal((row.line, row.cells[at]) for row in rows[1:] if at < len(row.cells))
    return _Layout(
        since=lower.index("fra"),
        amount=at,
        quality=lower.index("kvalitet") if "kvalitet" in lower else None,
        minutes=int(match[1]),
        direction="export" if match[2].casefold().startswith("prod") else "import",
        style=Style(decimal=sign, decimal_line=line, zone=zone),
    )


def _read_rows(rows: Sequence[Row], layout: _Layout, gsrn: str, problems: list[Problem]) -> Iterator[Reading]:
    before: datetime | None = None
    for row in rows:
        try:
            reading = _read_row(row, layout, gsrn, before)
        except FormatError as error:
            problems.append(Problem(error.detail, error.field, row.line))
            continue
        except (ValueError, OverflowError) as error:
            problems.append(Problem(f"expected {error}", line=row.line))
            continue
        before = reading.at
        yield reading


def _read_row(row: Row, layout: _Layout, gsrn: str, before: datetime | None) -> Reading:
    since = _read_time(_cell(row, layout.since), layout.style.zone, before)
    return Reading(
        at=since + timedelta(minutes=layout.minutes),
        since=since,
        value=_read_amount(_cell(row, layout.amount), layout.style),
        point=gsrn,
        quantity="energy",
        unit="kwh",
        direction=layout.direction,
        quality=_read_quality(row, layout),
    )


def _cell(row: Row, at: int) -> Cell:
    return row.cells[at] if at < len(row.cells) else None


def _read_time(cell: Cell, zone: ZoneInfo, before: datetime | None) -> datetime:
    """An instant in UTC; of a repeated hour the second when the first has been read."""
    text = to_text(cell)
    if re.search(r"[+-]\d\d:?\d\d$|Z$", text) and "T" in text:
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError as error:
            raise FormatError(f"is {text[:30]!r}: expected {_NEEDS_TIME}", field="Fra") from error
    local = _parse_local(text)
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != local:
        raise FormatError(f"is {text!r}: clocks skip that time in {zone.key}", field="Fra")
    return second if before is not None and first < before <= second else first


def _parse_local(text: str) -> datetime:
    for form in _TIMES:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  the zone is the file's
        except ValueError:
            continue
    raise FormatError(f"is {text[:30]!r}: expected {_NEEDS_TIME}", field="Fra")


def _read_amount(cell: Cell, style: Style) -> Decimal:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        raise FormatError("no amount in this hour", field="KWH")
    try:
        amount = parse_decimal(cell, style)
    except ValueError as error:
        raise FormatError(f"is {str(cell)[:30]!r}: expected {error}", field="KWH") from error
    if not 0 <= amount < Decimal(10) ** 9:
        raise FormatError(f"is {str(cell)[:30]!r}: expected an amount from 0 up", field="KWH")
    return amount


def _read_quality(row: Row, layout: _Layout) -> str:
    text = to_text(_cell(row, layout.quality)).casefold() if layout.quality is not None else ""
    if text not in _QUALITIES:
        known = "Målt, Beregnet or Estimert; also Endelig estimert or Midlertidig"
        raise FormatError(f"is {text[:30]!r}: expected {known}", field="Kvalitet")
    return _QUALITIES[text]
