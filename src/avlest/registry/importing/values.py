# SPDX-License-Identifier: Apache-2.0
"""One cell as a value: what people and spreadsheets write, read the way it was meant.  Pure.

Each parser takes a cell and the file's `Style` and returns the value, or raises
`ValueError` whose message is what is expected.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from avlest.registry.importing.tables import Cell

_SPACES = re.compile(r"[\s\u00a0\u202f']")
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_POINT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)\.\d+")
_DATE_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d.%m.%y", "%d/%m-%Y", "%d-%m-%Y")
_TIME_FORMS = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " kl. %H:%M", " %H.%M")


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How this file writes numbers and times.

    `decimal` is "," or "."; `decimal_line` is where that was seen, for messages.
    """

    decimal: str = "."
    decimal_line: int | None = None
    zone: ZoneInfo = dataclasses.field(default_factory=lambda: ZoneInfo("Europe/Oslo"))


Parse = Callable[[Cell, Style], Any]


def to_text(cell: Cell) -> str:
    """Return a cell as trimmed text; a whole number without `.0`.  Formulas are refused."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    value = "" if cell is None else str(cell).strip()
    if value.startswith("="):
        raise ValueError("a value, not a formula: paste the column as values")
    return value


def text(most: int) -> Parse:
    """Return a parser for text of at most `most` characters, without control characters."""

    def parse(cell: Cell, _style: Style) -> str:
        value = to_text(cell)
        if len(value) > most:
            raise ValueError(f"at most {most} characters, not {len(value)}")
        if not value.isprintable() and re.search(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]", value):
            raise ValueError("readable text; the file's encoding may be wrong")
        return value

    return parse


def canonical(parse: Callable[[str], Any]) -> Parse:
    """Return a parser of the cell's text by a function of `identifiers` or `media`."""
    return lambda cell, _style: parse(to_text(cell))


def choice(words: Mapping[str, Iterable[str]]) -> Parse:
    """Return a parser for one of some values, each known by its own name and other words."""
    known = {word.casefold(): value for value, others in words.items() for word in (value, *others)}

    def parse(cell: Cell, _style: Style) -> str:
        found = known.get(to_text(cell).casefold())
        if found is None:
            raise ValueError(f"one of {', '.join(words)}")
        return found

    return parse


def whole(least: int, most: int) -> Parse:
    """Return a parser for a whole number in a range; `0x1B` is hexadecimal."""

    def parse(cell: Cell, _style: Style) -> int:
        value = _SPACES.sub("", to_text(cell))
        hexadecimal = re.fullmatch(r"0x[0-9A-Fa-f]+", value)
        if not hexadecimal and not re.fullmatch(r"[+-]?\d+", value):
            raise ValueError("a whole number")
        number = int(value, 16) if hexadecimal else int(value)
        if not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return parse


def decimal(least: Decimal | int, most: Decimal | int, *, places: int) -> Parse:
    """Return a parser for a decimal number in a range with at most `places` decimals."""

    def parse(cell: Cell, style: Style) -> Decimal:
        number = parse_decimal(cell, style)
        if not least <= number <= most:
            raise ValueError(f"a number from {least} to {most}")
        return round(number, places)

    return parse


def parse_decimal(cell: Cell, style: Style) -> Decimal:
    """Return the number in a cell, by the file's decimal sign; ambiguous ones are refused."""
    if isinstance(cell, bool):
        raise ValueError("a number")
    if isinstance(cell, int | float):
        return Decimal(repr(cell))
    value = _SPACES.sub("", to_text(cell))
    group = "." if style.decimal == "," else ","
    if group in value:
        groups = value.partition(style.decimal)[0]
        if re.fullmatch(rf"[+-]?\d+{re.escape(group)}\d+", value):
            seen = f" as in line {style.decimal_line}" if style.decimal_line else ""
            raise ValueError(f'a number with decimal "{style.decimal}"{seen}; "{group}" is ambiguous here')
        if not re.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}})+", groups):
            raise ValueError("a number")
        value = value.replace(group, "")
    try:
        number = Decimal(value.replace(style.decimal, "."))
    except InvalidOperation as error:
        raise ValueError("a number") from error
    if not number.is_finite():
        raise ValueError("a number")
    return number


def find_decimal(cells: Iterable[tuple[int, Cell]]) -> tuple[str, int | None]:
    """Return the decimal sign the cells use and the line it was first seen; "." when none does."""
    first_point = None
    for line, cell in cells:
        if isinstance(cell, str):
            value = _SPACES.sub("", cell)
            if _COMMA.fullmatch(value):
                return ",", line
            if first_point is None and _POINT.fullmatch(value):
                first_point = line
    return ".", first_point


def instant(cell: Cell, style: Style) -> datetime:
    """Return an instant in UTC; a date is its local midnight, a time without zone is local."""
    if isinstance(cell, datetime):
        return to_utc(cell, style.zone)
    if isinstance(cell, date):
        return to_utc(datetime.combine(cell, datetime.min.time()), style.zone)
    value = to_text(cell)
    if re.search(r"(Z|[+-]\d\d:?\d\d)$", value) and "T" in value:
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError as error:
            raise ValueError(_EXPECTED_TIME) from error
    return to_utc(_parse_local(value), style.zone)


_EXPECTED_TIME = "a date such as 2026-01-31 or 31.01.2026, with a time after it if wanted"


@lru_cache(maxsize=65_536)
def _parse_local(value: str) -> datetime:
    for day in _DATE_FORMS:
        for time in _TIME_FORMS:
            try:
                return datetime.strptime(value, day + time)  # noqa: DTZ007  the zone is given by the caller
            except ValueError:
                continue
    raise ValueError(_EXPECTED_TIME)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Return a local time as UTC; the earlier of two when clocks go back, refused when skipped."""
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"a time that exists: clocks skip it in {zone.key}")
    if not datetime(1900, 1, 1, tzinfo=UTC) < found < datetime(2200, 1, 1, tzinfo=UTC) - timedelta(days=1):
        raise ValueError("a year from 1900 to 2199")
    return found
