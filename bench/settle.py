# SPDX-License-Identifier: Apache-2.0
"""How fast a year is settled.

    python bench/settle.py [--subscribers 1000000] [--chunk 100000] [--workers 2]

* pure: the calculation alone, from quantities and invoiced lines as columns to lines and totals.  A year with the
  VAT change and a price change, 3 % moves, a fifth of the subscribers on monthly terms: the settlement, the new year's
  a konto and fees of the term on the same invoice, and the VAT totals of every invoice.  Apart from it, all terms of
  the new year.  Beside it a plain Polars pass over the same lines (quantity × price, rounded, summed by subscriber),
  which no settlement could be faster than: the ratio is what exactness, splits, order and rules cost.

Subscribers are settled in chunks, `workers` at once, which gives the same lines as all at once (a property-based test
says so) and bounds the memory.  Making the input is not counted.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from avlest.settlement.contracts import EARLIER, Price, VatRate
from avlest.settlement.core.calendar import derive_year
from avlest.settlement.core.lines import Outcome
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.settle import derive_settlement
from avlest.settlement.core.terms import Wanted, derive_advance_column, derive_terms
from avlest.settlement.core.totals import derive_totals

YEAR = 2025
START, STOP = derive_year(YEAR)
SERVICES = ("water", "wastewater")


@dataclass(slots=True)
class Figures:
    """What was measured, summed over the chunks."""

    seconds: float = 0
    processor: float = 0
    plain: float = 0
    lines: int = 0
    subscribers: int = 0
    amount: int = 0
    terms: int = 0
    all_terms: float = 0


@dataclass(frozen=True, slots=True)
class Town:
    """One chunk's input."""

    subscribers: pl.DataFrame
    services: pl.DataFrame
    consumption: pl.DataFrame
    plans: pl.DataFrame
    earlier: pl.DataFrame


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    book, figures = build_book(), Figures()
    starts = range(0, options.subscribers, options.chunk)
    with ThreadPoolExecutor(options.workers) as pool:
        for at in range(0, len(starts), options.workers):
            some = starts[at : at + options.workers]
            sizes = {first: min(options.chunk, options.subscribers - first) for first in some}
            measure([build_town(first, size, book) for first, size in sizes.items()], book, figures, pool)
    show(figures)


def build_book() -> PriceBook:
    """Water rises on 1 May 2025, VAT falls on 1 July; two categories."""
    vat = [VatRate("water", 2500, None, date(2025, 7, 1)), VatRate("water", 1500, date(2025, 7, 1))]
    rise = date(2025, 5, 1)
    prices = []
    for code, service, value, fixed in (("W", "water", 362_160, 25_360_000), ("S", "wastewater", 488_560, 27_360_000)):
        prices += [
            Price(
                code=f"{code}_VOL", service=service, unit="m3", value=value, vat="water", vat_included=False,
                valid_to=rise,
            ),
            Price(
                code=f"{code}_VOL", service=service, unit="m3", value=value + 20_000, vat="water", vat_included=False,
                valid_from=rise,
            ),
            Price(code=f"{code}_FIX", service=service, unit="year", value=fixed, vat="water", vat_included=False),
        ]  # fmt: skip
    return PriceBook(prices, vat)


def build_town(first: int, count: int, book: PriceBook) -> Town:
    """`count` subscribers; of 103 the last three moved into a property of another on a day of the year."""
    random = np.random.default_rng(first)
    number = np.arange(first, first + count)
    moved = np.flatnonzero(np.arange(count) % 103 >= 100)
    day = random.integers(5, 360, count)
    start, stop = np.full(count, np.datetime64("2019-01-01")), np.full(count, np.datetime64("NaT", "D"))
    start[moved] = np.datetime64(START) + day[moved]
    stop[moved - 3] = np.datetime64(START) + day[moved]
    home = number.copy()
    home[moved] = number[moved - 3]
    subscribers = pl.DataFrame({"subscriber": number, "property": home, "start": start, "stop": stop})
    subscribers = subscribers.with_columns(pl.col("start", "stop").cast(pl.Date))
    services = pl.concat(
        [subscribers.select("subscriber", service=pl.lit(name), category=pl.lit("home")) for name in SERVICES]
    )
    consumption = cut_by_price(subscribers, random)
    plans = pl.DataFrame({"subscriber": number, "count": np.where(number % 5 == 0, 12, 4)})
    advances = services.select("subscriber", "service", quantity=pl.lit(140_000, pl.Int64))
    invoiced = derive_terms(
        subscribers=subscribers, services=services, advances=advances, plans=plans, book=book, year=YEAR
    ).lines
    earlier = invoiced.select(name for name in EARLIER if name in invoiced.columns)
    return Town(subscribers, services, consumption, plans, earlier)


