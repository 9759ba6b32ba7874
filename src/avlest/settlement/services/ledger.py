# SPDX-License-Identifier: Apache-2.0
"""Open items: paid, set off, paid back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new
from avlest.settlement.models import OpenItem, Payment, Refund
from avlest.settlement.services.people import check_other_person

_STATE = Refund.State


def set_rest(actor: Actor, item: OpenItem, rest: int, *, now: datetime, action: str) -> None:
    """Set what is left of an open item, with its audit row."""
    save_changed(actor, item, {"rest": rest, "settled_at": now if rest == 0 else None}, now=now, action=action)


def set_off(actor: Actor, plus: OpenItem, minus: OpenItem, *, now: datetime) -> int:
    """Let what is owed to a customer pay what the customer owes, as far as both reach; return the øre."""
    amount = min(plus.rest, -minus.rest)
    if amount <= 0:
        return 0
    set_rest(actor, plus, plus.rest - amount, now=now, action="set off")
    set_rest(actor, minus, minus.rest + amount, now=now, action="set off")
    return amount


@transaction.atomic
def do_set_off(actor: Actor, credit_item_id: int, item_id: int, *, now: datetime) -> int:
    """Set a credit note's rest off against an invoice of the same account; return the øre."""
    minus = access_row(OpenItem, actor, credit_item_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    plus = access_row(OpenItem, actor, item_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    if plus.account_id != minus.account_id:
        raise RegistryError(Problem.INVALID, "the two belong to different customers")
    return set_off(actor, plus, minus, now=now)


@transaction.atomic
def do_list_refunds(actor: Actor, *, now: datetime) -> int:
    """Put every credit note with a rest, and every overpaid or doubly paid amount, on the refund list; return how many.

    Run again it adds only what is new.
    """
    actor.require(Right.MANAGE_PAYMENTS)
    items = OpenItem.objects.of(actor.organisation_id).filter(rest__lt=0, refund__isnull=True)
    states = (Payment.State.OVER, Payment.State.DOUBLE)
    payments = Payment.objects.of(actor.organisation_id).filter(state__in=states, refund__isnull=True)
    rows = [
        Refund(
            organisation_id=actor.organisation_id, account_id=item.account_id, item=item, amount=-item.rest,
            reason="credit note", listed_at=now, listed_by=actor.name,
        )
        for item in items
    ]  # fmt: skip
    rows += [
        Refund(
            organisation_id=actor.organisation_id, account_id=payment.item.account_id if payment.item else None,
            payment=payment, amount=payment.amount - payment.used, reason=payment.get_state_display(), listed_at=now,
            listed_by=actor.name,
        )
        for payment in payments.select_related("item")
    ]  # fmt: skip
    for row in rows:
        save_new(actor, row, now=now)
    return len(rows)


@transaction.atomic
def do_approve_refund(actor: Actor, refund_id: int, *, now: datetime) -> None:
    """Approve a refund that another person listed."""
    row = access_row(Refund, actor, refund_id, right=Right.APPROVE_SETTLEMENT, for_update=True)
    if row.state != _STATE.LISTED:
        raise RegistryError(Problem.ENDED, f"refund {row.pk} is {row.state} already")
    check_other_person(actor, made_by=row.listed_by, made_by_user=None, what=f"refund {row.pk}")
    values = {"state": _STATE.APPROVED, "approved_at": now, "approved_by": actor.name}
    save_changed(actor, row, values, now=now, action="approve")


@transaction.atomic
def do_pay_refund(actor: Actor, refund_id: int, *, now: datetime) -> None:
    """Note that an approved refund was paid back: its credit note or payment is then settled."""
    row = access_row(Refund, actor, refund_id, right=Right.MANAGE_PAYMENTS, for_update=True)
    if row.state != _STATE.APPROVED:
        raise RegistryError(Problem.ENDED, f"refund {row.pk} is {row.state}: it is paid when it is approved")
    if row.item is not None:
        set_rest(actor, row.item, row.item.rest + row.amount, now=now, action="pay back")
    if row.payment is not None:
        values = {"used": row.payment.used + row.amount, "state": Payment.State.CLEARED}
        save_changed(actor, row.payment, values, now=now, action="pay back")
    save_changed(actor, row, {"state": _STATE.PAID}, now=now, action="pay back")
