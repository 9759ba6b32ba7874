# SPDX-License-Identifier: Apache-2.0
"""Lists from the system before this one: accounts with what they have, and lines that were invoiced.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from avlest.readings.quality import Quality
from avlest.registry.importing.columns import Column, ParsedRow, find_style, match_headings, parse_rows
from avlest.registry.importing.report import RowIssue
from avlest.registry.importing.tables import Cell, read_table
from avlest.registry.importing.values import Style, choice, decimal, instant, parse_decimal, text, whole
from avlest.registry.importing.zips import Limits
from avlest.settlement.contracts import Kind, SettlementError
from avlest.settlement.core.money import parse_scaled

_OSLO = ZoneInfo("Europe/Oslo")
_MOST_ROWS = 2_000_000
_WORDS = {
    "advance": ("a konto", "akonto", "antatt forbruk", "forskudd"),
    "fixed": ("årsgebyr", "fastgebyr", "abonnementsgebyr"),
    "settlement": ("oppgjør", "oppgjør måler", "avregning"),
}
_YES_NO = {"yes": ("ja", "inkl", "true", "1"), "no": ("nei", "ekskl", "false", "0")}
_UNITS = {"m3": ("m³", "kubikk"), "kWh": ("kwh",), "year": ("år",)}
_READ = {"read": ("avlest", "målt", "ja"), "stipulated": ("stipulert", "beregnet", "nei")}


def _day(cell: Cell, style: Style) -> date:
    return instant(cell, style).astimezone(_OSLO).date()


def _scaled(places: int, what: str) -> Any:
    def parse(cell: Cell, style: Style) -> int:
        number: Decimal = parse_decimal(cell, style)
        try:
            return parse_scaled(number, places=places, place="", what=what)
        except SettlementError as error:
            raise ValueError(str(error).removeprefix("expected ")) from error

    return parse


def _terms(cell: Cell, style: Style) -> int:
    number = whole(1, 12)(cell, style)
    if number not in (1, 2, 4, 6, 12):
        raise ValueError("1, 2, 4, 6 or 12")
    return int(number)


ACCOUNT_COLUMNS = (
    Column("number", whole(1, 2_000_000_000), ("kundenummer", "kundenr", "abonnementsnummer"), required=True),
    Column("party", text(40), ("abonnent", "kunde", "person"), required=True),
    Column("property", text(40), ("eiendom", "eiendomsnummer"), required=True),
    Column("from", _day, ("fra", "fra og med", "overtatt"), required=True),
    Column("to", _day, ("til", "fraflyttet")),
    Column("terms", _terms, ("terminer", "antall terminer")),
    Column("area", decimal(0, 1_000_000, places=2), ("areal", "bra"), numeric=True),
    Column("persons", whole(0, 10_000), ("personer",)),
    Column("service", text(40), ("tjeneste", "vare"), required=True),
    Column("region", text(40), ("område", "sone")),
    Column("category", text(40), ("kategori", "gruppe")),
    Column("size", text(20), ("størrelse", "dimensjon")),
    Column("count", whole(1, 10_000), ("antall",)),
    Column("advance", _scaled(3, "a quantity a year"), ("a konto", "antatt forbruk"), numeric=True),
    Column("advance_year", whole(2000, 2200), ("a konto år", "år")),
)
EARLIER_COLUMNS = (
    Column("number", whole(1, 2_000_000_000), ("kundenummer", "kundenr"), required=True),
    Column("invoice", text(40), ("faktura", "fakturanummer"), required=True),
    Column("invoiced_on", _day, ("fakturadato", "dato")),
    Column("kind", choice(_WORDS), ("slag", "type", "linjetype"), required=True),
    Column("service", text(40), ("tjeneste",), required=True),
    Column("code", text(40), ("kode", "varenummer", "vare"), required=True),
    Column("unit", choice(_UNITS), ("enhet",), required=True),
    Column("from", _day, ("fra", "fra og med"), required=True),
    Column("to", _day, ("til",), required=True),
    Column("quantity", _scaled(3, "a quantity"), ("mengde", "antall"), required=True, numeric=True),
    Column("price", _scaled(4, "a price in kroner"), ("pris", "sats"), required=True, numeric=True),
    Column("amount", _scaled(2, "an amount in kroner"), ("beløp", "sum"), required=True, numeric=True),
    Column("vat", text(20), ("mva-kode", "mvakode"), required=True),
    Column("vat_percent", _scaled(2, "per cent"), ("mva", "mva-sats", "mva %"), required=True, numeric=True),
    Column("vat_included", choice(_YES_NO), ("inkl. mva", "med mva"), required=True),
    Column("read", choice(_READ), ("avlesning", "avlest")),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One service of one account, as a list has it; `line` is where."""

    line: int
    number: int
    party: str
    property: str
    opened_on: date
    closed_on: date | None
    service: str
    values: dict[str, Any]
    """`terms`, `area`, `persons` of the account; `region`, `category`, `size`, `count` of the service; `advance`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRow:
    """One invoiced line: columns of `contracts.EARLIER`, with customer number, document and place in it."""

    line: int
    number: int
    document: str
    position: int
    invoiced_on: date | None
    kind: str
    service: str
    code: str
    unit: str
    start: date
    stop: date
    quantity: int
    value: int
    amount: int
    vat: str
    rate: int
    vat_included: bool
    quality: int | None


def parse_accounts(content: bytes, *, filename: str) -> tuple[tuple[AccountRow, ...], tuple[RowIssue, ...]]:
    """Return the accounts in a CSV or XLSX file, one row a service, and the issues by line and field.

    Rows of one customer number must agree about the account.  Raises `ImportFileError` for a file that is no table.
    """
    parsed, issues = _parse(content, filename, ACCOUNT_COLUMNS)
    rows = [_make_account(row) for row in parsed]
    good, more = _check_accounts(rows)
    return tuple(good), tuple(sorted([*issues, *more], key=_place))


def parse_earlier(content: bytes, *, filename: str) -> tuple[tuple[EarlierRow, ...], tuple[RowIssue, ...]]:
    """Return the invoiced lines in a CSV or XLSX file, and the issues by line and field.

    Raises `ImportFileError` for a file that is no table.
    """
    parsed, issues = _parse(content, filename, EARLIER_COLUMNS)
    seen: dict[tuple[int, str], int] = {}
    rows, found = [], list(issues)
    for row in parsed:
        key = (row.values["number"], row.values["invoice"])
        seen[key] = seen.get(key, 0) + 1
        made = _make_earlier(row, seen[key])
        if made.start >= made.stop:
            found.append(RowIssue(row.line, "to", str(made.stop), f"expected a day after {made.start}"))
        else:
            rows.append(made)
    return tuple(rows), tuple(sorted(found, key=_place))


def _place(issue: RowIssue) -> tuple[int, str]:
    return issue.line, issue.column


def _parse(content: bytes, filename: str, columns: Sequence[Column]) -> tuple[list[ParsedRow], list[RowIssue]]:
    table = read_table(content, filename=filename, limits=Limits(rows=_MOST_ROWS))
    heading = match_headings(columns, table.rows)
    body = [row for row in table.rows if row.line > heading.line]
    return parse_rows(columns, heading, body, find_style(columns, heading, body, Style(zone=_OSLO)))


_OF_SERVICE = ("region", "category", "size", "count", "advance", "advance_year")
_OF_ACCOUNT = ("terms", "area", "persons")


def _make_account(row: ParsedRow) -> AccountRow:
    values = row.values
    return AccountRow(
        line=row.line, number=values["number"], party=values["party"], property=values["property"],
        opened_on=values["from"], closed_on=values.get("to"), service=values["service"],
        values={name: values[name] for name in (*_OF_ACCOUNT, *_OF_SERVICE) if name in values},
    )  # fmt: skip


def _check_accounts(rows: Iterable[AccountRow]) -> tuple[list[AccountRow], list[RowIssue]]:
    """Rows that agree with the first of their customer number; the others are named with that row's line."""
    first: dict[int, AccountRow] = {}
    services: dict[tuple[int, str], int] = {}
    good, issues = [], []
    for row in rows:
        head = first.setdefault(row.number, row)
        issue = _find_issue(row, head, services.setdefault((row.number, row.service), row.line))
        if issue is None:
            good.append(row)
        else:
            issues.append(issue)
    return good, issues


