# SPDX-License-Identifier: Apache-2.0
"""Ordered services as lines: single fees, and work by time bands (rules §1.11).  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from avlest.readings.calendar import derive_local_day
from avlest.settlement.contracts import LINES, Kind, Price, SettlementError, Unit
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.lines import PROBLEMS
from avlest.settlement.core.money import derive_amount, derive_rounded
from avlest.settlement.core.prices import Customer, PriceBook, Segment
from avlest.settlement.core.work import WorkPart, derive_visit
from avlest.settlement.runs.inputs import shape

Holidays = Callable[[Sequence[int]], AbstractSet[date]]
"""The public holidays of some years."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One ordered service: `code` is a price code, or a service: all its single fees, or its hours."""

    number: int
    subscriber: int
    code: str
    start: datetime
    stop: datetime | None
    quantity: int
    customer: Customer


def derive_order_lines(
    orders: Sequence[Order], book: PriceBook, holidays: Holidays
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the LINES of orders, and what could not be priced (PROBLEMS); `source` is the order's number."""
    rows: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    for order in orders:
        try:
            rows += _price_order(order, book, holidays)
        except SettlementError as error:
            found = {"service": order.code, "code": error.code, "detail": str(error)}
            problems.append({"subscriber": order.subscriber, **found})
    lines = shape(pl.DataFrame(rows, schema_overrides=dict(LINES)), LINES)
    return lines, pl.DataFrame(problems, schema=dict(PROBLEMS))


def _price_order(order: Order, book: PriceBook, holidays: Holidays) -> list[dict[str, Any]]:
    day = derive_local_day(order.start)
    segments = _find_segments(order, book, day)
    once = [segment for segment in segments if book.prices[segment.version].unit == Unit.ONCE]
    if once:
        # A connection is a fee for water and one for wastewater: ordered by service, all of its fees are charged.
        return [
            _make_line(order, book, one, day, order.quantity, derive_amount(order.quantity, one.value)) for one in once
        ]
    if order.stop is None:
        raise SettlementError("no_end", f"order {order.number}", "an end: the service is charged by the hour")
    by_version = {segment.version: segment for segment in segments}
    prices = [book.prices[version] for version in by_version]
    parts = derive_visit(prices, order.start, order.stop, holidays([day.year, day.year + 1]))
    versions = {id(price): version for version, price in zip(by_version, prices, strict=True)}
    return [_make_work(order, book, by_version[versions[id(part.price)]], day, part) for part in parts]


def _find_segments(order: Order, book: PriceBook, day: date) -> list[Segment]:
    days = Days(day, day + timedelta(days=1))
    units = (Unit.ONCE.value, Unit.HOUR.value)
    codes = {price.code for price in book.prices if price.unit in units and _is_ordered(order.code, price)}
    found = [segment for code in sorted(codes) for segment in book.get_segments(code, order.customer, days)]
    if not found:
        text = f"a price per hour or a single fee called {order.code} on {day}"
        raise SettlementError("no_price", f"order {order.number}", text)
    return found


def _is_ordered(code: str, price: Price) -> bool:
    """A price by its code, by its service, or by what its service begins with: `connection` is water and wastewater."""
    return code in (price.code, price.service) or price.service.startswith(f"{code}_")


def _make_work(order: Order, book: PriceBook, segment: Segment, day: date, part: WorkPart) -> dict[str, Any]:
    return _make_line(order, book, segment, day, derive_rounded(part.seconds * 1000, 3600), part.amount)


def _make_line(
    order: Order, book: PriceBook, segment: Segment, day: date, quantity: int, amount: int
) -> dict[str, Any]:
    price = book.prices[segment.version]
    kind = Kind.ONCE if price.unit == Unit.ONCE else Kind.WORK
    return {
        "subscriber": order.subscriber, "term": 0, "kind": kind.value, "service": price.service, "code": price.code,
        "unit": price.unit, "start": day, "stop": day + timedelta(days=1), "quantity": quantity, "value": segment.value,
        "amount": amount, "vat": segment.vat, "rate": segment.rate, "vat_included": segment.vat_included,
        "version": segment.version, "source": order.number,
    }  # fmt: skip
