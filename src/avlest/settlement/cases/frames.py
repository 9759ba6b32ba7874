# SPDX-License-Identifier: Apache-2.0
"""The frames of the core from a case: who has what, and what was invoiced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from avlest.settlement.cases.model import Case, CaseCustomer, InvoicedPlan
from avlest.settlement.contracts import EARLIER, SERVICES, SUBSCRIBERS, Kind, SettlementError
from avlest.settlement.core.terms import ADVANCES, derive_terms

PLANS = {"subscriber": pl.Int64(), "count": pl.Int64()}
_RENT = "rent"


def derive_subscribers(customers: Sequence[CaseCustomer], *, start: date | None = None) -> pl.DataFrame:
    """One row per customer; `start` sets a first day for those without."""
    rows = [
        {"subscriber": row.number, "property": row.property.number, "start": row.start or start, "stop": row.stop}
        for row in customers
    ]
    return pl.DataFrame(rows, schema=dict(SUBSCRIBERS))


def derive_services(case: Case, customers: Sequence[CaseCustomer]) -> pl.DataFrame:
    """One row per customer and service, and one per rented meter."""
    rows: list[dict[str, object]] = []
    for customer in customers:
        home = customer.property
        rented = [meter for meter in case.meters if meter.rent and meter.property is home]
        base = {"subscriber": customer.number, "region": home.region, "category": home.category}
        names = [name for name in customer.services if not (rented and name == _RENT)]
        rows += [base | {"service": name, "size": home.size, "count": home.units} for name in names]
        rows += [
            base
            | {"service": _RENT, "size": meter.size, "count": 1, "start": meter.point.start, "stop": meter.point.stop}
            for meter in rented
        ]
    return pl.DataFrame(rows, schema=dict(SERVICES))


def derive_earlier(case: Case) -> tuple[pl.DataFrame, list[str]]:
    """Invoiced lines with ids; the names of their invoices by id."""
    rows, names = [dict(line.fields) for line in case.lines], [line.invoice for line in case.lines]
    for plan in case.plans:
        lines = derive_plan_lines(case, plan)
        rows += lines.to_dicts()
        names += [f"{plan.invoice} {plan.year} term {term}".strip() for term in lines["term"]]
    frame = pl.DataFrame([{name: row.get(name) for name in EARLIER} for row in rows], schema=dict(EARLIER))
    return frame.with_columns(line=pl.int_range(pl.len(), dtype=pl.Int64())), names


def derive_plan_lines(case: Case, plan: InvoicedPlan) -> pl.DataFrame:
    """The lines that a plan came to: the customer was taken to stay for the rest of the year."""
    one = [plan.customer]
    advances = [
        {"subscriber": plan.customer.number, "service": name, "quantity": plan.quantity} for name in plan.services
    ]
    outcome = derive_terms(
        subscribers=derive_subscribers(one).with_columns(stop=pl.lit(None, dtype=pl.Date())),
        services=derive_services(case, one),
        advances=pl.DataFrame(advances, schema=dict(ADVANCES)),
        plans=pl.DataFrame([{"subscriber": plan.customer.number, "count": plan.terms}], schema=PLANS),
        book=case.book,
        year=plan.year,
    )
    for problem in outcome.problems.iter_rows(named=True):
        raise SettlementError(problem["code"], f"invoiced to {plan.customer.id} in {plan.year}", problem["detail"])
    kinds = [Kind.ADVANCE.value, *([Kind.FIXED.value] if plan.fixed else [])]
    wanted = pl.col("kind").cast(pl.String).is_in(kinds) & pl.col("term").is_in(list(plan.of_terms))
    if not plan.quantity:
        wanted &= pl.col("kind").cast(pl.String) != Kind.ADVANCE.value
    text = [pl.col(name).cast(pl.String) for name, kind in EARLIER.items() if kind == pl.String()]
    return outcome.lines.filter(wanted).with_columns(text)
