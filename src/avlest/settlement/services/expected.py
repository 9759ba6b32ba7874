# SPDX-License-Identifier: Apache-2.0
"""The settlement as it would be if the year went on as it began, for every subscriber, all year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import connection, transaction

from avlest.readings.calendar import derive_local_day
from avlest.readings.quality import READ
from avlest.readings.tables import Store
from avlest.registry.services.bulk import insert_values
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.prices import Customer, PriceBook
from avlest.settlement.models import Expected
from avlest.settlement.runs.expected import derive_expected
from avlest.settlement.runs.inputs import Parameters
from avlest.settlement.runs.quantities import Services, derive_consumption, derive_quantities, derive_spans
from avlest.settlement.runs.spans import derive_span_sums
from avlest.settlement.services.evidence import read_daily
from avlest.settlement.services.frames import Range
from avlest.settlement.services.gather import (
    Wanted,
    get_accounts,
    get_advances,
    get_points,
    get_services,
    split_properties,
)
from avlest.settlement.services.prices import make_price_book
from avlest.settlement.settings import Options, get_options

_PART_SIZE = 5000


def do_update_expected(organisation_id: int, *, store: Store, now: datetime) -> int:
    """Work out the running settlement of every open account and keep it; return how many.

    Derived and disposable: rows are replaced, part by part, so it may be stopped at any moment and run again.
    """
    today = derive_local_day(now)
    options, book = get_options(organisation_id), make_price_book(organisation_id)
    count = 0
    for place in split_properties(organisation_id, size=_PART_SIZE, accounts=None):
        rows = _derive_part(store, place, today, options, book)
        count += _replace(place, rows, today.year, now)
    return count


def _derive_part(store: Store, place: Range, today: date, options: Options, book: PriceBook) -> pl.DataFrame:
    year = today.year
    parameters = Parameters(
        kind="term", year=year, settles=False, charge_year=year, due_terms={1: (1,)}, past_terms={},
        method=options.method.value, shortest=0,
    )  # fmt: skip
    wanted = Wanted(parameters=parameters, book=book, options=options)
    accounts = get_accounts(place, wanted)
    rules = Services.from_options(options.values["services"])
    services = get_services(place)
    points = get_points(place, rules)
    spans = derive_spans(accounts.filter("charge"), points, year=year, cuts=(today,))
    spans = spans.filter(pl.col("stop") <= today)
    daily = read_daily(store, spans["series"].drop_nulls().unique().sort(), date(year, 1, 1), today)
    sums = derive_span_sums(daily, spans, read_from=int(READ))
    # Days that are not known yet take the average of the others.
    quantities = derive_quantities(sums).with_columns(method=pl.lit("difference"))
    used, _ = derive_consumption(quantities, services, rules=rules)
    known = quantities.group_by("subscriber").agg(days_known=(pl.col("days") - pl.col("days_missing")).min())
    unit = _price_units(services, book, today)
    return derive_expected(
        used, known, get_advances(place, parameters), unit, year=year, through=today,
        thresholds=options.values["expected"],
    )  # fmt: skip


def _price_units(services: pl.DataFrame, book: PriceBook, today: date) -> pl.DataFrame:
    """Each subscriber's price a unit of each service today, with VAT, in ten-thousandths of a krone."""
    keys = ["service", "region", "category", "size"]
    distinct = services.select(keys).unique(maintain_order=True)
    prices = [_price_unit(row, book, today) for row in distinct.iter_rows(named=True)]
    units = distinct.with_columns(value=pl.Series(prices, dtype=pl.Int64))
    return services.join(units, on=keys, how="left").group_by("subscriber", "service").agg(pl.col("value").first())


def _price_unit(row: Mapping[str, Any], book: PriceBook, today: date) -> int:
    customer = Customer(row["region"] or "", row["category"] or "", row["size"] or "")
    day = Days(today, date.fromordinal(today.toordinal() + 1))
    total = 0
    for code in book.get_codes(row["service"], "m3", "kWh"):
        for segment in book.get_segments(code, customer, day):
            factor = 10_000 if segment.vat_included else 10_000 + segment.rate
            total += segment.value * factor // 10_000
    return total


@transaction.atomic
def _replace(place: Range, rows: pl.DataFrame, year: int, now: datetime) -> int:
    Expected.objects.of(place.organisation_id).filter(year=year, **place.within("account__property")).delete()
    made_at = connection.ops.adapt_datetimefield_value(now)
    names = ("subscriber", "through", "used", "projected", "advance", "balance", "proposal")
    frame = rows.select(pl.col(name).cast(pl.String) if name == "through" else pl.col(name) for name in names)
    values = [(place.organisation_id, year, made_at, *row) for row in frame.iter_rows()]
    columns = ("organisation_id", "year", "made_at", "account_id", *names[1:])
    insert_values(Expected, columns, values)
    return len(values)
