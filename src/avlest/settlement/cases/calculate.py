# SPDX-License-Identifier: Apache-2.0
"""Calculate a case with the very functions that settle a municipality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from avlest.readings.quality import Quality
from avlest.settlement.cases.frames import derive_earlier, derive_services, derive_subscribers
from avlest.settlement.cases.model import Case, Once, Work
from avlest.settlement.cases.plan import YearPlan, derive_plan
from avlest.settlement.cases.quantities import derive_quantities, get_settled
from avlest.settlement.contracts import LINES, Kind, Price, Provenance, SettlementError, Unit
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.columns import derive_frame
from avlest.settlement.core.lines import join_lines
from avlest.settlement.core.money import derive_amount, derive_rounded
from avlest.settlement.core.prices import Customer
from avlest.settlement.core.registers import derive_now
from avlest.settlement.core.settle import derive_settlement
from avlest.settlement.core.work import WorkPart, derive_duration, derive_visit


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Lines of the settlement (term 0) and of the terms, in order, and what they rest on.

    `provenance` by a line's `source`; `earlier` with the invoice names by `line`; `notes` by line index.
    """

    case: Case
    lines: pl.DataFrame
    plan: YearPlan
    used: pl.DataFrame
    problems: pl.DataFrame
    provenance: Sequence[Sequence[Provenance]]
    earlier: pl.DataFrame
    invoices: Sequence[str]


def derive_case(case: Case) -> CaseResult:
    """Settle the year, charge work and single fees, and plan the next year.

    A property that cannot be settled is named in `problems`; the rest of the case goes on.  Raises SettlementError
    where the case itself makes no sense (prices, invoiced lines).
    """
    settled = get_settled(case)
    quantities = derive_quantities(case)
    consumption, corrections = quantities.get_frames()
    earlier, names = derive_earlier(case)
    blocked = {row["subscriber"] for row in quantities.get_problems().to_dicts()}
    only = pl.Series([row.number for row in settled if row.number not in blocked], dtype=pl.Int64())
    outcome = derive_settlement(
        subscribers=derive_subscribers(case.customers), services=derive_services(case, settled),
        consumption=consumption, corrections=corrections, earlier=earlier, book=case.book, year=case.year,
        method=case.method, only=only,
    )  # fmt: skip
    used = _sum_used(pl.concat([consumption, corrections.filter(_in_year(case))]))
    problems = pl.concat([quantities.get_problems(), outcome.problems])
    plan = derive_plan(case, used, set(problems["subscriber"]))
    lines = join_lines([outcome.lines, plan.lines, *_charge_services(case)], case.book)
    problems = pl.concat([problems, plan.problems]).unique(maintain_order=True)
    return CaseResult(case, lines, plan, used, problems, quantities.provenance, earlier, names)


def _in_year(case: Case) -> pl.Expr:
    """Corrections of earlier years say nothing about the use of this one."""
    return (pl.col("start") >= date(case.year, 1, 1)) & (pl.col("stop") <= date(case.year + 1, 1, 1))


def _sum_used(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("subscriber", "service", maintain_order=True).agg(
        pl.col("quantity").sum(), pl.col("start").min(), pl.col("stop").max(), pl.col("quality").min()
    )


def _charge_services(case: Case) -> list[pl.DataFrame]:
    """Lines of work and single fees."""
    rows = [row for work in case.work for row in _charge_work(case, work)]
    rows += [_charge_once(case, once) for once in case.once]
    if not rows:
        return []
    frame = pl.DataFrame(rows, schema_overrides=dict(LINES))
    return [derive_frame(frame, LINES, name="lines")]


def _charge_work(case: Case, work: Work) -> list[dict[str, object]]:
    start = derive_now(work.start)
    versions = _get_hourly(case, work)
    if work.minutes is not None and not any(case.book.prices[version].bands for version in versions):
        parts = [derive_duration(case.book.prices[versions[0]], start, work.minutes)]
    else:
        stop = derive_now(work.stop) if work.stop else start + timedelta(minutes=work.minutes or 0)
        parts = derive_visit([case.book.prices[version] for version in versions], start, stop, case.holidays)
    return [_write_part(case, work, part, versions) for part in parts]


def _get_hourly(case: Case, work: Work) -> list[int]:
    """Rows of the book: prices per hour of the service on the day the work began."""
    home, day = work.customer.property, derive_now(work.start).date()
    days = Days(day, day + timedelta(days=1))
    customer = Customer(home.region, home.category, home.size)
    codes = case.book.get_codes(work.service, Unit.HOUR.value)
    found = [segment.version for code in codes for segment in case.book.get_segments(code, customer, days)]
    if not found:
        raise SettlementError("no_price", f"work on {day}", f"a price per hour of {work.service} for that day")
    return found


def _write_part(case: Case, work: Work, part: WorkPart, versions: Sequence[int]) -> dict[str, object]:
    price: Price = part.price
    day = work.start.date()
    rate = case.book.get_rate(price.vat, day)
    assert rate is not None  # get_segments found one
    return {
        "subscriber": work.customer.number, "term": 0, "kind": Kind.WORK.value, "service": price.service,
        "code": price.code, "unit": price.unit, "start": day, "stop": day + timedelta(days=1),
        "quantity": derive_rounded(part.seconds * 1000, 3600), "value": price.value, "amount": part.amount,
        "vat": price.vat, "rate": rate.rate, "vat_included": price.vat_included, "quality": int(Quality.MEASURED),
        "version": next(row for row in versions if case.book.prices[row] is price),
        "parts": part.seconds, "whole": 3600, "source": None,
    }  # fmt: skip


def _charge_once(case: Case, once: Once) -> dict[str, object]:
    home = once.customer.property
    days = Days(once.day, once.day + timedelta(days=1))
    segments = case.book.get_segments(once.code, Customer(home.region, home.category, home.size), days)
    if not segments:
        raise SettlementError("no_price", f"{once.code} on {once.day}", "a price for this property")
    price = case.book.prices[segments[0].version]
    return {
        "subscriber": once.customer.number, "term": 0, "kind": Kind.ONCE.value, "service": price.service,
        "code": price.code, "unit": price.unit, "start": days.start, "stop": days.stop, "quantity": once.count,
        "value": price.value, "amount": derive_amount(once.count, price.value), "vat": price.vat,
        "rate": segments[0].rate, "vat_included": price.vat_included, "quality": int(Quality.MEASURED),
        "version": segments[0].version, "parts": None, "whole": None, "source": None,
    }  # fmt: skip


def with_language(case: Case, language: str) -> Case:
    """The case with another language for its texts."""
    return replace(case, language=language)
