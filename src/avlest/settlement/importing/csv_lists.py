# SPDX-License-Identifier: Apache-2.0
"""Price lists as a table (CSV or XLSX): one price a row; dates and the choice of VAT beside it or as columns.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from avlest.registry.importing.columns import Column, ParsedRow, find_style, match_headings, parse_rows
from avlest.registry.importing.report import RowIssue
from avlest.registry.importing.tables import Cell, read_table
from avlest.registry.importing.values import Style, choice, instant, parse_decimal, text, whole
from avlest.registry.importing.zips import Limits
from avlest.settlement.contracts import Price
from avlest.settlement.core.money import parse_scaled
from avlest.settlement.importing.price_lists import UNITS, Given, PriceListDraft, finish_draft

_OSLO = ZoneInfo("Europe/Oslo")
_UNIT_WORDS = {
    "m3": ("m³", "kubikk", "kubikkmeter", "kr/m3", "kr/m³"),
    "kWh": ("kwh", "kr/kwh"),
    "year": ("år", "pr år", "kr/år", "per år", "årlig"),
    "hour": ("time", "pr time", "kr/time", "t"),
    "once": ("engang", "engangs", "stk", "én gang"),
}
_YES_NO = {
    "yes": ("ja", "inkl", "inkl. mva", "true", "1"),
    "no": ("nei", "ekskl", "ekskl. mva", "eks. mva", "false", "0"),
}


def _value(cell: Cell, style: Style) -> int:
    number: Decimal = parse_decimal(cell, style)
    return parse_scaled(number, places=4, place="", what="a price in kroner")


def _local_day(cell: Cell, style: Style) -> date:
    return instant(cell, style).astimezone(_OSLO).date()


_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


def _code(cell: Cell, _style: Style) -> str:
    value = text(40)(cell, _style)
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("letters, digits, - _ or .")
    return value


COLUMNS = (
    Column("code", _code, ("kode", "varenummer", "vare"), required=True),
    Column("service", _code, ("tjeneste",), required=True),
    Column("unit", choice(_UNIT_WORDS), ("enhet",), required=True),
    Column("value", _value, ("pris", "beløp", "price", "sats"), required=True, numeric=True),
    Column("vat", _code, ("mva", "mva-kode", "mvakode", "vat code"), required=True),
    Column("vat_included", choice(_YES_NO), ("inkl. mva", "inklusive mva", "med mva")),
    Column("valid_from", _local_day, ("gyldig fra", "fra")),
    Column("valid_to", _local_day, ("gyldig til", "til")),
    Column("region", text(40), ("område", "sone")),
    Column("category", text(40), ("kategori", "gruppe")),
    Column("size", text(20), ("størrelse", "dimensjon", "størrelsesklasse")),
    Column("minimum_minutes", whole(0, 1440), ("minste tid", "minimum")),
    Column("text", text(200), ("tekst", "beskrivelse", "navn")),
    Column("text_nn", text(200), ("tekst nynorsk", "nynorsk")),
)


def parse_table_list(content: bytes, *, filename: str, given: Given) -> PriceListDraft:
    """Return the list in a table with all its issues; `ImportFileError` where it cannot be read as one."""
    table = read_table(content, filename=filename, limits=Limits(rows=10_000))
    heading = match_headings(COLUMNS, table.rows)
    body = [row for row in table.rows if row.line > heading.line]
    style = find_style(COLUMNS, heading, body, Style(zone=_OSLO))
    rows, issues = parse_rows(COLUMNS, heading, body, style)
    prices = [_make_price(row, filename) for row in rows]
    lines = {price.place: row.line for price, row in zip(prices, rows, strict=True)}
    draft = PriceListDraft(
        name=given.name or filename.rpartition(".")[0],
        valid_from=given.valid_from or _first([row.values.get("valid_from") for row in rows]),
        valid_to=given.valid_to,
        vat_included=_find_vat(rows, given, issues),
        source=given.source or filename,
        note="",
        prices=tuple(prices),
        vat=(),
        issues=tuple(issues),
    )
    return finish_draft(draft, lines=lines | {"list": heading.line})


def _first(days: Sequence[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return min(known) if known else None


def _find_vat(rows: Sequence[ParsedRow], given: Given, issues: list[RowIssue]) -> bool | None:
    """The one choice for the whole list; rows that differ are refused, for a list is either with or without VAT."""
    if given.vat_included is not None:
        return given.vat_included
    choices = {row.values["vat_included"]: row.line for row in reversed(rows) if "vat_included" in row.values}
    if len(choices) > 1:
        text_ = "the same choice in every row: make two lists, one with VAT and one without"
        issues.append(RowIssue(max(choices.values()), "vat_included", "", text_, min(choices.values())))
    missing = [row.line for row in rows if "vat_included" not in row.values]
    return None if missing or len(choices) != 1 else "yes" in choices


def _make_price(row: ParsedRow, filename: str) -> Price:
    values: dict[str, Any] = dict(row.values)
    texts = {"nb": values.pop("text", ""), "nn": values.pop("text_nn", "")}
    values.pop("vat_included", None)
    return Price(
        **values,
        vat_included=None,
        text={language: words for language, words in texts.items() if words},
        place=f"{filename}, line {row.line}",
    )


assert set(_UNIT_WORDS) == set(UNITS)
