# SPDX-License-Identifier: Apache-2.0
"""Payments from the bank's files: each comes in once, finds its open item by KID, or goes to the work list."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new
from avlest.settlement.models import OpenItem, Payment, PaymentFile
from avlest.settlement.payments.camt import parse_camt054
from avlest.settlement.payments.kid import KidMethod
from avlest.settlement.payments.model import FileProblem, IncomingPayment, PaymentFileContent
from avlest.settlement.payments.ocr_giro import parse_ocr
from avlest.settlement.services.ledger import set_rest
from avlest.settlement.settings import get_options

_STATE = Payment.State


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
    states: dict[str, int] = {}
    repeated = 0
    for payment in found.payments:
        if known or payment.reference in references:
            repeated += 1
            continue
        references.add(payment.reference)
        state = _take(actor, file, payment, now)
        states[state] = states.get(state, 0) + 1
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
    for at in range(0, len(references), 900):
        some = [reference[:80] for reference in references[at : at + 900]]
        found |= set(rows.filter(reference__in=some).values_list("reference", flat=True))
    return found


def _take(actor: Actor, file: PaymentFile, given: IncomingPayment, now: datetime) -> str:
    """Keep one payment and use it on its item; return its state."""
    payment = Payment(
        organisation_id=actor.organisation_id, file=file, reference=given.reference[:80], booked_on=given.booked_on,
        amount=given.amount, kid=given.kid[:25], payer=given.payer[:200], state=_STATE.UNKNOWN,
        note=(given.text or given.place)[:500],
    )  # fmt: skip
    if given.amount <= 0:
        payment.note = f"a return: {payment.note}"[:500]
        save_new(actor, payment, now=now)
        return str(payment.state)
    item = _find_item(actor, given.kid)
    if item is not None:
        _use(actor, payment, item, now)
    save_new(actor, payment, now=now)
    return str(payment.state)


def _find_item(actor: Actor, kid: str) -> OpenItem | None:
    """The invoice a KID names; a KID is digits as text, and an empty one names nothing."""
    if not kid:
        return None
    return OpenItem.objects.of(actor.organisation_id).select_for_update().filter(kid=kid, amount__gt=0).first()


def _use(actor: Actor, payment: Payment, item: OpenItem, now: datetime) -> None:
    before = item.rest
    payment.item, payment.used = item, min(payment.amount, before)
    if before == 0:
        payment.state = _STATE.DOUBLE
    elif payment.amount > before:
        payment.state = _STATE.OVER
    else:
        payment.state = _STATE.MATCHED if payment.amount == before else _STATE.PARTIAL
    if payment.used:
        set_rest(actor, item, before - payment.used, now=now, action="pay")


@transaction.atomic
def do_match_payment(actor: Actor, payment_id: int, invoice_item_id: int, *, now: datetime) -> str:
    """Use a payment of the work list on an invoice that a person found; return its new state."""
    payment = access_row(Payment, actor, payment_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    item = access_row(OpenItem, actor, invoice_item_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    if payment.state != _STATE.UNKNOWN or payment.amount <= 0:
        raise RegistryError(
            Problem.ENDED, f"payment {payment.reference} is {payment.state}: only an unknown one is matched"
        )
    _use(actor, payment, item, now)
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
