# SPDX-License-Identifier: Apache-2.0
"""What was invoiced before: the lines a settlement deducts, read back as they were stored."""

from __future__ import annotations

from datetime import date

import polars as pl
from django.db.models import Exists, OuterRef, Q, QuerySet

from avlest.readings.quality import READ
from avlest.settlement.contracts import EARLIER, Kind
from avlest.settlement.models import Invoice, InvoiceLine
from avlest.settlement.runs.inputs import LAST_YEAR, shape
from avlest.settlement.services.frames import Range, read_frame

_COLUMNS = (
    "account_id", "kind", "service", "code", "unit", "start", "stop", "quantity", "value", "amount", "vat", "rate",
    "vat_included", "quality", "id",
)  # fmt: skip
_CHARGED = (Kind.ADVANCE.value, Kind.FIXED.value)


def _lines(place: Range, year: int) -> QuerySet[InvoiceLine]:
    return InvoiceLine.objects.of(place.organisation_id).filter(
        **place.within("account__property"),
        start__gte=date(year, 1, 1),
        start__lt=date(year + 1, 1, 1),
    )


def get_charged_lines(place: Range, year: int, *, settled: bool) -> pl.DataFrame:
    """Return EARLIER: the a konto and fees invoiced for the days of a year, credit notes among them.

    `settled` adds the lines of the year before that rest on stipulated quantities: when the truth is less than what
    was billed, it is credited at their price.
    """
    rows = _lines(place, year).filter(kind__in=_CHARGED)
    if settled:
        stipulated = _lines(place, year - 1).filter(kind=Kind.SETTLEMENT.value, quality__lt=int(READ))
        rows = (rows | stipulated).filter(Q(kind__in=(*_CHARGED, Kind.SETTLEMENT.value)))
    return read_frame(rows.order_by("account_id", "id").values_list(*_COLUMNS), EARLIER)


def get_settled_accounts(place: Range, year: int) -> pl.Series:
    """Return the accounts whose days of a year are settled by an invoice that was not credited."""
    rows = Invoice.objects.of(place.organisation_id).filter(
        **place.within("account__property"),
        settles_from__lt=date(year + 1, 1, 1),
        settles_to__gt=date(year, 1, 1),
        corrects__isnull=True,
    )
    credited = Invoice.objects.filter(corrects=OuterRef("pk"))
    numbers = rows.filter(~Exists(credited)).values_list("account_id", flat=True)
    return pl.Series("subscriber", list(numbers), dtype=pl.Int64)


def get_last_year(place: Range, year: int) -> pl.DataFrame:
    """Return LAST_YEAR: what each account was settled for in a year, by service."""
    rows = _lines(place, year).filter(kind=Kind.SETTLEMENT.value)
    schema = {"subscriber": pl.Int64(), "service": pl.String(), "start": pl.Date(), "stop": pl.Date()}
    columns = ("account_id", "service", "start", "stop", "quantity")
    lines = read_frame(rows.values_list(*columns), {**schema, "quantity": pl.Int64()})
    summed = (
        lines.with_columns(days=(pl.col("stop") - pl.col("start")).dt.total_days())
        .group_by("subscriber", "service", maintain_order=True)
        .agg(pl.col("quantity").sum(), pl.col("days").sum())
    )
    return shape(summed, LAST_YEAR)
