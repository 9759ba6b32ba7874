# SPDX-License-Identifier: Apache-2.0
"""Settlements and invoices: the organisation's for billing, one's own for a resident."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import Path, Query
from pydantic import Field

from avlest.portal.api import schemas
from avlest.portal.api.formats import keep
from avlest.portal.api.paging import ListQuery, Number, get_following, take_offset
from avlest.portal.api.v1.common import answers, files, get_now, get_viewer, make_router, to_kroner, to_unit
from avlest.portal.store import get_store
from avlest.portal.viewer import Viewer
from avlest.registry.rights import Right
from avlest.settlement import access
from avlest.settlement.infos import InvoiceInfo, LineInfo, RunControl, RunInfo

router = make_router("Settlements and invoices")
_PDF = files("application/pdf", description="The invoice as PDF.")


class ExpectedQuery(ListQuery):
    """Which year."""

    year: int | None = Field(None, ge=2000, le=2200, description="Default: this year.")


class InvoiceQuery(ListQuery):
    """Which invoices."""

    account: int | None = Field(None, ge=1, le=2**63 - 1, description="Of this account.")
    settlement: int | None = Field(None, ge=1, le=2**63 - 1, description="Issued by this settlement run.")


@router.get(
    "/settlements", url_name="settlements", operation_id="list_settlements",
    response=answers(schemas.SettlementPage), summary="List settlement runs",
)  # fmt: skip
def list_settlements(request: HttpRequest, query: Query[ListQuery]) -> Any:
    """The organisation's runs, the newest first."""
    actor = get_viewer(request).actor
    page = take_offset(lambda offset, limit: access.access_runs(actor, limit=offset + limit)[offset:], query)
    return {"items": [_write_run(run) for run in page.items], "next": get_following(request, page.after)}


@router.get(
    "/settlements/expected", url_name="expected", operation_id="list_expected",
    response=answers(list[schemas.Expected], refusals=(422,)), summary="Get the settlement as it would be today",
)  # fmt: skip
def list_expected(request: HttpRequest, query: Query[ExpectedQuery]) -> Any:
    """One's own accounts: what the settlement of the year would be today."""
    parties, year = sorted(get_viewer(request).party_ids), query.year or get_now(request).year
    found = access.access_own_expected(parties, year)
    return [
        schemas.Expected(
            account_id=number, year=each.year, through=each.through, advance=to_kroner(each.advance),
            balance=to_kroner(each.balance), made_at=each.made_at,
        )
        for number, each in sorted(found.items())
    ]  # fmt: skip


@router.get(
    "/settlements/{run_id}", url_name="settlement", operation_id="get_settlement",
    response=answers(schemas.SettlementControl), summary="Get a settlement run",
)  # fmt: skip
def get_settlement(request: HttpRequest, run_id: Path[Number]) -> Any:
    """One run with its control sheet."""
    return _write_control(access.access_run_control(get_viewer(request).actor, run_id))


def _write_run(run: RunInfo) -> schemas.Settlement:
    return schemas.Settlement(**{name: getattr(run, name) for name in schemas.Settlement.model_fields})


def _write_control(control: RunControl) -> schemas.SettlementControl:
    kinds = [
        schemas.KindSum(
            kind=each.kind, service=each.service, lines=each.lines, quantity=to_unit(each.quantity),
            amount=to_kroner(each.amount),
        )
        for each in control.kinds
    ]  # fmt: skip
    return schemas.SettlementControl(
        **_write_run(control.run).model_dump(),
        measured=control.measured / 1000,
        billed=control.billed / 1000,
        stipulated=control.stipulated / 1000,
        blocked=control.blocked,
        net=to_kroner(control.net),
        vat=to_kroner(control.vat),
        total=to_kroner(control.total),
        kinds=kinds,
        exceptions=dict(control.exceptions),
    )


