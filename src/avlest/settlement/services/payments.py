# SPDX-License-Identifier: Apache-2.0
"""Payments from the bank's files: each comes in once, finds its open item by KID, or goes to the work list."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, record, refuse_collisions, save_changed, save_new, snapshot
from avlest.registry.services.bulk import insert_rows, update_rows
from avlest.settlement.models import OpenItem, Payment, PaymentFile
from avlest.settlement.payments.camt import parse_camt054
from avlest.settlement.payments.kid import KidMethod
from avlest.settlement.payments.model import FileProblem, IncomingPayment, PaymentFileContent
from avlest.settlement.payments.ocr_giro import parse_ocr
from avlest.settlement.services.ledger import set_rest
from avlest.settlement.settings import get_options

_STATE = Payment.State
_AT_ONCE = 900


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReport:
    """What a file did: payments taken in by state, those known before, and what was wrong in it."""

    file_id: int | None
    format: str
    states: dict[str, int]
    repeated: int
    total: int
    problems: tuple[FileProblem, ...]
    applied: bool


def parse_payment_file(content: bytes, *, methods: Sequence[KidMethod] = tuple(KidMethod)) -> PaymentFileContent:
    """Return the payments of an OCR giro or camt.054 file, told apart by its first bytes.

    Raises `PaymentFileError` where it is neither.
    """
    begins = content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    return parse_camt054(content, methods=methods) if begins == b"<" else parse_ocr(content, methods=methods)


@transaction.atomic
def do_import_payments(
    actor: Actor, content: bytes, *, filename: str, now: datetime, skip_bad: bool = False, preview: bool = False
) -> PaymentReport:
    """Take in a bank file; the same file, or the same payment in another file, changes nothing the second time.

    A file in which something is wrong (a sum, a count, a KID with a wrong check digit) is refused as a whole, with the
    places, unless `skip_bad` says to take in the payments that are good.
    """
    actor.require(Right.MANAGE_PAYMENTS)
    method = KidMethod(get_options(actor.organisation_id).values["kid"]["method"])
    found = parse_payment_file(content, methods=(method,))
    refused = bool(found.problems) and not skip_bad
    if preview or refused:
        return PaymentReport(
            file_id=None, format=found.format, states={}, repeated=0, total=sum(p.amount for p in found.payments),
            problems=found.problems, applied=False,
        )  # fmt: skip
    file, known = _keep_file(actor, content, found, filename, now)
    references = _get_known(actor, [payment.reference for payment in found.payments])
    fresh: dict[str, IncomingPayment] = {}
    for given in () if known else found.payments:
        if given.reference not in references:
            fresh.setdefault(given.reference, given)
    payments = _take_all(actor, file, list(fresh.values()), now)
    states = dict(Counter(str(payment.state) for payment in payments))
    repeated = len(found.payments) - len(payments)
    return PaymentReport(
        file_id=file.pk, format=found.format, states=states, repeated=repeated, total=file.total,
        problems=found.problems, applied=True,
    )  # fmt: skip


def _keep_file(
    actor: Actor, content: bytes, found: PaymentFileContent, filename: str, now: datetime
) -> tuple[PaymentFile, bool]:
    digest = hashlib.sha256(content).hexdigest()
    known = PaymentFile.objects.of(actor.organisation_id).filter(sha256=digest).first()
    if known is not None:
        return known, True
    file = PaymentFile(
        organisation_id=actor.organisation_id, name=filename[:200], format=found.format, sha256=digest,
        received_at=now, received_by=actor.name, payments=len(found.payments),
        total=sum(payment.amount for payment in found.payments),
    )  # fmt: skip
    save_new(actor, file, now=now)
    return file, False


def _get_known(actor: Actor, references: Sequence[str]) -> set[str]:
    rows = Payment.objects.of(actor.organisation_id)
    found: set[str] = set()
    for at in range(0, len(references), _AT_ONCE):
        some = [reference[:80] for reference in references[at : at + _AT_ONCE]]
        found |= set(rows.filter(reference__in=some).values_list("reference", flat=True))
    return found


def _take_all(actor: Actor, file: PaymentFile, given: Sequence[IncomingPayment], now: datetime) -> list[Payment]:
    """Keep payments and use each on its item, in few statements however many they are; return them."""
    items = _get_items(actor, {one.kid for one in given if one.kid and one.amount > 0})
    before = {item.pk: snapshot(item) for item in items.values()}
    payments = []
    for one in given:
        payment = _make_payment(actor, file, one)
        item = items.get(one.kid) if one.amount > 0 else None
        if item is not None and _use(payment, item):
            item.settled_at = now if item.rest == 0 else None
        payments.append(payment)
    paid = [item for item in items.values() if snapshot(item) != before[item.pk]]
    with refuse_collisions(str(file)):
        insert_rows(Payment, payments)
        update_rows(OpenItem, paid, ("rest", "settled_at"))
    made = (Change("create", payment, None, snapshot(payment)) for payment in payments)
    record(actor, *made, *(Change("pay", item, before[item.pk], snapshot(item)) for item in paid), now=now)
    return payments


def _make_payment(actor: Actor, file: PaymentFile, given: IncomingPayment) -> Payment:
    if given.amount == 0:
        raise RegistryError(Problem.BAD_FILE, f"{given.place or given.reference}: an amount other than 0 is expected")
    note = given.text or given.place
    return Payment(
        organisation_id=actor.organisation_id, file=file, reference=given.reference[:80], booked_on=given.booked_on,
        amount=given.amount, kid=given.kid[:25], payer=given.payer[:200], state=_STATE.UNKNOWN,
        note=(note if given.amount > 0 else f"a return: {note}")[:500],
    )  # fmt: skip


def _get_items(actor: Actor, kids: AbstractSet[str]) -> dict[str, OpenItem]:
    """The invoices that KIDs name, held until the transaction ends; a KID is digits as text."""
    wanted = sorted(kids)
    rows = OpenItem.objects.of(actor.organisation_id).select_for_update().filter(amount__gt=0)
    found = {}
    for at in range(0, len(wanted), _AT_ONCE):
        for item in rows.filter(kid__in=wanted[at : at + _AT_ONCE]).select_related("invoice"):
            found[item.kid] = item
    return found


def _use(payment: Payment, item: OpenItem) -> int:
    """Use a payment on an item, as far as it reaches; return the øre used."""
    before = item.rest
    payment.item, payment.used = item, min(payment.amount, before)
    if before == 0:
        payment.state = _STATE.DOUBLE
    elif payment.amount > before:
        payment.state = _STATE.OVER
    else:
        payment.state = _STATE.MATCHED if payment.amount == before else _STATE.PARTIAL
    item.rest = before - payment.used
    return int(payment.used)


@transaction.atomic
def do_match_payment(actor: Actor, payment_id: int, invoice_item_id: int, *, now: datetime) -> str:
    """Use a payment of the work list on an invoice that a person found; return its new state."""
    payment = access_row(Payment, actor, payment_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    item = access_row(OpenItem, actor, invoice_item_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    if payment.state != _STATE.UNKNOWN or payment.amount <= 0:
        raise RegistryError(
            Problem.ENDED, f"payment {payment.reference} is {payment.state}: only an unknown one is matched"
        )
    left = item.rest - _use(payment, item)
    item.refresh_from_db()
    if payment.used:
        set_rest(actor, item, left, now=now, action="pay")
    values = {"item": item, "used": payment.used, "state": payment.state}
    payment.refresh_from_db()
    save_changed(actor, payment, values, now=now, action="match")
    return str(payment.state)


@transaction.atomic
def do_clear_payment(actor: Actor, payment_id: int, *, note: str, now: datetime) -> None:
    """Take a payment off the work list: somebody dealt with it, and says how."""
    payment = access_row(Payment, actor, payment_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    if not note.strip():
        raise RegistryError(Problem.INVALID, "note: say what was done with the payment")
    values = {"state": _STATE.CLEARED, "note": note.strip()[:500]}
    save_changed(actor, payment, values, now=now, action="clear")
