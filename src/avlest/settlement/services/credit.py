# SPDX-License-Identifier: Apache-2.0
"""Credit notes: the only way an invoice that was sent is corrected."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from avlest.readings.calendar import derive_local_day
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_new
from avlest.settlement.models import AccuracyClaim, Invoice, InvoiceLine, OpenItem, ServiceOrder
from avlest.settlement.services.issue import make_kids, take_numbers
from avlest.settlement.services.ledger import set_off
from avlest.settlement.settings import get_options


@transaction.atomic
def do_credit_invoice(actor: Actor, invoice_id: int, *, reason: str, now: datetime) -> int:
    """Make the credit note of a whole invoice (or the invoice that takes back a credit note); return its number.

    Every line is taken back as it was.  What is still open of the two is set off against each other.  Afterwards a run
    of the kind `correction` settles the account's year anew.  Raises `RegistryError` where it was credited before, or
    is itself a correction.
    """
    invoice = access_row(Invoice, actor, invoice_id, right=Right.APPROVE_SETTLEMENT)
    _check(invoice, reason)
    today = derive_local_day(now)
    kinds = Invoice.Kind
    kind = kinds.CREDIT_NOTE if invoice.kind == kinds.INVOICE else kinds.INVOICE
    options = get_options(actor.organisation_id)
    number = take_numbers(actor.organisation_id, [kind.value])[0]
    days = int(options.number("settlement", "payment_days"))
    note = Invoice(
        organisation_id=actor.organisation_id, kind=kind, number=number, account_id=invoice.account_id,
        corrects=invoice, issued_on=today, due_on=today + timedelta(days=days),
        settles_from=invoice.settles_from, settles_to=invoice.settles_to, net=-invoice.net, vat=-invoice.vat,
        total=-invoice.total, recipient=invoice.recipient, reason=reason.strip(),
        kid=make_kids(options, [invoice.account.number], [number])[0] if kind == kinds.INVOICE else "",
        vat_lines=[[rate, -base, -vat, -gross] for rate, base, vat, gross in invoice.vat_lines],
    )  # fmt: skip
    save_new(actor, note, now=now, action="credit")
    _take_back(invoice, note)
    _free_orders(invoice)
    _settle_both(actor, invoice, note, now)
    return int(note.pk)


def _check(invoice: Invoice, reason: str) -> None:
    if not reason.strip():
        raise RegistryError(Problem.INVALID, "reason: say why the invoice is credited")
    if invoice.corrects_id is not None:
        raise RegistryError(Problem.INVALID, f"{invoice.kind} {invoice} is a correction itself")
    if Invoice.objects.of(invoice.organisation_id).filter(corrects=invoice).exists():
        raise RegistryError(Problem.ENDED, f"{invoice.kind} {invoice} was credited already")


def _take_back(invoice: Invoice, note: Invoice) -> None:
    for line in InvoiceLine.objects.of(invoice.organisation_id).filter(invoice=invoice).order_by("position"):
        line.pk, line.invoice, line.amount = None, note, -line.amount
        line.quantity = None if line.quantity is None else -line.quantity
        line._state.adding = True
        line.save(force_insert=True)


def _free_orders(invoice: Invoice) -> None:
    """What was ordered or claimed and is credited waits for the next run again."""
    for model in (ServiceOrder, AccuracyClaim):
        model.objects.filter(invoice=invoice).update(invoice=None)


def _settle_both(actor: Actor, invoice: Invoice, note: Invoice, now: datetime) -> None:
    """The note has an item of its own; the rests of the two go against each other."""
    item = OpenItem(
        organisation_id=note.organisation_id, invoice=note, account_id=note.account_id, kid=note.kid,
        due_on=note.due_on, amount=note.total, rest=note.total,
    )  # fmt: skip
    save_new(actor, item, now=now)
    first = OpenItem.objects.of(note.organisation_id).select_for_update().filter(invoice=invoice).first()
    if first is not None:
        plus, minus = (first, item) if first.rest > 0 else (item, first)
        set_off(actor, plus, minus, now=now)
