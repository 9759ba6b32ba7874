# SPDX-License-Identifier: Apache-2.0
"""Removing what the law says must be kept no longer: invoices, payments, runs, documents, ended accounts (rules §8.3).

Nothing goes that is still owed, still to be paid back, or tied to something that stays.  Each portion is a transaction
with its row in the audit log; killed in between, the next call goes on.
"""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from avlest.registry.access import make_system_actor
from avlest.registry.rights import Actor
from avlest.registry.services.audit import Change, record
from avlest.settlement.models import (
    Account,
    AccuracyClaim,
    AdvanceLevel,
    Agreement,
    ArchivedDocument,
    Discretion,
    EarlierLine,
    Expected,
    Invoice,
    InvoiceLine,
    OpenItem,
    Payment,
    PaymentFile,
    Refund,
    Reminder,
    Removal,
    Run,
    RunException,
    RunPart,
    ServiceOrder,
)

_PORTION = 2_000
_OPEN_REFUNDS = (Refund.State.LISTED, Refund.State.APPROVED)


@dataclasses.dataclass(frozen=True, slots=True)
class Removed:
    """How much was removed, by what it is."""

    invoices: int = 0
    payments: int = 0
    runs: int = 0
    documents: int = 0
    accounts: int = 0

    def __add__(self, other: Removed) -> Removed:
        """Both together."""
        return Removed(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))

    def describe(self) -> str:
        """One line for the log and the page of jobs."""
        return ", ".join(f"{count} {name}" for name, count in dataclasses.asdict(self).items()) + " removed"


