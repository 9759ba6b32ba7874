# SPDX-License-Identifier: Apache-2.0
"""The words, numbers and dates of an invoice, written out in its language: what PDF and plain text show.  Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Final

from avlest.settlement.contracts import Unit
from avlest.settlement.documents.contracts import DocumentKind, DocumentLine, InvoiceDocument, Seller
from avlest.wording import format_date, format_instant, format_money, format_number, format_percent, format_period

_UNIT_WORDS: Final[Mapping[str, str]] = {Unit.VOLUME: "m³", Unit.ENERGY: "kWh"}
_TIME_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    Unit.HOUR: {"nb": "timer", "nn": "timar", "en": "hours"},
    Unit.YEAR: {"nb": "år", "nn": "år", "en": "years"},
    Unit.ONCE: {"nb": "stk.", "nn": "stk.", "en": "pcs."},
}
PRICE_PLACES: Final = 4


@cache
def get_labels(language: str) -> Mapping[str, str]:
    """The fixed words of a language.  Raises `KeyError` for one that is not there."""
    text = files("avlest.settlement.documents").joinpath("labels.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[language])


def write_quantity(line: DocumentLine, language: str) -> str:
    """The quantity of a line with its unit: "150,000 m³"; empty where the line has none."""
    if line.quantity is None:
        return ""
    number = format_number(Fraction(line.quantity, 1000), language=language, decimals=3)
    unit = _UNIT_WORDS.get(line.unit) or _TIME_WORDS.get(line.unit, {}).get(language, line.unit)
    return f"{number}\u00a0{unit}"


def write_price(line: DocumentLine, language: str) -> str:
    """The price of a line in kroner, with as many decimals as it has and at least two; empty where there is none."""
    if line.price is None:
        return ""
    places = PRICE_PLACES
    while places > 2 and line.price % 10 ** (PRICE_PLACES - places + 1) == 0:
        places -= 1
    return format_number(Fraction(line.price, 10**PRICE_PLACES), language=language, decimals=places)


def write_rate(rate: int, language: str) -> str:
    """A VAT rate: 2500 is "25 %"."""
    places = 0 if rate % 100 == 0 else 2
    return format_percent(Fraction(rate, 10_000), language=language, decimals=places)


def write_account(account: str) -> str:
    """A bank account as people write it: "1503 00 00018"."""
    return f"{account[:4]} {account[4:6]} {account[6:]}" if len(account) == 11 else account


def write_organisation_number(seller: Seller, language: str) -> str:
    """The organisation number in threes, with MVA and Foretaksregisteret where they belong."""
    digits = seller.organisation_number
    parts = [" ".join(digits[at : at + 3] for at in range(0, len(digits), 3))]
    parts += ["MVA"] if seller.is_vat_registered else []
    text = f"{get_labels(language)['organisation']} {' '.join(parts)}"
    return f"{text}, {get_labels(language)['foretaksregisteret']}" if seller.is_in_company_register else text


def write_moment(at: date | datetime, language: str) -> str:
    """When a reading was taken: an instant with its time, a date as the date."""
    if isinstance(at, datetime):
        return format_instant(at, language=language, style="short")
    return format_date(at, language=language, style="short")


def derive_title(document: InvoiceDocument) -> str:
    """ "Faktura 1001"."""
    return f"{get_labels(document.language)[document.kind.value]} {document.number}"


def derive_head(document: InvoiceDocument) -> list[tuple[str, str]]:
    """Label and value of what stands at the head of an invoice."""
    words, language = get_labels(document.language), document.language
    is_credit = document.kind is DocumentKind.CREDIT_NOTE
    corrects = document.corrects
    if corrects and document.corrects_on:
        corrects = f"{corrects}, {format_date(document.corrects_on, language=language)}"
    rows = [
        ("credit_number" if is_credit else "number", document.number),
        ("corrects", corrects),
        ("issued", format_date(document.issued_on, language=language)),
        ("due", "" if is_credit else format_date(document.due_on, language=language)),
        ("period", format_period(document.start, document.stop, language=language)),
        ("customer", document.buyer.customer_number),
        ("property", document.buyer.property_label),
    ]
    return [(words[name], value) for name, value in rows if value]


def derive_sums(document: InvoiceDocument) -> list[tuple[str, str, bool]]:
    """Label, amount and whether it is the final one."""
    words, totals = get_labels(document.language), document.totals
    rows = [("sum_net", totals.net, False), ("sum_vat", totals.vat, False), ("sum", totals.gross, True)]
    return [(words[name], format_money(amount, language=document.language), last) for name, amount, last in rows]


def derive_vat_note(document: InvoiceDocument) -> str:
    """Whether the lines' amounts include VAT, in one sentence."""
    kinds = {line.vat_included for line in document.lines}
    name = "mixed_vat" if len(kinds) > 1 else "with_vat" if kinds == {True} else "without_vat"
    return get_labels(document.language)[name]


def derive_note(line: DocumentLine, language: str) -> str:
    """The small print under a line: its period, and that it was calculated where that is so."""
    period = format_period(line.start, line.stop, language=language) if line.start and line.stop else ""
    note = get_labels(language)["stipulated"] if line.is_estimated else ""
    return " · ".join(part for part in (period, note) if part)
