# SPDX-License-Identifier: Apache-2.0
"""Invoices to write: worked example A of the rules, and one with everything that can be on one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

from avlest.settlement.contracts import InvoiceTotals, ReadingUsed, VatTotal
from avlest.settlement.documents.contracts import (
    Address,
    Bar,
    Buyer,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Seller,
    UseChart,
)

SELLER = Seller(
    name="Fjordvik kommune", organisation_number="974760673",
    address=Address(street="Rådhusveien 1", postal_code="9999", city="Fjordvik"),
    account="15030000010", email="post@fjordvik.example", website="fjordvik.example",
)  # fmt: skip
BUYER = Buyer(
    name="Kari Nordmann", customer_number="1000234",
    address=Address(street="Nausttunet 7", postal_code="9999", city="Fjordvik"),
    property_label="Nausttunet 7, 12/34",
)  # fmt: skip
COMPANY = replace(BUYER, name="Fjordvik Kafé AS", organisation_number="974760673", reference="Ansvar 4410")
YEAR, NEXT = (date(2025, 1, 1), date(2026, 1, 1)), (date(2026, 1, 1), date(2026, 4, 1))


def line(position, text, amount, net, quantity=None, price=None, unit="m3", period=YEAR, **more):
    return DocumentLine(
        position=position, text=text, amount=amount, net=net, rate=1500, vat_included=True, quantity=quantity,
        unit=unit if quantity is not None else "", price=price, start=period[0], stop=period[1], **more,
    )  # fmt: skip


READINGS = (
    ReadingUsed(meter="KAM 12345678", at=date(2025, 1, 1), value=1_000_000, quality="målt", source="radio"),
    ReadingUsed(meter="KAM 12345678", at=date(2026, 1, 1), value=1_150_000, quality="målt", source="radio"),
)
WHY = (
    "Målerstand 1 150,000 m³ 1. januar 2026 minus 1 000,000 m³ 1. januar 2025 = 150,000 m³.",
    "150,000 m³ × 45,27 kr = 6 790,50 kr.",
)
# Nets of worked example A (rules §1.6) at 15 %: each within an øre of its own, together 5 824.92.
LINES = (
    line(1, "Vann oppgjør måler", 679_050, 590_478, 150_000, 452_700, sentences=WHY, readings=READINGS),
    line(2, "Vann fradrag a konto", -633_780, -551_113, -140_000, 452_700),
    line(3, "Avløp oppgjør måler", 916_050, 796_565, 150_000, 610_700),
    line(4, "Avløp fradrag a konto", -854_980, -743_461, -140_000, 610_700, is_estimated=True),
    line(5, "Vann antatt forbruk, termin 1 av 4", 169_763, 147_620, period=NEXT),
    line(6, "Avløp antatt forbruk, termin 1 av 4", 229_013, 199_142, period=NEXT),
    line(7, "Vann årsgebyr, termin 1 av 4", 79_250, 68_913, period=NEXT),
    line(8, "Avløp årsgebyr, termin 1 av 4", 85_500, 74_348, period=NEXT),
)
TOTALS = InvoiceTotals(
    net=582_492, vat=87_374, gross=669_866, rates=(VatTotal(rate=1500, base=582_492, vat=87_374, gross=669_866),)
)
MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1)]
CHART = UseChart(
    title="Forbruk av vann i 2025", unit="l", sentence="Du brukte 7 % mer enn i 2024.",
    bars=tuple(
        Bar(start=start, stop=stop, value=None if start.month == 3 else (10 + start.month) * 1_000_000,
            earlier=11_000_000, is_estimated=start.month == 4)
        for start, stop in pairwise(MONTHS)
    ),
)  # fmt: skip
INVOICE = InvoiceDocument(
    kind=DocumentKind.INVOICE, number="1001", issued_on=date(2026, 3, 20), due_on=date(2026, 4, 20),
    start=date(2025, 1, 1), stop=date(2026, 4, 1), seller=SELLER, buyer=BUYER, lines=LINES, totals=TOTALS,
    kid="100023401001001", charts=(CHART,), messages=("Spørsmål? Ring oss på 00 00 00 00.",),
)  # fmt: skip


def negate(one: DocumentLine) -> DocumentLine:
    quantity = None if one.quantity is None else -one.quantity
    return replace(one, amount=-one.amount, net=-one.net, quantity=quantity)


CREDIT_NOTE = replace(
    INVOICE, kind=DocumentKind.CREDIT_NOTE, number="17", corrects="1001", corrects_on=date(2026, 3, 20), kid="",
    lines=tuple(negate(one) for one in LINES), charts=(),
    totals=InvoiceTotals(
        net=-582_492, vat=-87_374, gross=-669_866,
        rates=(VatTotal(rate=1500, base=-582_492, vat=-87_374, gross=-669_866),),
    ),
)  # fmt: skip
