# SPDX-License-Identifier: Apache-2.0
"""The result of a case as JSON-able data: customers, invoices, lines with explanation, totals, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from avlest.readings.quality import Quality
from avlest.settlement.cases.calculate import CaseResult
from avlest.settlement.cases.invoices import CaseInvoice, derive_invoices
from avlest.settlement.cases.model import CaseCustomer
from avlest.settlement.contracts import InvoiceTotals, Kind, Provenance, Unit
from avlest.settlement.core.explain import derive_explanation
from avlest.settlement.core.money import write_amount, write_scaled
from avlest.settlement.core.sentences import write_line_text
from avlest.settlement.core.totals import derive_invoice_totals, derive_nets

_DEDUCTED = {Kind.ADVANCE_DEDUCTION.value: Kind.ADVANCE.value, Kind.FIXED_DEDUCTION.value: Kind.FIXED.value}


def write_case(result: CaseResult) -> dict[str, Any]:
    """Everything of a result; docs/reference/settlement-cases.md describes each field.

    Amounts and quantities are text with a point (`"1063.40"`, `"150.000"`), dates ISO text.
    """
    case = result.case
    invoices = derive_invoices(result)
    return {
        "title": case.title,
        "year": case.year,
        "plan_year": case.plan_year,
        "customers": [_write_customer(result, customer, invoices) for customer in case.customers],
        "invoices": [_write_invoice(result, invoice) for invoice in invoices],
        "totals": {
            "settlement": _write_totals(derive_invoice_totals(result.lines.filter(pl.col("term") == 0))),
            "terms": _write_totals(derive_invoice_totals(result.lines.filter(pl.col("term") > 0))),
            "all": _write_sums(invoices),
        },
        "problems": [_write_problem(result, row) for row in result.problems.iter_rows(named=True)],
    }


def _write_customer(result: CaseResult, customer: CaseCustomer, invoices: Sequence[CaseInvoice]) -> dict[str, Any]:
    mine = result.lines.filter(pl.col("subscriber") == customer.number)
    settlement = mine.filter(pl.col("term") == 0)
    used = result.used.filter(pl.col("subscriber") == customer.number)
    advances = {
        service: quantity for (number, service), quantity in result.plan.advances.items() if number == customer.number
    }
    return {
        "customer": customer.id,
        "property": customer.property.id,
        "from": _day(customer.start),
        "to": _day(customer.stop),
        "consumption": {
            str(row["service"]): {"quantity": _litres(row["quantity"]), "quality": _quality(row["quality"])}
            for row in used.iter_rows(named=True)
        },
        "settlement": {
            **_write_totals(derive_invoice_totals(settlement)),
            "by_kind": _sum_by(settlement, "kind"),
            "by_service": _sum_by(settlement, "service"),
        },
        "advance": {service: _litres(quantity) for service, quantity in advances.items()},
        "terms": _write_terms(mine),
        "invoices": [invoice.id for invoice in invoices if invoice.customer is customer],
    }


def _write_terms(lines: pl.DataFrame) -> list[dict[str, Any]]:
    terms = sorted(set(lines["term"].to_list()) - {0})
    return [
        {"term": term, **_write_totals(derive_invoice_totals(rows)), "by_service": _by_service(rows)}
        for term in terms
        for rows in [lines.filter(pl.col("term") == term)]
    ]


def _by_service(rows: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Amounts of a term by service and kind, as the price list has them (with or without VAT)."""
    sums = rows.group_by("service", "kind", maintain_order=True).agg(pl.col("amount").sum())
    found: dict[str, dict[str, str]] = {}
    for row in sums.iter_rows(named=True):
        found.setdefault(str(row["service"]), {})[str(row["kind"])] = write_amount(row["amount"])
    return found


def _sum_by(lines: pl.DataFrame, column: str) -> dict[str, str]:
    sums = lines.group_by(column, maintain_order=True).agg(pl.col("amount").sum())
    return {str(row[column]): write_amount(row["amount"]) for row in sums.iter_rows(named=True)}


def _write_invoice(result: CaseResult, invoice: CaseInvoice) -> dict[str, Any]:
    lines = derive_nets(invoice.lines.with_columns(all=pl.lit(1)), ["all"]).drop("all")
    totals = derive_invoice_totals(invoice.lines)
    return {
        "invoice": invoice.id,
        "customer": invoice.customer.id,
        "type": "credit_note" if totals.is_credit_note else "invoice",
        "settlement": invoice.settlement,
        "terms": list(invoice.terms),
        "due": _day(invoice.due),
        **_write_totals(totals),
        "lines": [_write_line(result, number, row) for number, row in enumerate(lines.iter_rows(named=True), 1)],
    }


