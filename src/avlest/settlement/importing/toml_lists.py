# SPDX-License-Identifier: Apache-2.0
"""Price lists in TOML: `[list]`, one `[[price]]` each, `[[vat]]` where rates come with it.  Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from avlest.registry.importing.report import ImportFileError, RowIssue
from avlest.settlement.contracts import Band, Price, SettlementError, VatRate
from avlest.settlement.core.money import parse_scaled
from avlest.settlement.importing.price_lists import UNITS, Given, PriceListDraft, finish_draft, get_issue

_LIST = {"name", "valid_from", "valid_to", "vat_included", "source", "note"}
_PRICE = {
    "code", "service", "unit", "value", "vat", "region", "category", "size", "bands", "minimum_minutes", "text",
    "source", "valid_from", "valid_to",
}  # fmt: skip
_VAT = {"code", "percent", "valid_from", "valid_to", "source"}
_TABLES = {"list": _LIST, "price": _PRICE, "vat": _VAT}
_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z_]+)\s*\]\]?")
_KEY = re.compile(r"\s*([A-Za-z_]+)\s*(?:\.\s*[A-Za-z_]+\s*)?=")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


class Lines:
    """On which line each table and key of a TOML file stands: the parser of the standard library does not say."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        counts: dict[str, int] = {}
        table, number = "", 0
        for line, content in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(content):
                table = header[1]
                number = counts[table] = counts.get(table, 0) + 1
                self._lines[table, number, ""] = line
            elif key := _KEY.match(content):
                self._lines.setdefault((table, number, key[1]), line)

    def find(self, table: str, number: int, key: str = "") -> int:
        """Return the line of a key, of its table where the key is absent, else 1."""
        return self._lines.get((table, number, key)) or self._lines.get((table, number, "")) or 1


