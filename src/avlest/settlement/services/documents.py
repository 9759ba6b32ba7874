# SPDX-License-Identifier: Apache-2.0
"""Invoices as documents: filled from the stored rows, made once, kept in the archive by their content."""

from __future__ import annotations

import calendar
import hashlib
import itertools
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction

from avlest.readings.quality import READ
from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement.contracts import Explanation, InvoiceTotals, VatTotal
from avlest.settlement.core.sentences import write_line_text
from avlest.settlement.core.totals import derive_nets
from avlest.settlement.documents.contracts import (
    Address,
    Bar,
    Buyer,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Seller,
    UseChart,
)
from avlest.settlement.documents.ehf import build_ehf
from avlest.settlement.documents.pdf import PdfWriter
from avlest.settlement.models import ArchivedDocument, Configuration, Invoice, InvoiceLine
from avlest.settlement.runs.spans import derive_span_sums
from avlest.settlement.services.evidence import read_daily
from avlest.settlement.services.explain import explain_invoice, get_part_frame
from avlest.wording import format_quantity

_FOLDER = "settlement"
_USE_TITLE = {"nb": "Forbruk", "nn": "Forbruk", "en": "Use"}


def make_document(
    invoice: Invoice, *, store: Store | None = None, language: str = "", with_reasons: bool = True
) -> InvoiceDocument:
    """Return an invoice with all that any form of it shows; with a `store` also readings and the use by month.

    Without `with_reasons` the lines are not explained, as a basis for accounting does not need it.
    """
    language = language or str(invoice.recipient.get("language") or "nb")
    explanations = explain_invoice(invoice, store=store) if with_reasons else []
    days = (invoice.settles_from or invoice.issued_on, invoice.settles_to or invoice.due_on)
    corrected = invoice.corrects
    return InvoiceDocument(
        kind=DocumentKind(invoice.kind), number=str(invoice.number), issued_on=invoice.issued_on,
        due_on=invoice.due_on, start=days[0], stop=days[1], seller=_make_seller(invoice), buyer=_make_buyer(invoice),
        lines=_make_lines(invoice, explanations, language), totals=_make_totals(invoice), kid=invoice.kid,
        language=language, corrects="" if corrected is None else str(corrected.number),
        corrects_on=None if corrected is None else corrected.issued_on,
        charts=() if store is None else _make_charts(invoice, store, language),
        messages=(invoice.reason,) if invoice.reason else (),
    )  # fmt: skip


def _make_seller(invoice: Invoice) -> Seller:
    own = Configuration.objects.of(invoice.organisation_id).first() or Configuration()
    return Seller(
        name=invoice.organisation.name, organisation_number=invoice.organisation.number,
        address=Address(street=own.address, postal_code=own.postal_code, city=own.city), account=own.bank_account,
        email=own.email, phone=own.phone,
    )  # fmt: skip


def _make_buyer(invoice: Invoice) -> Buyer:
    told: Mapping[str, Any] = invoice.recipient
    place = told.get("property", {})
    cadastre = "/".join(str(place[name]) for name in ("gnr", "bnr", "fnr", "snr") if place.get(name))
    label = ", ".join(part for part in (place.get("address", ""), f"gnr. {cadastre}" if cadastre else "") if part)
    # A subscriber without an address of their own lives on the property.
    at = told if told.get("address") else place
    return Buyer(
        name=told.get("name", ""), customer_number=str(invoice.account.number), property_label=label,
        address=Address(
            street=at.get("address", ""), postal_code=at.get("postal_code", ""), city=at.get("city", "")
        ),
        organisation_number=told.get("number", "") if told.get("kind") == "company" else "",
    )  # fmt: skip


def _make_totals(invoice: Invoice) -> InvoiceTotals:
    rates = tuple(VatTotal(rate=rate, base=base, vat=vat, gross=gross) for rate, base, vat, gross in invoice.vat_lines)
    return InvoiceTotals(net=invoice.net, vat=invoice.vat, gross=invoice.total, rates=rates)


def _make_lines(invoice: Invoice, explanations: list[Explanation], language: str) -> tuple[DocumentLine, ...]:
    rows = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position").values())
    if not rows:
        return ()
    schema = {"position": pl.Int64(), "amount": pl.Int64(), "rate": pl.Int64(), "vat_included": pl.Boolean()}
    values = [(row["position"], row["amount"], row["rate"], row["vat_included"]) for row in rows]
    frame = pl.DataFrame(values, schema=schema, orient="row")
    nets = derive_nets(frame.with_columns(invoice=pl.lit(1)), ["invoice"])["net"].to_list()
    return tuple(
        DocumentLine(
            position=row["position"], text=write_line_text(row["kind"], row["service"], language), amount=row["amount"],
            net=net, rate=row["rate"], vat_included=row["vat_included"], code=row["code"], service=row["service"],
            kind=row["kind"], start=row["start"], stop=row["stop"], quantity=row["quantity"], unit=row["unit"],
            price=row["value"], is_estimated=row["quality"] is not None and row["quality"] < READ,
            sentences=tuple(explanations[place].sentences[language]) if explanations else (),
        )
        for place, (row, net) in enumerate(zip(rows, nets, strict=True))
    )  # fmt: skip