def cut_by_price(subscribers: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """One row per subscriber, service and price segment, as the series give them."""
    used = subscribers.with_columns(
        pl.max_horizontal("start", pl.lit(START)).alias("start"),
        pl.min_horizontal(pl.col("stop").fill_null(STOP), STOP).alias("stop"),
    )
    bounds = [START, date(2025, 5, 1), date(2025, 7, 1), STOP]
    rows = []
    for service in SERVICES:
        for low, high in pairwise(bounds):
            cut = used.with_columns(
                pl.max_horizontal("start", pl.lit(low)).alias("start"),
                pl.min_horizontal("stop", pl.lit(high)).alias("stop"),
            ).filter(pl.col("start") < pl.col("stop"))
            quantity = random.integers(5_000, 90_000, cut.height)
            rows.append(
                cut.select(
                    "subscriber", "start", "stop", service=pl.lit(service), quantity=pl.Series(quantity),
                    quality=pl.lit(50, pl.Int16),
                )
            )  # fmt: skip
    return pl.concat(rows)


def measure(towns: list[Town], book: PriceBook, figures: Figures, pool: ThreadPoolExecutor) -> None:
    """Settle some chunks at once and add up."""
    processor, began = time.process_time(), time.perf_counter()
    settled = list(pool.map(lambda town: settle(town, book), towns))
    figures.seconds += time.perf_counter() - began
    figures.processor += time.process_time() - processor
    began = time.perf_counter()
    figures.terms += sum(pool.map(lambda town: plan(town, book, None).lines.height, towns))
    figures.all_terms += time.perf_counter() - began
    for town, (lines, totals) in zip(towns, settled, strict=True):
        figures.lines += lines.height
        figures.subscribers += town.subscribers.height
        figures.amount += int(totals["gross"].sum())
    began = time.perf_counter()
    list(pool.map(lambda result: run_plain(result[0]), settled))
    figures.plain += time.perf_counter() - began


def settle(town: Town, book: PriceBook) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines and totals of one chunk's invoices: the settlement and the term due with it."""
    settled = derive_settlement(
        subscribers=town.subscribers, services=town.services, consumption=town.consumption, earlier=town.earlier,
        book=book, year=YEAR,
    )  # fmt: skip
    planned = plan(town, book, {4: [1], 12: [4]})
    assert not settled.problems.height
    assert not planned.problems.height
    lines = pl.concat([settled.lines, planned.lines])
    return lines, derive_totals(lines, ["subscriber"])


def plan(town: Town, book: PriceBook, wanted: Wanted | None) -> Outcome:
    """The next year's a konto and terms, of those who stay."""
    stay = town.subscribers.filter(pl.col("stop").is_null())
    length = (pl.col("stop").max() - pl.col("start").min()).dt.total_days()
    used = town.consumption.group_by("subscriber", "service").agg(pl.col("quantity").sum(), days=length)
    quantity = derive_advance_column(pl.col("quantity"), pl.col("days"), standard=pl.lit(120_000), shortest=90)
    return derive_terms(
        wanted=wanted,
        subscribers=stay, services=town.services, advances=used.select("subscriber", "service", quantity=quantity),
        plans=town.plans, book=book, year=YEAR + 1,
    )  # fmt: skip


def run_plain(lines: pl.DataFrame) -> int:
    """Quantity × price, rounded and summed by subscriber: what any settlement must at least do."""
    amount = (pl.col("quantity") * pl.col("value") + 50_000).floordiv(100_000)
    sums = lines.lazy().select("subscriber", amount=amount).group_by("subscriber").agg(pl.col("amount").sum()).collect()
    return int(sums["amount"].sum())


def show(figures: Figures) -> None:
    """Print the figures."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"pure: {figures.subscribers} subscribers, {figures.lines} lines in {figures.seconds:.2f} s, "
        f"{figures.processor:.2f} s of processor time "
        f"({figures.lines / figures.seconds:,.0f} lines/s), peak memory {memory:.2f} GB"
    )
    print(
        f"all {figures.terms} term lines of the next year: {figures.all_terms:.2f} s; "
        f"plain Polars pass over the invoices' lines: {figures.plain:.2f} s; "
        f"ratio {figures.seconds / figures.plain:.1f}; "
        f"Σ {figures.amount / 100:,.2f} kr"
    )


if __name__ == "__main__":
    main()
