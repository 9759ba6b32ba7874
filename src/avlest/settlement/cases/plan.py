# SPDX-License-Identifier: Apache-2.0
"""The a konto and terms of a case's next year, changes during the year among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from avlest.settlement.cases.frames import PLANS, derive_services, derive_subscribers
from avlest.settlement.cases.model import Case, CaseCustomer
from avlest.settlement.cases.parse_parties import VOLUMES
from avlest.settlement.contracts import EARLIER, LINES, SettlementError
from avlest.settlement.core.calendar import derive_year
from avlest.settlement.core.columns import empty_frame
from avlest.settlement.core.lines import PROBLEMS, Outcome
from avlest.settlement.core.stipulation import derive_standard
from avlest.settlement.core.terms import ADVANCES, derive_advance, derive_terms
from avlest.settlement.runs.respread import derive_respread


@dataclass(frozen=True, slots=True)
class YearPlan:
    """Term lines, the a konto they rest on by (customer, service), and who could not be planned."""

    lines: pl.DataFrame
    advances: dict[tuple[int, str], int]
    problems: pl.DataFrame


def get_planned(case: Case) -> list[CaseCustomer]:
    """Customers that still have the property when the planned year ends."""
    if case.plan_year is None or case.is_only_work:
        return []
    year = derive_year(case.plan_year)
    found = [(customer, customer.get_days(year)) for customer in case.customers if customer.plan]
    return [row for row, days in found if days and days.stop == year.stop]


def derive_plan(case: Case, used: pl.DataFrame, blocked: set[int]) -> YearPlan:
    """Terms of the planned year; `used` are the quantities of the settled year per customer and service."""
    customers = [row for row in get_planned(case) if row.number not in blocked]
    advances: dict[tuple[int, str], int] = {}
    problems = []
    for customer in customers:
        try:
            advances |= _derive_advances(case, customer, used)
        except SettlementError as error:
            problems.append(
                {"subscriber": customer.number, "service": "", "code": error.code, "detail": str(error)}
            )  # fmt: skip
    bad = {row["subscriber"] for row in problems}
    customers = [row for row in customers if row.number not in bad]
    lines, more = _charge(case, customers, advances)
    frame = pl.concat([pl.DataFrame(problems, schema=PROBLEMS), more])
    return YearPlan(lines, advances, frame)


def _charge(
    case: Case, customers: Sequence[CaseCustomer], advances: dict[tuple[int, str], int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not customers or case.plan_year is None:
        return empty_frame(LINES), pl.DataFrame(schema=PROBLEMS)
    outcome = _derive(case, customers, advances)
    changed = [row for row in customers if row.changes]
    lines = [outcome.lines.filter(~pl.col("subscriber").is_in([row.number for row in changed]))]
    lines += [_change(case, row, outcome.lines.filter(pl.col("subscriber") == row.number), advances) for row in changed]
    return pl.concat(lines), outcome.problems


def _derive(case: Case, customers: Sequence[CaseCustomer], advances: dict[tuple[int, str], int]) -> Outcome:
    numbers = {row.number for row in customers}
    rows = [
        {"subscriber": number, "service": service, "quantity": quantity}
        for (number, service), quantity in advances.items()
        if number in numbers
    ]
    homes = {row.property.number for row in customers}
    owners = [row for row in case.customers if row.property.number in homes]
    return derive_terms(
        subscribers=derive_subscribers(owners),
        services=derive_services(case, customers),
        advances=pl.DataFrame(rows, schema=dict(ADVANCES)),
        plans=pl.DataFrame([{"subscriber": row.number, "count": row.terms} for row in customers], schema=PLANS),
        book=case.book,
        year=case.plan_year or case.year + 1,
    )


def _change(
    case: Case, customer: CaseCustomer, plan: pl.DataFrame, advances: dict[tuple[int, str], int]
) -> pl.DataFrame:
    """Term by term: from the term of a change on, the year's new a konto less what was invoiced, in equal parts."""
    text = [name for name, kind in LINES.items() if kind == pl.String()]
    changes = sorted(customer.changes, key=lambda change: change.from_term)
    done: list[pl.DataFrame] = []
    for term in range(1, customer.terms + 1):
        for change in changes:
            if change.from_term == term:
                plan = _replan(case, customer, change.quantity, change.service, advances)
        now = plan.with_columns(pl.col(name).cast(pl.String) for name in text).with_columns(
            count=pl.lit(customer.terms, dtype=pl.Int64())
        )
        charged = pl.concat(done) if done else now.clear()
        invoiced = charged.select(name for name in EARLIER if name in LINES)
        before = [{"count": customer.terms, "term": earlier} for earlier in range(1, term)]
        past = pl.DataFrame(before, schema={"count": pl.Int64(), "term": pl.Int8()})
        done.append(derive_respread(now, now.filter(pl.col("term") == term), invoiced, past=past))
    lines = pl.concat(done).select(list(LINES))
    return lines.with_columns(pl.col(name).cast(pl.Categorical()) for name in text)


def _replan(
    case: Case, customer: CaseCustomer, quantity: int, service: str, advances: dict[tuple[int, str], int]
) -> pl.DataFrame:
    for key in [key for key in advances if key[0] == customer.number and service in ("", key[1])]:
        advances[key] = quantity
    return _derive(case, [customer], advances).lines


def _derive_advances(case: Case, customer: CaseCustomer, used: pl.DataFrame) -> dict[tuple[int, str], int]:
    """What the customer asked for, else from last year's use, else the standard."""
    found: dict[tuple[int, str], int] = {}
    for service in customer.services:
        if service not in case.book.get_services(*VOLUMES):
            continue
        if service in customer.advance:
            found[customer.number, service] = customer.advance[service]
        else:
            found[customer.number, service] = _derive_from_use(case, customer, service, used)
    return found


def _derive_from_use(case: Case, customer: CaseCustomer, service: str, used: pl.DataFrame) -> int:
    settled = derive_year(case.year)
    standard = derive_standard(case.rules, customer.property.known)
    days = customer.get_days(settled) if case.plan_year != case.year else None
    rows = used.filter((pl.col("subscriber") == customer.number) & (pl.col("service").cast(pl.String) == service))
    known = customer.property.known.years
    if days is None or not rows.height:
        last = known.get((case.plan_year or 0) - 1)
        if last is not None:
            return last
        days = settled._replace(stop=settled.start)
    return derive_advance(
        int(rows["quantity"].sum()), days.length, standard=standard[0] if standard else None,
        shortest=case.shortest_advance, year_days=settled.length,
    )  # fmt: skip
