# SPDX-License-Identifier: Apache-2.0
"""One invoice or credit note with all that any form of it shows.  Amounts in øre."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from avlest.settlement.contracts import InvoiceTotals, ReadingUsed


class DocumentKind(StrEnum):
    """What is sent."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; `country` is the two letters of ISO 3166."""

    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "NO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sends.  `account` is the eleven digits of a Norwegian bank account, without separators."""

    name: str
    organisation_number: str
    address: Address
    account: str
    is_vat_registered: bool = True
    is_in_company_register: bool = False
    """Writes "Foretaksregisteret", as a limited company must (NO-R-002)."""
    email: str = ""
    phone: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who pays.  EHF needs `organisation_number`; a person gets paper or a digital mailbox."""

    name: str
    customer_number: str
    address: Address
    property_label: str = ""
    """What the fees are for: address and cadastral number of the property."""
    organisation_number: str = ""
    reference: str = ""
    """The buyer's own reference (BT-10); the customer number stands in where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line in the words of the invoice's language.

    `quantity` is thousandths of `unit` and `price` ten-thousandths of a krone; both None where the line is a share of
    a fee.  `amount` is gross where `vat_included`, else net; `net` sums to the base of its rate (`derive_nets`).
    """

    position: int
    text: str
    amount: int
    net: int
    rate: int
    vat_included: bool
    code: str = ""
    service: str = ""
    kind: str = ""
    start: date | None = None
    stop: date | None = None
    quantity: int | None = None
    unit: str = ""
    price: int | None = None
    is_estimated: bool = False
    sentences: tuple[str, ...] = ()
    """Why the amount is what it is, in reading order."""
    readings: tuple[ReadingUsed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The use of one interval; `value` None is a gap.  Values are thousandths of the chart's canonical unit."""

    start: date
    stop: date
    value: int | None
    earlier: int | None = None
    """The same interval a year before."""
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UseChart:
    """Bars of one series, and what they say in words."""

    title: str
    unit: str
    bars: tuple[Bar, ...]
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """An invoice or credit note; a credit note's amounts are negative, as they are in the ledger."""

    kind: DocumentKind
    number: str
    issued_on: date
    due_on: date
    start: date
    stop: date
    seller: Seller
    buyer: Buyer
    lines: tuple[DocumentLine, ...]
    totals: InvoiceTotals
    kid: str = ""
    language: str = "nb"
    corrects: str = ""
    """The number of the invoice that a credit note corrects."""
    corrects_on: date | None = None
    charts: tuple[UseChart, ...] = ()
    messages: tuple[str, ...] = ()