def _write_line(result: CaseResult, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    kind, price = str(row["kind"]), None if row["version"] is None else result.case.book.prices[row["version"]]
    earlier = _find_earlier(result, row)
    sources: Sequence[Provenance] = () if row["source"] is None else result.provenance[row["source"]]
    if kind == Kind.ADVANCE:
        sources = [_explain_advance(result, row)]
    explanation = derive_explanation(row, price=price, provenance=sources, earlier=earlier)
    found = {
        "line": number,
        "term": row["term"],
        "kind": kind,
        "service": str(row["service"]),
        "code": str(row["code"]),
        "text": write_line_text(kind, str(row["service"]), result.case.language, own=price.text if price else None),
        "from": _day(row["start"]),
        "to": _day(row["stop"]),
        "quantity": _litres(row["quantity"]),
        "unit": str(row["unit"]),
        "price": write_scaled(row["value"] or 0, places=4, least=2),
        "vat_percent": write_scaled(row["rate"], places=2, least=0),
        "vat_included": row["vat_included"],
        "amount": write_amount(row["amount"]),
        "net": write_amount(row["net"]),
        "quality": _quality(row["quality"]),
        "flag": _flag(row["quality"]),
        "explanation": {**explanation.data, "sentences": dict(explanation.sentences)},
    }
    if row["unit"] == Unit.HOUR:
        found["minutes"] = f"{row['parts'] / 60:g}"
    return found


def _explain_advance(result: CaseResult, row: Mapping[str, Any]) -> Provenance:
    """The year's a konto that a term's part is of: agreed, or from last year's use."""
    customer = next(one for one in result.case.customers if one.number == row["subscriber"])
    service = str(row["service"])
    agreed = service in customer.advance or any(change.service in ("", service) for change in customer.changes)
    year = result.plan.advances[customer.number, service]
    method = "advance_agreed" if agreed else "advance"
    return Provenance(method=method, quantity=row["quantity"], details={"year": _litres(year)})


def _find_earlier(result: CaseResult, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The invoiced lines that a deduction or a credit sums."""
    kind = _DEDUCTED.get(str(row["kind"]))
    if row["version"] is not None or (kind is None and row["kind"] != Kind.CORRECTION):
        return []
    kind = kind or Kind.SETTLEMENT.value
    same = ("subscriber", "value", "rate", "vat_included")
    wanted = pl.col("kind") == kind
    for name in same:
        wanted &= pl.col(name) == row[name]
    rows = result.earlier.filter(
        wanted & (pl.col("service") == str(row["service"])) & (pl.col("code") == str(row["code"]))
    )
    return [{**found, "invoice": result.invoices[found["line"]]} for found in rows.iter_rows(named=True)]


def _write_totals(totals: InvoiceTotals) -> dict[str, Any]:
    return {
        "net": write_amount(totals.net),
        "vat": write_amount(totals.vat),
        "total": write_amount(totals.gross),
        "vat_rates": [
            {
                "percent": write_scaled(rate.rate, places=2, least=0),
                "base": write_amount(rate.base),
                "vat": write_amount(rate.vat),
                "total": write_amount(rate.gross),
            }
            for rate in totals.rates
        ],
    }


def _write_sums(invoices: Sequence[CaseInvoice]) -> dict[str, str]:
    """Sums over the invoices, each with its own rounding of VAT."""
    totals = [derive_invoice_totals(invoice.lines) for invoice in invoices]
    return {
        "net": write_amount(sum(total.net for total in totals)),
        "vat": write_amount(sum(total.vat for total in totals)),
        "total": write_amount(sum(total.gross for total in totals)),
    }


def _write_problem(result: CaseResult, row: Mapping[str, Any]) -> dict[str, str]:
    names = {customer.number: customer.id for customer in result.case.customers}
    return {
        "customer": names[row["subscriber"]], "service": row["service"] or "", "code": row["code"],
        "detail": row["detail"],
    }  # fmt: skip


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _litres(value: int | None) -> str | None:
    return None if value is None else write_scaled(value, places=3)


def _quality(rank: int | None) -> str | None:
    return None if rank is None else Quality(rank).name.lower()


def _flag(rank: int | None) -> str | None:
    """What the invoice line must say of a quantity that nobody read."""
    if rank is None or rank >= Quality.EDITED:
        return None
    return "discretion" if rank == Quality.DISCRETION else "stipulated"