@router.get(
    "/invoices", url_name="invoices", operation_id="list_invoices", response=answers(schemas.InvoicePage),
    summary="List invoices",
)  # fmt: skip
def list_invoices(request: HttpRequest, query: Query[InvoiceQuery]) -> Any:
    """Invoices and credit notes, the newest first."""
    viewer = get_viewer(request)
    page = take_offset(lambda offset, limit: _find_invoices(viewer, query, offset, limit), query)
    return {"items": [_write_invoice(each) for each in page.items], "next": get_following(request, page.after)}


def _sees_all(viewer: Viewer) -> bool:
    return Right.VIEW_SETTLEMENT in viewer.rights


def _find_invoices(viewer: Viewer, query: InvoiceQuery, offset: int, limit: int) -> Sequence[InvoiceInfo]:
    if _sees_all(viewer):
        return access.access_invoices(
            viewer.actor, run_id=query.settlement, account_id=query.account, offset=offset, limit=limit
        )
    own = access.access_own_invoices(sorted(viewer.party_ids), limit=_MOST_OWN)
    wanted = [
        each for each in own if query.account in (None, each.account_id) and query.settlement in (None, each.run_id)
    ]
    return wanted[offset : offset + limit]


_MOST_OWN = 2000


@router.get(
    "/invoices/{invoice_id}", url_name="invoice", operation_id="get_invoice",
    response=answers(schemas.InvoiceWithLines), summary="Get an invoice with each line explained",
)  # fmt: skip
def get_invoice(request: HttpRequest, invoice_id: Path[Number]) -> Any:
    """One invoice; each line opens to readings, quantity, price, share and sum."""
    viewer, language, store = get_viewer(request), get_language() or "nb", get_store()
    if _sees_all(viewer):
        found = access.access_invoice(viewer.actor, invoice_id)
        lines = access.access_lines(viewer.actor, invoice_id, language=language, store=store)
    else:
        parties = sorted(viewer.party_ids)
        found = access.access_own_invoice(parties, invoice_id)
        lines = access.access_own_lines(parties, invoice_id, language=language, store=store)
    head = _write_invoice(found).model_dump()
    return schemas.InvoiceWithLines(**head, lines=[_write_line(line) for line in lines])


@router.get(
    "/invoices/{invoice_id}/pdf", url_name="invoice_pdf", operation_id="get_invoice_pdf",
    response=answers(None), summary="Get an invoice as PDF", openapi_extra=_PDF,
)  # fmt: skip
def get_invoice_pdf(request: HttpRequest, invoice_id: Path[Number]) -> Any:
    """The document as it was sent."""
    viewer, now, language = get_viewer(request), get_now(request), get_language() or "nb"
    if _sees_all(viewer):
        pdf = access.access_pdf(viewer.actor, invoice_id, store=get_store(), now=now, language=language)
    else:
        parties = sorted(viewer.party_ids)
        pdf = access.access_own_pdf(parties, invoice_id, store=get_store(), now=now, language=language)
    return keep(request, HttpResponse(pdf, content_type="application/pdf"))


def _write_invoice(invoice: InvoiceInfo) -> schemas.Invoice:
    money: dict[str, Any] = {name: to_kroner(getattr(invoice, name)) for name in ("net", "vat", "total", "rest")}
    names = (
        "id", "kind", "number", "kid", "account_id", "issued_on", "due_on", "settles_from", "settles_to", "corrects_id",
    )  # fmt: skip
    same = {name: getattr(invoice, name) for name in names}
    return schemas.Invoice(**same, **money, settlement_id=invoice.run_id)


def _write_line(line: LineInfo) -> schemas.InvoiceLine:
    values = dataclasses.asdict(line)
    value = values.pop("value")
    values.update(
        quantity=to_unit(line.quantity),
        price=None if value is None else to_kroner(value).scaleb(-2),
        amount=to_kroner(line.amount),
        vat_rate=to_kroner(values.pop("rate")),
        explanation=None if line.explanation is None else dict(line.explanation),
    )
    values.pop("term")
    return schemas.InvoiceLine(**values)
