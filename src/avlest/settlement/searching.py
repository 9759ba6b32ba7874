# SPDX-License-Identifier: Apache-2.0
"""Finding invoices, payments and accounts among very many: some rows and how many there are in all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement import queries
from avlest.settlement.infos import AccountInfo, InvoiceInfo, PaymentInfo
from avlest.settlement.models import Account, Invoice, OpenItem, Payment

INVOICE_STATES = ("", "open", "overdue", "paid", "credit")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Which invoices: `search` in number, KID, customer number, name and address; `state` one of `INVOICE_STATES`."""

    search: str = ""
    state: str = ""
    run_id: int | None = None
    account_id: int | None = None


def access_found_invoices(
    actor: Actor, wanted: InvoiceFilter, *, today: date, offset: int = 0, limit: int = 50
) -> tuple[list[InvoiceInfo], int]:
    """Return some invoices and credit notes, newest first, and how many fit."""
    actor.require(Right.VIEW_SETTLEMENT)
    rows = Invoice.objects.of(actor.organisation_id).filter(_to_condition(wanted, today))
    keys = list(rows.order_by("-issued_on", "-pk").values_list("pk", flat=True)[offset : offset + limit])
    # One query for the rows with their items; the order is that of the keys.
    found = {row.pk: row for row in Invoice.objects.select_related("item").filter(pk__in=keys)}
    return [queries._to_invoice(found[key]) for key in keys], rows.count()


def _to_condition(wanted: InvoiceFilter, today: date) -> Q:
    condition = _to_state(wanted.state, today)
    if wanted.run_id is not None:
        condition &= Q(run_id=wanted.run_id)
    if wanted.account_id is not None:
        condition &= Q(account_id=wanted.account_id)
    text = wanted.search
    if text:
        fits = Q(account__party__name__icontains=text) | Q(account__property__address__icontains=text) | Q(kid=text)
        if text.isascii() and text.isdigit() and len(text) < 10:
            fits |= Q(number=int(text)) | Q(account__number=int(text))
        condition &= fits
    return condition


def _to_state(state: str, today: date) -> Q:
    if state == "open":
        return Q(item__rest__gt=0)
    if state == "overdue":
        return Q(item__rest__gt=0, item__due_on__lt=today)
    if state == "paid":
        return Q(item__rest=0)
    return Q(kind="credit_note") if state == "credit" else Q()


def access_open_items_like(actor: Actor, search: str, *, limit: int = 20) -> list[tuple[OpenItem, AccountInfo]]:
    """Return items with a rest to pay that fit a search, each with its account: what a payment may belong to."""
    actor.require(Right.MANAGE_PAYMENTS)
    rows = OpenItem.objects.of(actor.organisation_id).filter(rest__gt=0).select_related("invoice")
    text = search.strip()
    fits = Q(account__party__name__icontains=text) | Q(account__property__address__icontains=text)
    fits |= Q(kid__startswith=text)
    if text.isascii() and text.isdigit() and len(text) < 10:
        fits |= Q(invoice__number=int(text)) | Q(account__number=int(text))
    found = list(rows.filter(fits).order_by("due_on", "pk")[:limit]) if text else []
    accounts = {one.id: one for one in queries.get_accounts(account_ids=[row.account_id for row in found])}
    return [(row, accounts[row.account_id]) for row in found]


def access_found_payments(
    actor: Actor, *, states: Sequence[str], search: str = "", offset: int = 0, limit: int = 50
) -> tuple[list[PaymentInfo], int]:
    """Return some payments, newest first, and how many fit; `search` in KID, reference and payer."""
    actor.require(Right.MANAGE_PAYMENTS)
    rows: QuerySet[Payment, Any] = Payment.objects.of(actor.organisation_id).filter(state__in=list(states))
    if search:
        rows = rows.filter(Q(kid__startswith=search) | Q(reference__icontains=search) | Q(payer__icontains=search))
    page = rows.select_related("item").order_by("-booked_on", "-pk")[offset : offset + limit]
    return [_to_payment(row) for row in page], rows.count()


def access_payment(actor: Actor, payment_id: int) -> PaymentInfo:
    """Return one payment."""
    row = access_row(Payment, actor, payment_id, right=Right.MANAGE_PAYMENTS)
    return _to_payment(row)


def _to_payment(row: Payment) -> PaymentInfo:
    return PaymentInfo(
        id=row.pk, reference=row.reference, booked_on=row.booked_on, amount=row.amount, kid=row.kid, payer=row.payer,
        invoice_id=row.item.invoice_id if row.item else None, used=row.used, state=row.state, note=row.note,
    )  # fmt: skip


def access_found_accounts(
    actor: Actor, *, search: str = "", closed: bool | None = None, offset: int = 0, limit: int = 50
) -> tuple[list[AccountInfo], int]:
    """Return some accounts by number and how many fit; `search` in number, name and address."""
    actor.require(Right.VIEW_SETTLEMENT)
    rows = Account.objects.of(actor.organisation_id)
    if closed is not None:
        rows = rows.filter(closed_on__isnull=not closed)
    if search:
        text = Q(party__name__icontains=search) | Q(property__address__icontains=search)
        is_number = search.isascii() and search.isdigit() and len(search) < 10
        rows = rows.filter(text | Q(number=int(search)) if is_number else text)
    rows = rows.order_by(F("closed_on").desc(nulls_first=True), "number") if closed else rows.order_by("number")
    keys = list(rows.values_list("pk", flat=True)[offset : offset + limit])
    found = {one.id: one for one in queries.get_accounts(account_ids=keys, limit=limit)}
    return [found[key] for key in keys], rows.count()
