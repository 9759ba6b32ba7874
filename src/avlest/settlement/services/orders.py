# SPDX-License-Identifier: Apache-2.0
"""Ordered services that wait to be charged, and the invoice each came to stand on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import holidays
import polars as pl

from avlest.settlement.contracts import LINES, Kind
from avlest.settlement.core.lines import PROBLEMS
from avlest.settlement.core.prices import Customer, PriceBook
from avlest.settlement.models import ServiceOrder
from avlest.settlement.runs.inputs import empty
from avlest.settlement.runs.orders import Order, derive_order_lines
from avlest.settlement.services.frames import Range


def gather_orders(
    place: Range, accounts: pl.DataFrame, services: pl.DataFrame, book: PriceBook
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines of the orders that no invoice holds yet, of accounts in this run, and orders without a price."""
    rows = ServiceOrder.objects.of(place.organisation_id).filter(
        **place.within("account__property"), invoice__isnull=True
    )
    waiting = list(rows.order_by("account_id", "starts_at", "pk"))
    if not waiting:
        return empty(LINES), empty(PROBLEMS)
    taken = set(accounts.filter(pl.col("settle") | pl.col("charge"))["subscriber"].to_list())
    first = services.unique("subscriber", keep="first", maintain_order=True)
    customers = {row["subscriber"]: row for row in first.iter_rows(named=True)}
    orders = [
        Order(
            number=row.pk, subscriber=row.account_id, code=row.code, start=row.starts_at, stop=row.ends_at,
            quantity=int(row.quantity * 1000), customer=_get_customer(customers.get(row.account_id)),
        )
        for row in waiting if row.account_id in taken
    ]  # fmt: skip
    return derive_order_lines(orders, book, get_holidays)


def _get_customer(row: dict[str, str] | None) -> Customer:
    return Customer() if row is None else Customer(row["region"] or "", row["category"] or "", row["size"] or "")


def get_holidays(years: Sequence[int]) -> frozenset[date]:
    """Return the Norwegian public holidays of some years."""
    return frozenset(holidays.country_holidays("NO", years=list(years)))


def mark_charged(lines: pl.DataFrame, invoices: pl.DataFrame) -> None:
    """Tie each order to the invoice that charges it: it is charged once, however often its run is started."""
    kinds = (Kind.WORK.value, Kind.ONCE.value)
    rows = lines.filter(pl.col("kind").is_in(kinds)).select("subscriber", "source").unique()
    for order, invoice in rows.join(invoices, on="subscriber").select("source", "invoice").iter_rows():
        ServiceOrder.objects.filter(pk=order, invoice__isnull=True).update(invoice_id=invoice)
