# SPDX-License-Identifier: Apache-2.0
"""Settlement for people: by the right an actor has in the organisation, or by the accounts a party has.

A row of another organisation or another customer is refused in the same words as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.settlement import models, queries
from avlest.settlement.infos import (
    AccountInfo,
    ExceptionInfo,
    ExpectedInfo,
    InvoiceInfo,
    LineInfo,
    OpenItem,
    PaymentInfo,
    PriceListInfo,
    RefundInfo,
    ReminderInfo,
    RunControl,
    RunInfo,
)
from avlest.settlement.services.documents import do_archive_pdf, read_or_make_pdf

_VIEW = Right.VIEW_SETTLEMENT
T = TypeVar("T")


def access_runs(actor: Actor, *, limit: int = 50) -> list[RunInfo]:
    """Return the runs of the actor's organisation, newest first."""
    actor.require(_VIEW)
    return queries.get_runs(actor.organisation_id, limit=limit)


def access_run(actor: Actor, run_id: int) -> RunInfo:
    """Return one run."""
    access_row(models.Run, actor, run_id, right=_VIEW)
    return _found(queries.get_run(run_id), f"run {run_id}")


def access_run_control(actor: Actor, run_id: int) -> RunControl:
    """Return the control sheet of a run."""
    access_row(models.Run, actor, run_id, right=_VIEW)
    return _found(queries.get_run_control(run_id), f"run {run_id}")


def access_exceptions(
    actor: Actor, run_id: int, *, code: str = "", language: str = "nb", offset: int = 0, limit: int = 100
) -> list[ExceptionInfo]:
    """Return what is odd in a run."""
    access_row(models.Run, actor, run_id, right=_VIEW)
    return queries.get_exceptions(run_id, code=code, language=language, offset=offset, limit=limit)


def access_preview_lines(
    actor: Actor, run_id: int, account_id: int, *, language: str = "nb", store: Store | None = None
) -> list[LineInfo]:
    """Return the lines of an account in a run, each opened."""
    access_row(models.Run, actor, run_id, right=_VIEW)
    access_row(models.Account, actor, account_id, right=_VIEW)
    return queries.get_preview_lines(run_id, account_id, language=language, explain=True, store=store)


def access_accounts(actor: Actor, *, search: str = "", offset: int = 0, limit: int = 100) -> list[AccountInfo]:
    """Return accounts of the organisation."""
    actor.require(_VIEW)
    return queries.get_accounts(
        organisation_id=actor.organisation_id, search=search, offset=offset, limit=limit
    )  # fmt: skip


def access_account(actor: Actor, account_id: int) -> AccountInfo:
    """Return one account."""
    access_row(models.Account, actor, account_id, right=_VIEW)
    return queries.get_accounts(account_ids=[account_id])[0]


def access_invoices(
    actor: Actor, *, run_id: int | None = None, account_id: int | None = None, offset: int = 0, limit: int = 100
) -> list[InvoiceInfo]:
    """Return invoices and credit notes of the organisation, of a run or of an account."""
    actor.require(_VIEW)
    return queries.get_invoices(
        organisation_id=actor.organisation_id, run_id=run_id, offset=offset, limit=limit,
        account_ids=None if account_id is None else [account_id],
    )  # fmt: skip


def access_invoice(actor: Actor, invoice_id: int) -> InvoiceInfo:
    """Return one invoice or credit note."""
    access_row(models.Invoice, actor, invoice_id, right=_VIEW)
    return _found(queries.get_invoice(invoice_id), f"invoice {invoice_id}")


def access_lines(actor: Actor, invoice_id: int, *, language: str = "nb", store: Store | None = None) -> list[LineInfo]:
    """Return the lines of an invoice, each opened."""
    access_row(models.Invoice, actor, invoice_id, right=_VIEW)
    return queries.get_lines(invoice_id, language=language, explain=True, store=store)


