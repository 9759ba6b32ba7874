# SPDX-License-Identifier: Apache-2.0
"""The settlement of a year: what was used less what was invoiced for it (rules §1.5–1.8).  Pure, over columns.

The same calculation serves one subscriber and a million: rows never see each other but for the owners of one property,
so a run over any split of the subscribers gives the lines of the run over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from avlest.settlement.contracts import CONSUMPTION, EARLIER, Kind, SplitMethod, Unit
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.columns import derive_frame
from avlest.settlement.core.credits import derive_credits
from avlest.settlement.core.deductions import derive_deductions
from avlest.settlement.core.lines import PROBLEMS, Charge, Outcome, derive_lines, derive_problems, join_lines
from avlest.settlement.core.money import derive_amount_column
from avlest.settlement.core.owners import OWNED_KEYS, derive_owned, recall_year_parts
from avlest.settlement.core.patterns import Part, derive_patterns
from avlest.settlement.core.prices import Customer, PriceBook

_VOLUMES = (Unit.VOLUME.value, Unit.ENERGY.value)


def derive_settlement(
    *,
    subscribers: pl.DataFrame,
    services: pl.DataFrame,
    consumption: pl.DataFrame,
    earlier: pl.DataFrame,
    book: PriceBook,
    year: int,
    method: SplitMethod = SplitMethod.READING,
    only: pl.Series | None = None,
    corrections: pl.DataFrame | None = None,
) -> Outcome:
    """Settle a year per subscriber; lines have term 0.

    Frames have the columns of `contracts` (missing ones are null).  `subscribers` holds every period of the properties
    concerned, `only` the subscribers to settle (all when None).  `corrections` are quantities like `consumption` that
    become lines of their own: claims and refunds after an accuracy control, at the prices of their days.

    * settlement: each quantity at the price of its days; a row across a change of price or VAT is split by `method`
      (with `READING` the caller gives one row per stretch between readings, and what is left is split by days);
    * a negative quantity (stipulated more than was used) is credited at the price it was billed at, as far as
      `earlier` holds stipulated settlement lines, else at the price of its days;
    * advance_deduction: Σ of the stored lines, credited as they were invoiced;
    * fixed and fixed_deduction: for part-of-year subscribers, yearly fees by days less those invoiced.

    Subscribers who cannot be settled are left out wholly and named in `problems`.
    """
    wanted = _derive_wanted(subscribers, only)
    earlier = _take(derive_frame(earlier, EARLIER, name="earlier"), wanted)
    owned = derive_owned(subscribers, services, year)
    owned = _take(owned, wanted)
    used = _take(derive_frame(consumption, CONSUMPTION, name="consumption"), wanted)
    credit, used = derive_credits(used, earlier)
    outcomes = [_derive_volumes(used, owned, book, method, Kind.SETTLEMENT)]
    if corrections is not None and corrections.height:
        fixed = _take(derive_frame(corrections, CONSUMPTION, name="corrections"), wanted)
        outcomes.append(_derive_volumes(fixed, owned, book, method, Kind.CORRECTION))
    partial = owned.filter(~pl.col("whole"))
    outcomes.append(_derive_fixed(partial, book, year))
    deductions = derive_deductions(earlier, partial=partial["subscriber"].unique())
    return _join(outcomes, [credit, deductions], book)


def _derive_wanted(subscribers: pl.DataFrame, only: pl.Series | None) -> pl.Series | None:
    return None if only is None else only.cast(pl.Int64).unique()


def _take(frame: pl.DataFrame, wanted: pl.Series | None) -> pl.DataFrame:
    return frame if wanted is None else frame.filter(pl.col("subscriber").is_in(wanted.implode()))


def _join(outcomes: list[Outcome], more: list[pl.DataFrame], book: PriceBook) -> Outcome:
    """All lines but those of subscribers with a problem: half a settlement is none."""
    problems = (
        pl.concat([outcome.problems for outcome in outcomes])
        .unique(maintain_order=True)
        .sort("subscriber", maintain_order=True)
    )
    lines = join_lines([*(outcome.lines for outcome in outcomes), *more], book)
    if problems.height:
        lines = lines.filter(~pl.col("subscriber").is_in(problems["subscriber"].implode()))
    return Outcome(lines, problems)


def _derive_volumes(
    used: pl.DataFrame, owned: pl.DataFrame, book: PriceBook, method: SplitMethod, kind: Kind
) -> Outcome:
    """Lines by quantity, service by service and price code by price code."""
    lines, problems = [], [_find_unowned(used, owned, book)]
    attributes = owned.select("subscriber", "service", "region", "category", "size").unique(
        ["subscriber", "service"], maintain_order=True
    )
    for service in book.get_services(*_VOLUMES):
        rows = used.filter(pl.col("service") == service).join(
            attributes.filter(pl.col("service") == service).drop("service"),
            on="subscriber",
            how="inner",
            maintain_order="left",
        )
        for code in book.get_codes(service, *_VOLUMES) if rows.height else ():
            outcome = _derive_code(rows, Charge(kind, service, code, _get_unit(book, code)), book, method)
            lines.append(outcome.lines)
            problems.append(outcome.problems)
    return Outcome(pl.concat(lines) if lines else pl.DataFrame(), pl.concat(problems))


def _get_unit(book: PriceBook, code: str) -> str:
    return next(price.unit for price in book.prices if price.code == code)


def _find_unowned(used: pl.DataFrame, owned: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """Quantities of a service that the subscriber has not, or that has no price by quantity."""
    has = owned.select("subscriber", "service").unique()
    priced = pl.Series(book.get_services(*_VOLUMES), dtype=pl.String)
    stray = used.join(has, on=["subscriber", "service"], how="anti").with_columns(
        detail=pl.lit("quantity of a service that the subscriber does not have in the year")
    )
    unpriced = used.filter(~pl.col("service").cast(pl.String).is_in(priced.implode())).with_columns(
        detail=pl.lit("a price by quantity is expected for this service")
    )
    both = pl.concat([stray, unpriced]).select(
        "subscriber", pl.col("service").cast(pl.String), pl.lit("no_service").alias("code"), "detail"
    )
    return both.unique(maintain_order=True)


def _derive_code(rows: pl.DataFrame, charge: Charge, book: PriceBook, method: SplitMethod) -> Outcome:
    def build(key: Mapping[str, Any]) -> list[Part]:
        asked = ("volume", charge.code, method, *key.values())
        return book.recall(asked, lambda: _build_volume_parts(key, book=book, code=charge.code, method=method))

    patterns, errors = derive_patterns(rows, ["region", "category", "size", "start", "stop"], build)
    cells = patterns.derive_cells()
    quantity = patterns.derive_quantity_shares(rows["quantity"].to_numpy())
    amount = derive_amount_column(quantity, cells.get(lambda part: part.value))
    lines = derive_lines(rows, cells, charge, quantity=quantity, amount=amount, book=book)
    return Outcome(lines, derive_problems(rows, charge.service, patterns.of_row, errors))


def _build_volume_parts(key: Mapping[str, Any], *, book: PriceBook, code: str, method: SplitMethod) -> list[Part]:
    """One part per stretch of days with one price and VAT rate."""
    days = Days(key["start"], key["stop"])
    customer = Customer(key["region"], key["category"], key["size"])
    year = book.get_pieces(code, customer, derive_year(days.start.year))
    return [
        Part(
            segment.days, _weigh(segment.days, year, method),
            version=segment.version, value=segment.value, rate=segment.rate, vat_included=segment.vat_included,
            numbers=(segment.days.length, days.length),
        )
        for segment in book.get_segments(code, customer, days)
    ]  # fmt: skip


def _weigh(piece: Days, year: list[Days], method: SplitMethod) -> Fraction:
    """By days; with equal parts each price of the year weighs the same, and its days share that (rules §1.3)."""
    if method != SplitMethod.EQUAL_PARTS:
        return Fraction(piece.length)
    whole = next((segment for segment in year if segment.overlap(piece) == piece), piece)
    return Fraction(piece.length, whole.length)


def _derive_fixed(rows: pl.DataFrame, book: PriceBook, year: int) -> Outcome:
    """Yearly fees by days, for subscribers of a part of the year."""
    lines, problems = [], []
    for service in book.get_services(Unit.YEAR.value):
        own = rows.filter(pl.col("service") == service)
        for code in book.get_codes(service, Unit.YEAR.value) if own.height else ():
            outcome = derive_fixed_code(own, Charge(Kind.FIXED, service, code, Unit.YEAR.value), book, year)
            lines.append(outcome.lines)
            problems.append(outcome.problems)
    nothing = pl.DataFrame(schema=PROBLEMS)
    return Outcome(pl.concat(lines) if lines else pl.DataFrame(), pl.concat(problems) if problems else nothing)


def derive_fixed_code(rows: pl.DataFrame, charge: Charge, book: PriceBook, year: int) -> Outcome:
    """One yearly price for rows of `derive_owned`: one line per stretch with one price."""

    def build(key: Mapping[str, Any]) -> list[Part]:
        return recall_year_parts(key, book=book, code=charge.code, year=year)

    patterns, errors = derive_patterns(rows, OWNED_KEYS, build)
    cells = patterns.derive_cells()
    count = rows["count"].cast(pl.Int64).to_numpy() * 1000
    amount = patterns.derive_amount_shares(count)
    lines = derive_lines(rows, cells, charge, quantity=count[cells.row], amount=amount, book=book)
    return Outcome(lines, derive_problems(rows, charge.service, patterns.of_row, errors))
