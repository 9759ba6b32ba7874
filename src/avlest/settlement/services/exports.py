# SPDX-License-Identifier: Apache-2.0
"""Invoices for others: a basis for accounting systems, and documents one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db.models import QuerySet

from avlest.readings.tables import Store
from avlest.registry.rights import Actor, Right
from avlest.settlement.documents.basis import build_csv, build_json, build_xlsx
from avlest.settlement.documents.contracts import InvoiceDocument
from avlest.settlement.models import Invoice
from avlest.settlement.services.documents import do_archive_ehf, do_archive_pdf, make_document

_BUILDERS: dict[str, Callable[[Sequence[InvoiceDocument]], bytes]] = {
    "csv": build_csv,
    "xlsx": build_xlsx,
    "json": build_json,
}


def export_basis(actor: Actor, *, run_id: int | None, kind: str) -> bytes:
    """Return invoices with their lines and accounts as `csv`, `xlsx` or `json`."""
    rows = _get_invoices(actor, run_id)
    return _BUILDERS[kind]([make_document(invoice, with_reasons=False) for invoice in rows])


def export_documents(
    actor: Actor, *, run_id: int | None, kind: str, store: Store, now: datetime
) -> Iterator[tuple[str, bytes]]:
    """Yield file name and bytes of each invoice as `pdf` or `ehf`, from the archive where it is there."""
    for invoice in _get_invoices(actor, run_id):
        name = f"{invoice.kind}-{invoice.number}"
        if kind == "pdf":
            yield f"{name}.pdf", do_archive_pdf(actor, invoice.pk, store=store, now=now)
        else:
            yield f"{name}.xml", do_archive_ehf(actor, invoice.pk, now=now)


def _get_invoices(actor: Actor, run_id: int | None) -> QuerySet[Invoice]:
    actor.require(Right.VIEW_SETTLEMENT)
    rows = Invoice.objects.of(actor.organisation_id).select_related("run", "account", "corrects", "organisation")
    rows = rows if run_id is None else rows.filter(run_id=run_id)
    return rows.order_by("kind", "number")