def access_pdf(actor: Actor, invoice_id: int, *, store: Store | None, now: datetime, language: str = "") -> bytes:
    """Return the PDF of an invoice from the archive, made and kept when nobody asked before."""
    return do_archive_pdf(actor, invoice_id, store=store, now=now, language=language)


def access_open_items(actor: Actor, *, overdue_on: date | None = None) -> list[OpenItem]:
    """Return what is owed to the organisation, or by it."""
    actor.require(_VIEW)
    return queries.get_open_items(organisation_id=actor.organisation_id, overdue_on=overdue_on)


def access_payments(
    actor: Actor, *, states: Sequence[str] = queries.WORK_LIST, offset: int = 0, limit: int = 100
) -> list[PaymentInfo]:
    """Return the work list of payments, or payments in other states."""
    actor.require(Right.MANAGE_PAYMENTS)
    return queries.get_payments(actor.organisation_id, states=states, offset=offset, limit=limit)


def access_refunds(actor: Actor) -> list[RefundInfo]:
    """Return the refund list."""
    actor.require(Right.MANAGE_PAYMENTS)
    return queries.get_refunds(actor.organisation_id)


def access_reminders(actor: Actor) -> list[ReminderInfo]:
    """Return the reminders list."""
    actor.require(Right.MANAGE_PAYMENTS)
    return queries.get_reminders(actor.organisation_id)


def access_price_lists(actor: Actor) -> list[PriceListInfo]:
    """Return the price lists."""
    actor.require(_VIEW)
    return queries.get_price_lists(actor.organisation_id)


# --- a subscriber's own ------------------------------------------------------------------


def access_own_accounts(party_ids: Sequence[int]) -> list[AccountInfo]:
    """Return the accounts of a person's parties (`Party.user`): one per property and time of owning it."""
    return queries.get_accounts(account_ids=queries.get_account_ids(party_ids), limit=1000)


def access_own_invoices(party_ids: Sequence[int], *, offset: int = 0, limit: int = 100) -> list[InvoiceInfo]:
    """Return the invoices of a person's own accounts; never those of the owner before or after."""
    return queries.get_invoices(account_ids=queries.get_account_ids(party_ids), offset=offset, limit=limit)


def access_own_invoice(party_ids: Sequence[int], invoice_id: int) -> InvoiceInfo:
    """Return one of a person's own invoices; `AccessDeniedError` for any other."""
    found = queries.get_invoice(invoice_id)
    if found is None or found.account_id not in queries.get_account_ids(party_ids):
        raise AccessDeniedError(f"no invoice {invoice_id} of yours")
    return found


def access_own_lines(
    party_ids: Sequence[int], invoice_id: int, *, language: str = "nb", store: Store | None = None
) -> list[LineInfo]:
    """Return the lines of one of a person's own invoices, each opened.

    Readings shown are those at the ends of the person's own days: the value at take-over is the one both owners share.
    """
    access_own_invoice(party_ids, invoice_id)
    return queries.get_lines(invoice_id, language=language, explain=True, store=store)


def access_own_pdf(
    party_ids: Sequence[int], invoice_id: int, *, store: Store | None, now: datetime, language: str = ""
) -> bytes:
    """Return the PDF of one of a person's own invoices."""
    access_own_invoice(party_ids, invoice_id)
    return read_or_make_pdf(invoice_id, store=store, now=now, language=language)


def access_own_items(party_ids: Sequence[int]) -> list[OpenItem]:
    """Return what a person still owes, or gets back."""
    return queries.get_open_items(account_ids=queries.get_account_ids(party_ids))


def access_own_expected(party_ids: Sequence[int], year: int) -> Mapping[int, ExpectedInfo]:
    """Return the running settlement of a person's own accounts."""
    return queries.get_expected(queries.get_account_ids(party_ids), year)


def _found(value: T | None, what: str) -> T:
    if value is None:
        raise AccessDeniedError(f"no {what} in this organisation")
    return value
