# SPDX-License-Identifier: Apache-2.0
"""An invoice as PDF: tagged (PDF/UA-1) and made to last (PDF/A-3a), with its EHF inside where there is one.

The page is the Typst template `invoice.typ`; all text reaches it written out, so that it calculates nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from importlib.resources import files
from typing import Any, Final, Literal

import typst

from avlest.settlement.documents.contracts import Address, Bar, DocumentKind, DocumentLine, InvoiceDocument, UseChart
from avlest.settlement.documents.words import (
    derive_head,
    derive_note,
    derive_sums,
    derive_title,
    derive_vat_note,
    get_labels,
    write_account,
    write_moment,
    write_organisation_number,
    write_price,
    write_quantity,
    write_rate,
)
from avlest.wording import format_date, format_money, format_number, format_period, format_quantity

STANDARDS: Final[list[Literal["a-3a", "ua-1"]]] = ["a-3a", "ua-1"]
_REGIONS: Final = {"nb": "NO", "nn": "NO", "en": "GB"}


class PdfError(RuntimeError):
    """The document could not be set; the text holds what the typesetter said."""


class PdfWriter:
    """Writes invoices; keeps the typesetter with its fonts, so make one and use it for many, in one thread."""

    def __init__(self) -> None:
        self._template = files("avlest.settlement.documents").joinpath("invoice.typ").read_bytes()
        self._compiler = typst.Compiler(ignore_system_fonts=True)

    def write(self, document: InvoiceDocument, *, ehf: bytes = b"") -> bytes:
        """The PDF of one document, with its EHF inside when given; the same input gives the same bytes.

        Raises `PdfError` where the typesetter refuses, naming the document.
        """
        data = json.dumps(derive_page(document), ensure_ascii=False)
        made = datetime(document.issued_on.year, document.issued_on.month, document.issued_on.day, 12, tzinfo=UTC)
        try:
            found = self._compiler.compile(
                self._template,
                sys_inputs={"data": data, "ehf": ehf.decode()},
                format="pdf",
                pdf_standards=list(STANDARDS),
                timestamp=made,
            )
        except typst.TypstError as error:
            raise PdfError(f"{derive_title(document)}: {error.message}") from error
        assert isinstance(found, bytes)
        return found


def derive_page(document: InvoiceDocument) -> dict[str, Any]:
    """Everything the template shows, as text in the language of the document."""
    language = document.language
    day = document.issued_on
    return {
        "title": derive_title(document),
        "date": [day.year, day.month, day.day],
        "lang": language,
        "region": _REGIONS[language],
        "words": dict(get_labels(language)),
        "seller": _derive_seller(document),
        "buyer": {"lines": [document.buyer.name, *_write_address(document.buyer.address)]},
        "head": derive_head(document),
        "pay": _derive_payment(document),
        "lines": [_derive_line(line, document) for line in document.lines],
        "vat_note": derive_vat_note(document),
        "sums": derive_sums(document),
        "vat": _derive_vat(document),
        "messages": list(document.messages),
        "charts": [_derive_chart(chart, language) for chart in document.charts if chart.bars],
        "details": [_derive_details(line, language) for line in document.lines if line.sentences],
    }


def _write_address(address: Address) -> list[str]:
    town = f"{address.postal_code} {address.city}".strip()
    return [part for part in (address.street, town) if part]


def _derive_seller(document: InvoiceDocument) -> dict[str, Any]:
    seller = document.seller
    number = write_organisation_number(seller, document.language)
    contact = [part for part in (seller.website, seller.email, seller.phone) if part]
    return {
        "name": seller.name,
        "lines": [*_write_address(seller.address), number],
        "footer": " · ".join([seller.name, number, *contact]),
    }


def _derive_payment(document: InvoiceDocument) -> dict[str, Any]:
    words, language, total = get_labels(document.language), document.language, document.totals.gross
    if total <= 0 or document.kind is DocumentKind.CREDIT_NOTE:
        return {
            "label": words["to_receive"], "by": "", "amount": format_money(abs(total), language=language),
            "heading": words["to_receive"], "rows": [], "text": words["no_payment"],
        }  # fmt: skip
    due = format_date(document.due_on, language=language)
    rows = [
        ("to_pay", format_money(total, language=language)),
        ("due", due),
        ("account", write_account(document.seller.account)),
        ("kid", document.kid),
    ]
    return {
        "label": words["to_pay"], "by": f"{words['due']} {due}", "amount": format_money(total, language=language),
        "heading": words["how_to_pay"], "rows": [(words[name], value) for name, value in rows if value], "text": "",
    }  # fmt: skip


def _derive_line(line: DocumentLine, document: InvoiceDocument) -> dict[str, str]:
    language = document.language
    is_mixed = len({other.vat_included for other in document.lines}) > 1
    return {
        "text": line.text + (" *" if is_mixed and not line.vat_included else ""),
        "note": derive_note(line, language),
        "quantity": write_quantity(line, language),
        "price": write_price(line, language),
        "amount": format_money(line.amount, language=language),
    }


def _derive_vat(document: InvoiceDocument) -> list[list[str]]:
    language = document.language
    return [
        [
            write_rate(rate.rate, language),
            format_money(rate.base, language=language),
            format_money(rate.vat, language=language),
        ]
        for rate in document.totals.rates
    ]


def _derive_details(line: DocumentLine, language: str) -> dict[str, Any]:
    return {
        "text": line.text,
        "amount": format_money(line.amount, language=language),
        "sentences": list(line.sentences),
        "readings": [
            [
                reading.meter,
                write_moment(reading.at, language),
                format_number(Fraction(reading.value, 1000), language=language, decimals=3),
                ", ".join(part for part in (reading.quality, reading.source, reading.note) if part),
            ]
            for reading in line.readings
        ],
    }


def _derive_chart(chart: UseChart, language: str) -> dict[str, Any]:
    highest = max([*_values(chart.bars), 1])
    rows = [_derive_row(bar, chart.unit, language) for bar in chart.bars]
    return {
        "title": chart.title,
        "sentence": chart.sentence,
        "alt": "; ".join([chart.title, *(f"{row[0]}: {row[1]}" for row in rows)]),
        "rows": rows,
        "bars": [
            {
                "height": max(bar.value or 0, 0) / highest,
                "earlier": max(bar.earlier or 0, 0) / highest,
                "gap": bar.value is None,
                "estimated": bar.is_estimated,
            }
            for bar in chart.bars
        ],
    }


def _values(bars: Sequence[Bar]) -> list[int]:
    return [value for bar in bars for value in (bar.value, bar.earlier) if value is not None]


def _derive_row(bar: Bar, unit: str, language: str) -> list[str]:
    words = get_labels(language)
    value = words["missing"] if bar.value is None else format_quantity(bar.value, unit, language=language)
    mark = f" ({words['estimated']})" if bar.is_estimated and bar.value is not None else ""
    period = format_period(bar.start, bar.stop, language=language)
    return [period, value + mark, format_quantity(bar.earlier, unit, language=language)]
