# SPDX-License-Identifier: Apache-2.0
"""Which lines of a case stand on which invoice (rules §1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from avlest.settlement.cases.calculate import CaseResult
from avlest.settlement.cases.model import CaseCustomer


@dataclass(frozen=True, slots=True)
class CaseInvoice:
    """One invoice or credit note with its lines."""

    id: str
    customer: CaseCustomer
    settlement: bool
    terms: Sequence[int]
    due: date | None
    lines: pl.DataFrame


def derive_invoices(result: CaseResult) -> list[CaseInvoice]:
    """The settlement with the term that is due in its month, and one invoice for each other term.

    A customer without terms gets the settlement alone.
    """
    return [invoice for customer in result.case.customers for invoice in _derive_for(result, customer)]


def _derive_for(result: CaseResult, customer: CaseCustomer) -> list[CaseInvoice]:
    lines = result.lines.filter(pl.col("subscriber") == customer.number)
    terms = sorted(set(lines["term"].to_list()) - {0})
    dates = _get_dates(result, customer)
    settled = lines.filter(pl.col("term") == 0)
    carrier = _find_carrier(terms, dates, result.case.settlement_month) if settled.height else None
    found = []
    if settled.height:
        own = lines.filter(pl.col("term").is_in([0, *([carrier] if carrier else [])]))
        due = dates.get(carrier) if carrier else None
        found.append(CaseInvoice(f"{customer.id}-settlement", customer, True, [carrier] if carrier else [], due, own))  # noqa: FBT003
    for term in terms:
        if term != carrier:
            own = lines.filter(pl.col("term") == term)
            found.append(CaseInvoice(f"{customer.id}-term-{term}", customer, False, [term], dates.get(term), own))  # noqa: FBT003
    return found


def _get_dates(result: CaseResult, customer: CaseCustomer) -> dict[int, date]:
    """Due dates by term number."""
    days, year = result.case.due.get(customer.terms, ()), result.case.plan_year
    if year is None or len(days) != customer.terms:
        return {}
    return {term: date.fromisoformat(f"{year}-{day}") for term, day in enumerate(days, 1)}


def _find_carrier(terms: Sequence[int], dates: dict[int, date], month: int) -> int | None:
    """The term whose invoice the settlement stands on: the one due in its month, else the first."""
    fits = [term for term in terms if term in dates and dates[term].month == month]
    return next(iter(fits or terms), None)