def _make_charts(invoice: Invoice, store: Store, language: str) -> tuple[UseChart, ...]:
    """The use of each month of the settled days, beside the year before where the customer was there."""
    if invoice.run is None or invoice.part is None or invoice.settles_from is None or invoice.settles_to is None:
        return ()
    rows = get_part_frame(invoice.run.pk, invoice.part, "inputs", "quantities")
    mine = (pl.col("subscriber") == invoice.account_id) & (pl.col("purpose") == "billing")
    series = rows.filter(mine).drop_nulls("series")["series"].unique().sort()
    if not len(series):
        return ()
    months = _split_months(invoice.settles_from, invoice.settles_to)
    now = _sum_months(store, series, months)
    back = [(start.replace(year=start.year - 1, day=1), _back(stop)) for start, stop in months]
    was_there = invoice.account.opened_on <= back[0][0]
    before = _sum_months(store, series, back) if was_there else [(None, False)] * len(months)
    bars = tuple(
        Bar(start=start, stop=stop, value=value, earlier=earlier, is_estimated=estimated)
        for (start, stop), (value, estimated), (earlier, _) in zip(months, now, before, strict=True)
    )
    total = format_quantity(sum(bar.value or 0 for bar in bars), "l", language=language)
    return (UseChart(title=_USE_TITLE[language], unit="l", bars=bars, sentence=f"{_USE_TITLE[language]}: {total}"),)


def _split_months(start: date, stop: date) -> list[tuple[date, date]]:
    edges = [start]
    while edges[-1] < stop:
        last = calendar.monthrange(edges[-1].year, edges[-1].month)[1]
        edges.append(min(stop, date.fromordinal(edges[-1].replace(day=last).toordinal() + 1)))
    return list(itertools.pairwise(edges))


def _back(day: date) -> date:
    return day.replace(year=day.year - 1, day=1)


def _sum_months(store: Store, series: pl.Series, months: list[tuple[date, date]]) -> list[tuple[int | None, bool]]:
    daily = read_daily(store, series, months[0][0], months[-1][1])
    spans = pl.DataFrame(
        [(one, start, stop) for start, stop in months for one in series],
        schema={"series": pl.Int64(), "start": pl.Date(), "stop": pl.Date()}, orient="row",
    )  # fmt: skip
    sums = derive_span_sums(daily, spans, read_from=int(READ)).group_by("start", maintain_order=True).agg(
        pl.col("total").sum(), known=(pl.col("days") - pl.col("days_missing")).sum(),
        unread=(pl.col("days_estimated") + pl.col("days_missing")).sum(),
    )  # fmt: skip
    return [(row["total"] if row["known"] else None, row["unread"] > 0) for row in sums.iter_rows(named=True)]


def do_archive_pdf(actor: Actor, invoice_id: int, *, store: Store | None, now: datetime, language: str = "") -> bytes:
    """Return the PDF of an invoice: the one that was made before, else made now and kept."""
    access_row(Invoice, actor, invoice_id, right=Right.VIEW_SETTLEMENT)
    return read_or_make_pdf(invoice_id, store=store, now=now, language=language)


def read_or_make_pdf(invoice_id: int, *, store: Store | None, now: datetime, language: str = "") -> bytes:
    """Return the archived PDF, made when there is none; who may see it was checked by the caller."""
    invoice = _get_invoice(invoice_id)
    language = language or str(invoice.recipient.get("language") or "nb")
    kept = ArchivedDocument.objects.filter(invoice=invoice, kind="pdf", language=language).first()
    if kept is not None and (content := read_archived(kept)) is not None:
        return content
    content = _get_writer().write(make_document(invoice, store=store, language=language))
    _keep(invoice, ("pdf", language, "application/pdf"), content, now)
    return content


@cache
def _get_writer() -> PdfWriter:
    """One writer a process: it is slow to make and fast to use."""
    return PdfWriter()


def do_archive_ehf(actor: Actor, invoice_id: int, *, now: datetime) -> bytes:
    """Return the EHF of an invoice: the one that was made before, else made now and kept."""
    invoice = access_row(Invoice, actor, invoice_id, right=Right.VIEW_SETTLEMENT)
    kept = ArchivedDocument.objects.filter(invoice=invoice, kind="ehf").first()
    if kept is not None and (content := read_archived(kept)) is not None:
        return content
    content = build_ehf(make_document(invoice))
    _keep(invoice, ("ehf", "nb", "application/xml"), content, now)
    return content


def _get_invoice(invoice_id: int) -> Invoice:
    rows = Invoice.objects.select_related("run", "account", "corrects", "organisation").filter(pk=invoice_id)
    return rows[0]


@transaction.atomic
def _keep(invoice: Invoice, what: tuple[str, str, str], content: bytes, now: datetime) -> None:
    """Write the bytes under their own digest, then the row that names them."""
    kind, language, media_type = what
    digest = hashlib.sha256(content).hexdigest()
    path = Path(_FOLDER) / str(invoice.organisation_id) / digest[:2] / digest
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.write_bytes(content)
    target.chmod(0o600)
    if ArchivedDocument.objects.filter(invoice=invoice, kind=kind, language=language).exists():
        return
    row = ArchivedDocument(
        organisation_id=invoice.organisation_id, invoice=invoice, kind=kind, language=language, media_type=media_type,
        path=str(path), size=len(content), sha256=digest, made_at=now,
    )  # fmt: skip
    row.save(force_insert=True)


def read_archived(row: ArchivedDocument) -> bytes | None:
    """Return the bytes of a kept document; None where the file is gone or is not what was kept."""
    file = Path(settings.MEDIA_ROOT) / row.path
    content = file.read_bytes() if file.is_file() else None
    return content if content is not None and hashlib.sha256(content).hexdigest() == row.sha256 else None