@cache
def _get_rules() -> list[dict[str, Any]]:
    text = files("avlest.settlement").joinpath("data/retention.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["keep"]
    return rows


def get_first_kept(what: str, *, today: date) -> date:
    """Return the first day of what is kept: things of earlier years may go.  Raises `LookupError` without a rule."""
    for row in _get_rules():
        if row["what"] == what and row.get("valid_from", date.min) <= today < row.get("valid_to", date.max):
            return date(today.year - int(row["years"]), 1, 1)
    raise LookupError(f"no rule says how long {what} is kept on {today}")


def do_remove_expired(organisation_id: int, *, today: date, now: datetime) -> Removed:
    """Remove what is past its time of keeping in one organisation; return how much."""
    actor = make_system_actor(organisation_id, name="retention")
    first = get_first_kept("accounting", today=today)
    unknown = get_first_kept("unknown payments", today=today)
    paths: set[str] = set()
    invoices = 0
    while portion := _find_invoices(organisation_id, first):
        paths |= _remove_invoices(actor, portion, first, now)
        invoices += len(portion)
    payments = _remove_payments(actor, _find_cleared(organisation_id, first), first, now)
    payments += _remove_payments(actor, _find_unknown(organisation_id, unknown), unknown, now)
    runs = _remove_runs(actor, first, now)
    accounts = _remove_accounts(actor, get_first_kept("accounts", today=today), now)
    documents = _remove_files(paths)
    return Removed(invoices, payments, runs, documents, accounts)


def _find_invoices(organisation_id: int, first: date) -> list[int]:
    """Invoices that may go: of years that are kept no longer, nothing owed, and so is what corrects them."""
    owed = OpenItem.objects.filter(invoice=OuterRef("pk")).exclude(rest=0)
    refunds = Refund.objects.filter(state__in=_OPEN_REFUNDS)
    due_back = refunds.filter(Q(item__invoice=OuterRef("pk")) | Q(payment__item__invoice=OuterRef("pk")))
    # Corrections go first, and with them what they corrected; a chain that is not over stays whole.
    later = Invoice.objects.filter(corrects=OuterRef("pk"))
    rows = Invoice.objects.of(organisation_id).filter(issued_on__lt=first)
    rows = rows.filter(~Exists(owed), ~Exists(due_back), ~Exists(later))
    return list(rows.order_by("pk").values_list("pk", flat=True)[:_PORTION])


@transaction.atomic
def _remove_invoices(actor: Actor, portion: list[int], first: date, now: datetime) -> set[str]:
    """Remove invoices with everything that hangs on them; return the places of their documents."""
    items = OpenItem.objects.filter(invoice__in=portion)
    payments = Payment.objects.filter(item__in=items)
    documents = ArchivedDocument.objects.filter(invoice__in=portion)
    paths = set(documents.values_list("path", flat=True))
    span = Invoice.objects.filter(pk__in=portion).aggregate(low=models.Min("number"), high=models.Max("number"))
    with _Opened(actor, {"invoices": len(portion), **span, "before": first.isoformat()}, now):
        for rows in (
            Refund.objects.filter(Q(item__in=items) | Q(payment__in=payments)), payments,
            Reminder.objects.filter(item__in=items), documents, items,
            ServiceOrder.objects.filter(invoice__in=portion), AccuracyClaim.objects.filter(invoice__in=portion),
            InvoiceLine.objects.filter(invoice__in=portion), Invoice.objects.filter(pk__in=portion),
        ):  # fmt: skip
            _delete(rows)
    return paths


class _Opened:
    """The door of the database for removals: open within a transaction, with its row in the audit log."""

    def __init__(self, actor: Actor, what: dict[str, Any], now: datetime) -> None:
        self._actor, self._what, self._now = actor, what, now

    def __enter__(self) -> None:
        self._row = Removal.objects.create(opened_at=self._now)

    def __exit__(self, *_error: object) -> None:
        record(self._actor, Change("remove expired", self._row, self._what, None), now=self._now)
        self._row.delete()


def _delete(rows: QuerySet[Any]) -> None:
    """Delete in the database itself: an immutable row's own `delete` refuses, and the order is ours."""
    rows._raw_delete(rows.db)


def _find_cleared(organisation_id: int, first: date) -> QuerySet[Payment]:
    """Payments that were dealt with and belong to no invoice any more."""
    return Payment.objects.of(organisation_id).filter(
        booked_on__lt=first, item__isnull=True, state=Payment.State.CLEARED
    )


def _find_unknown(organisation_id: int, first: date) -> QuerySet[Payment]:
    """Payments that nobody found an invoice for: they stand on the work list until they go."""
    return Payment.objects.of(organisation_id).filter(
        booked_on__lt=first, item__isnull=True, state=Payment.State.UNKNOWN
    )


@transaction.atomic
def _remove_payments(actor: Actor, rows: QuerySet[Payment], first: date, now: datetime) -> int:
    """Remove payments that are not to be paid back, and files that hold none; return how many payments."""
    own = actor.organisation_id
    rows = rows.filter(~Exists(Refund.objects.filter(payment=OuterRef("pk"), state__in=_OPEN_REFUNDS)))
    numbers = list(rows.values_list("pk", flat=True))
    others = Payment.objects.filter(file=OuterRef("pk")).exclude(pk__in=numbers)
    held = PaymentFile.objects.of(own).filter(~Exists(others), received_at__date__lt=first)
    gone = list(held.values_list("pk", flat=True))
    if not numbers and not gone:
        return 0
    with _Opened(actor, {"payments": len(numbers), "files": len(gone), "before": first.isoformat()}, now):
        _delete(Refund.objects.filter(payment__in=numbers))
        _delete(Payment.objects.filter(pk__in=numbers))
        _delete(PaymentFile.objects.filter(pk__in=gone))
    return len(numbers)


@transaction.atomic
def _remove_runs(actor: Actor, first: date, now: datetime) -> int:
    """Runs of which no invoice is left, with what they used."""
    rows = Run.objects.of(actor.organisation_id).filter(invoice_on__lt=first)
    numbers = list(rows.filter(~Exists(Invoice.objects.filter(run=OuterRef("pk")))).values_list("pk", flat=True))
    if not numbers:
        return 0
    with _Opened(actor, {"runs": len(numbers), "before": first.isoformat()}, now):
        for model in (RunPart, RunException):
            _delete(model.objects.filter(run__in=numbers))
        _delete(Run.objects.filter(pk__in=numbers))
    return len(numbers)


@transaction.atomic
def _remove_accounts(actor: Actor, first: date, now: datetime) -> int:
    """Accounts that ended and of which no document is left; what an earlier system invoiced goes with its year."""
    own = actor.organisation_id
    ended = Account.objects.of(own).filter(closed_on__lte=first)
    numbers = list(ended.filter(~Exists(Invoice.objects.filter(account=OuterRef("pk")))).values_list("pk", flat=True))
    old = EarlierLine.objects.of(own).filter(stop__lte=first)
    if not numbers and not old.exists():
        return 0
    with _Opened(actor, {"accounts": len(numbers), "before": first.isoformat()}, now):
        _delete(old)
        for model in _OF_ACCOUNT:
            _delete(model.objects.filter(account__in=numbers))
        _delete(Account.objects.filter(pk__in=numbers))
    return len(numbers)


_OF_ACCOUNT: tuple[Any, ...] = (
    EarlierLine, Agreement, AdvanceLevel, Discretion, ServiceOrder, AccuracyClaim, Expected, Refund, RunException,
)  # fmt: skip


def _remove_files(paths: set[str]) -> int:
    """Remove the files that no document names any more: equal documents share one."""
    kept = set(ArchivedDocument.objects.filter(path__in=paths).values_list("path", flat=True))
    for path in paths - kept:
        (Path(settings.MEDIA_ROOT) / path).unlink(missing_ok=True)
    return len(paths - kept)