class Reader:
    """Collects issues while one file is read."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.issues: list[RowIssue] = []

    def add(self, table: str, number: int, key: str, given: object, expected: str) -> None:
        """Note something wrong with a key."""
        self.issues.append(RowIssue(self.lines.find(table, number, key), key, str(given)[:80], expected))

    def take(
        self, table: str, number: int, values: Mapping[str, Any], key: str, check: Callable[[Any], Any], default: Any
    ) -> Any:
        """Return a checked value; the default (None: required) where absent or wrong."""
        if key not in values:
            if default is None:
                self.add(table, number, key, "", "a value is required")
            return default
        try:
            return check(values[key])
        except SettlementError as error:
            self.issues.append(get_issue(error, line=self.lines.find(table, number, key), field=key, given=values[key]))
        except ValueError as error:
            self.add(table, number, key, values[key], f"expected {error}")
        return default

    def check_keys(self, table: str, number: int, values: Mapping[str, Any]) -> None:
        """Note keys nobody knows: a misspelt one would otherwise be forgotten."""
        for key in values:
            if key not in _TABLES[table]:
                self.add(table, number, key, values[key], f"expected one of {', '.join(sorted(_TABLES[table]))}")


def parse_toml_list(content: bytes, *, filename: str, given: Given) -> PriceListDraft:
    """Return the list in a TOML file with all its issues; `ImportFileError` where it is not TOML at all."""
    try:
        text = content.decode("utf-8")
        data = tomllib.loads(text, parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImportFileError(f"{filename}: {error}") from error
    reader = Reader(Lines(text))
    for table in data:
        if table not in _TABLES:
            reader.issues.append(RowIssue(reader.lines.find(table, 1), table, "", "expected list, price or vat"))
    head = data.get("list", {})
    reader.check_keys("list", 1, head)
    prices = [price for row in _rows(data, "price") if (price := _read_price(reader, *row, filename=filename))]
    vat = [rate for row in _rows(data, "vat") if (rate := _read_vat(reader, *row))]
    draft = _make_draft(reader, head, prices, vat, given)
    places = {price.place: reader.lines.find("price", int(price.place.rpartition(" ")[2])) for price in prices}
    return finish_draft(draft, lines=places | {"list": reader.lines.find("list", 1)})


def _make_draft(
    reader: Reader, head: Mapping[str, Any], prices: list[Price], vat: list[VatRate], given: Given
) -> PriceListDraft:
    def take(key: str, check: Callable[[Any], Any], default: Any) -> Any:
        return reader.take("list", 1, head, key, check, default)

    included = given.vat_included if given.vat_included is not None else take("vat_included", _flag, _ABSENT)
    return PriceListDraft(
        name=given.name or take("name", _text(200), ""),
        valid_from=given.valid_from or _present(take("valid_from", _day, _ABSENT)),
        valid_to=given.valid_to or _present(take("valid_to", _day, _ABSENT)),
        vat_included=_present(included),
        source=given.source or take("source", _text(500), ""),
        note=take("note", _text(2000), ""),
        prices=tuple(prices),
        vat=tuple(vat),
        issues=tuple(reader.issues),
    )


_ABSENT = object()


def _present(value: Any) -> Any:
    return None if value is _ABSENT else value


def _rows(data: Mapping[str, Any], table: str) -> list[tuple[int, Mapping[str, Any]]]:
    rows = data.get(table, [])
    return list(enumerate(rows if isinstance(rows, list) else [rows], start=1))


def _read_price(reader: Reader, number: int, row: Mapping[str, Any], *, filename: str) -> Price | None:
    before = len(reader.issues)
    reader.check_keys("price", number, row)

    def take(key: str, check: Callable[[Any], Any], default: Any = None) -> Any:
        return reader.take("price", number, row, key, check, default)

    values = {
        "code": take("code", _code),
        "service": take("service", _code),
        "unit": take("unit", _unit),
        "value": take("value", lambda given: parse_scaled(given, places=4, place="", what="a price in kroner")),
        "vat": take("vat", _code),
        "region": take("region", _text(40), ""),
        "category": take("category", _text(40), ""),
        "size": take("size", _text(20), ""),
        "bands": take("bands", _bands, ()),
        "minimum_minutes": take("minimum_minutes", _minutes, 0),
        "text": take("text", _texts, {}),
        "source": take("source", _text(500), ""),
        "valid_from": _present(take("valid_from", _day, _ABSENT)),
        "valid_to": _present(take("valid_to", _day, _ABSENT)),
    }
    if len(reader.issues) > before:
        return None
    return Price(**values, vat_included=None, place=f"{filename}, price {number}")


def _read_vat(reader: Reader, number: int, row: Mapping[str, Any]) -> VatRate | None:
    before = len(reader.issues)
    reader.check_keys("vat", number, row)

    def take(key: str, check: Callable[[Any], Any], default: Any = None) -> Any:
        return reader.take("vat", number, row, key, check, default)

    values = {
        "code": take("code", _code),
        "rate": take("percent", lambda given: parse_scaled(given, places=2, place="", what="a rate in per cent")),
        "valid_from": _present(take("valid_from", _day, _ABSENT)),
        "valid_to": _present(take("valid_to", _day, _ABSENT)),
        "source": take("source", _text(500), ""),
    }
    return VatRate(**values) if len(reader.issues) == before else None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a date such as 2026-01-01, without quotes")
    return value


def _text(most: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"text of at most {most} characters")
        return value.strip()

    return check


def _code(value: Any) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("letters, digits, - _ or . (at most 40)")
    return value


def _unit(value: Any) -> str:
    if value not in UNITS:
        raise ValueError(f"one of {', '.join(UNITS)}")
    return str(value)


def _minutes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1440:
        raise ValueError("minutes from 0 to 1440")
    return value


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("texts by language, such as text.nb and text.nn")
    return dict(value)


def _bands(value: Any) -> tuple[Band, ...]:
    if not isinstance(value, list):
        raise ValueError('bands such as [{ days = "weekday", start = 07:00:00, stop = 14:30:00 }]')
    return tuple(_band(band) for band in value)


def _band(value: Any) -> Band:
    days, start, stop = (value.get(key) for key in ("days", "start", "stop")) if isinstance(value, dict) else (0, 0, 0)
    if days not in ("weekday", "holiday", "every") or not isinstance(start, time) or not isinstance(stop, time):
        raise ValueError('a band with days = "weekday", "holiday" or "every", start and stop as 07:00:00')
    return Band(days, start, stop)
