# SPDX-License-Identifier: Apache-2.0
"""What settlement gives to other rooms: frozen values, never ORM rows.

Amounts are øre, quantities thousandths of the unit of their price (1 m³ = 1000), prices ten-thousandths of a krone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A settlement run; `state` is preview, approved, issuing, issued or dropped."""

    id: int
    organisation_id: int
    kind: str
    year: int
    month: int
    starts_on: date
    stops_on: date
    invoice_on: date
    due_on: date
    known_at: datetime
    state: str
    made_at: datetime
    made_by: str
    approved_at: datetime | None
    approved_by: str
    issued_at: datetime | None
    digest: str
    code_version: str
    accounts: int
    lines: int
    parts: int
    parts_issued: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KindSum:
    """Σ of one kind of line of one service: quantity where it has one, amount and VAT-free and gross parts in øre."""

    kind: str
    service: str
    lines: int
    quantity: int | None
    amount: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionInfo:
    """Something odd in a run: `code` and figures for programs, `sentence` (bokmål) for people."""

    id: int
    account_id: int | None
    account_number: int | None
    code: str
    severity: str
    sentence: str
    detail: Mapping[str, Any]
    accepted_by: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunControl:
    """The control sheet of a run: what is billed against what is measured, kroner per kind, exceptions by code."""

    run: RunInfo
    measured: int
    billed: int
    stipulated: int
    zone_inflow: int | None
    accounts: int
    blocked: int
    kinds: Sequence[KindSum]
    net: int
    vat: int
    total: int
    exceptions: Mapping[str, int]
    zones: Sequence[Mapping[str, Any]]
    billed_by_service: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceInfo:
    """An invoice or credit note; `rest` is what is still owed (negative: to be paid back)."""

    id: int
    organisation_id: int
    account_id: int
    kind: str
    number: int
    kid: str
    issued_on: date
    due_on: date
    settles_from: date | None
    settles_to: date | None
    net: int
    vat: int
    total: int
    rest: int
    run_id: int | None
    corrects_id: int | None
    recipient: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LineInfo:
    """One line of an invoice or of a previewed account; `explanation` opens it (None: not asked for)."""

    position: int
    term: int
    kind: str
    service: str
    code: str
    text: str
    unit: str
    start: date
    stop: date
    quantity: int | None
    value: int | None
    amount: int
    rate: int
    vat_included: bool
    quality: int | None
    explanation: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """What is owed on one invoice."""

    id: int
    invoice_id: int
    invoice_number: int
    account_id: int
    kid: str
    due_on: date
    amount: int
    rest: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInfo:
    """A payment; `state` is matched, partial, over, double, unknown or cleared."""

    id: int
    reference: str
    booked_on: date
    amount: int
    kid: str
    payer: str
    invoice_id: int | None
    used: int
    state: str
    note: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """A subscriber of a property."""

    id: int
    organisation_id: int
    number: int
    party_id: int
    party_name: str
    property_id: int
    address: str
    opened_on: date
    closed_on: date | None
    terms: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedInfo:
    """What the settlement would be today; `balance` øre, negative: to get back; `proposal` a new a konto or None."""

    account_id: int
    year: int
    through: date
    used: int
    projected: int
    advance: int
    balance: int
    proposal: int | None
    made_at: datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RefundInfo:
    """Money to pay back; `state` is listed, approved, paid or offset."""

    id: int
    account_id: int | None
    amount: int
    reason: str
    state: str
    listed_at: datetime
    listed_by: str
    approved_by: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReminderInfo:
    """An item on the reminders list."""

    id: int
    item_id: int
    invoice_id: int
    invoice_number: int
    account_id: int
    level: int
    listed_on: date
    due_on: date
    rest: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PriceListInfo:
    """A price list; `state` is draft, approved or withdrawn."""

    id: int
    name: str
    valid_from: date
    valid_to: date | None
    vat_included: bool
    source: str
    state: str
    made_by: str
    approved_by: str
    prices: int