def _find_issue(row: AccountRow, head: AccountRow, same_service: int) -> RowIssue | None:
    if row.closed_on is not None and row.closed_on <= row.opened_on:
        return RowIssue(row.line, "to", str(row.closed_on), f"expected a day after {row.opened_on}")
    if same_service != row.line:
        return RowIssue(row.line, "service", row.service, "expected each service of a customer once", same_service)
    if ("advance" in row.values) != ("advance_year" in row.values):
        return RowIssue(row.line, "advance_year", "", "expected with advance, and advance with it")
    for name in ("party", "property", "opened_on", "closed_on"):
        if getattr(row, name) != getattr(head, name):
            shown = str(getattr(row, name))
            return RowIssue(row.line, name, shown, f"expected what the customer has before: {getattr(head, name)}",
                            head.line)  # fmt: skip
    return None


def _make_earlier(row: ParsedRow, position: int) -> EarlierRow:
    values = row.values
    quality = None
    if values["kind"] == Kind.SETTLEMENT.value:
        quality = int(Quality.TEMPORARY if values.get("read") == "stipulated" else Quality.MEASURED)
    return EarlierRow(
        line=row.line, number=values["number"], document=values["invoice"], position=position,
        invoiced_on=values.get("invoiced_on"), kind=values["kind"], service=values["service"], code=values["code"],
        unit=values["unit"], start=values["from"], stop=values["to"], quantity=values["quantity"],
        value=values["price"], amount=values["amount"], vat=values["vat"], rate=values["vat_percent"],
        vat_included=values["vat_included"] == "yes", quality=quality,
    )  # fmt: skip
