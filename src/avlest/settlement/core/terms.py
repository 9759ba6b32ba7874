# SPDX-License-Identifier: Apache-2.0
"""The new year: a konto from last year's use, and everything spread over the terms (rules §1.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import polars as pl

from avlest.settlement.contracts import Kind, SettlementError, Unit
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.calendar import derive_terms as derive_term_days
from avlest.settlement.core.lines import PROBLEMS, Charge, Outcome, derive_lines, derive_problems, join_lines
from avlest.settlement.core.money import Ints, derive_rounded
from avlest.settlement.core.owners import OWNED_KEYS, derive_owned, derive_term_weight, recall_year_parts
from avlest.settlement.core.patterns import Cells, Part, derive_patterns
from avlest.settlement.core.prices import PriceBook

PLANS = (1, 2, 3, 4, 6, 12)
"""Numbers of terms that cut the year in whole months."""
_VOLUMES = (Unit.VOLUME.value, Unit.ENERGY.value)

ADVANCES: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "service": pl.String(),
    "quantity": pl.Int64(),
}
"""The a konto of a year (thousandths of the unit); who has part of the year gets the part of it by days."""


Wanted = Mapping[int, Collection[int]]
"""Terms (from 1) by number of terms a year."""


@dataclass(frozen=True, slots=True)
class _Year:
    """What all services of a plan share."""

    book: PriceBook
    year: int
    wanted: Wanted | None

    def is_wanted(self, count: int, term: int) -> bool:
        """Whether lines are made of a term."""
        return self.wanted is None or term in self.wanted.get(count, ())


def derive_advance(quantity: int, days: int, *, standard: int | None, shortest: int, year_days: int = 365) -> int:
    """A year's a konto from the use of `days` days: as it is for a full year, else annualised by days.

    With fewer than `shortest` days the `standard` stipulation is used.  Raises SettlementError `no_standard` where
    that is needed and not given.
    """
    if days >= year_days:
        return max(0, quantity)
    if days >= shortest:
        return max(0, derive_rounded(quantity * year_days, days))
    if standard is None:
        text = f"a standard stipulation (area or persons), because only {days} days of use are known"
        raise SettlementError("no_standard", "advance", text)
    return standard


def derive_advance_column(
    quantity: pl.Expr, days: pl.Expr, *, standard: pl.Expr, shortest: int, year_days: int = 365
) -> pl.Expr:
    """`derive_advance` for columns; null where a standard is needed and missing."""
    annual = (2 * quantity.clip(lower_bound=0) * year_days + days).floordiv(2 * days)
    full = pl.when(days >= year_days).then(quantity.clip(lower_bound=0))
    return full.when(days >= shortest).then(annual).otherwise(standard)


def derive_proposal(
    used: int, days: Days, current: int, *, year_days: int, least_days: int, least_change: Fraction
) -> int | None:
    """A new yearly a konto when use so far says another one than `current`, else None.

    `used` in `days` is annualised; it is proposed only after `least_days` and when it differs by more than
    `least_change` of the current one.
    """
    if days.length < least_days:
        return None
    annual = derive_rounded(max(0, used) * year_days, days.length)
    return annual if abs(annual - current) > least_change * current else None


def derive_terms(
    *,
    subscribers: pl.DataFrame,
    services: pl.DataFrame,
    advances: pl.DataFrame,
    plans: pl.DataFrame,
    book: PriceBook,
    year: int,
    wanted: Wanted | None = None,
) -> Outcome:
    """All term lines of a year: a konto and yearly fees; the terms sum to the year to the øre.

    `plans` has `subscriber` and `count` (terms a year: 1, 2, 3, 4, 6 or 12); `advances` the columns of ADVANCES.  A
    subscriber of part of the year gets that part, in the terms that have days of it.  `wanted` names, by number of
    terms, those that lines are made of (all when None); their amounts are the same whether others are made or not.
    """
    bad = plans.filter(~pl.col("count").is_in(PLANS))
    if bad.height:
        text = f"a number of terms among {', '.join(map(str, PLANS))}, not {bad['count'][0]}"
        raise SettlementError("bad_terms", f"subscriber {bad['subscriber'][0]}", text)
    owned = derive_owned(subscribers, services, year).join(
        plans.select("subscriber", terms=pl.col("count").cast(pl.Int64)),
        on="subscriber",
        how="inner",
        maintain_order="left",
    )
    frame = _Year(book, year, wanted)
    outcomes = [_derive_advances(owned, advances, frame), _derive_fees(owned, frame)]
    problems = pl.concat([outcome.problems for outcome in outcomes])
    lines = join_lines([outcome.lines for outcome in outcomes], book)
    if problems.height:
        lines = lines.filter(~pl.col("subscriber").is_in(problems["subscriber"].implode()))
    return Outcome(lines, problems)


def _derive_advances(owned: pl.DataFrame, advances: pl.DataFrame, frame: _Year) -> Outcome:
    book = frame.book
    # A service may have several rows (two rented meters): the a konto counts once.
    once = owned.unique(["subscriber", "service"], maintain_order=True)
    quantities = advances.select(
        "subscriber", pl.col("service").cast(pl.Categorical()), annual=pl.col("quantity").cast(pl.Int64)
    )
    rows = once.join(quantities, on=["subscriber", "service"], how="inner", maintain_order="left")
    outcomes = [
        _spread(rows.filter(pl.col("service") == service), Charge(Kind.ADVANCE, service, code, unit), frame, "annual")
        for unit in _VOLUMES
        for service in book.get_services(unit)
        for code in book.get_codes(service, unit)
    ]
    return _gather(outcomes)


def _derive_fees(owned: pl.DataFrame, frame: _Year) -> Outcome:
    book = frame.book
    rows = owned.with_columns(thousandths=pl.col("count").cast(pl.Int64) * 1000)
    unit = Unit.YEAR.value
    outcomes = [
        _spread(
            rows.filter(pl.col("service") == service),
            Charge(Kind.FIXED, service, code, unit),
            frame,
            "thousandths",
        )
        for service in book.get_services(unit)
        for code in book.get_codes(service, unit)
    ]
    return _gather(outcomes)


def _gather(outcomes: list[Outcome]) -> Outcome:
    lines = [outcome.lines for outcome in outcomes if outcome.lines.height]
    problems = [outcome.problems for outcome in outcomes if outcome.problems.height]
    return Outcome(
        pl.concat(lines) if lines else pl.DataFrame(),
        pl.concat(problems) if problems else pl.DataFrame(schema=PROBLEMS),
    )


def _spread(rows: pl.DataFrame, charge: Charge, frame: _Year, column: str) -> Outcome:
    """Who has the whole year at one price at once by terms; the others first by price and days, then over their terms.

    The first way puts the left-over øre on the first terms of the year, whatever VAT does in it.
    """

    def build(key: Mapping[str, Any]) -> list[Part]:
        return recall_year_parts(key, book=frame.book, code=charge.code, year=frame.year)

    patterns, _ = derive_patterns(rows, OWNED_KEYS, build)
    at_once = pl.Series(patterns.find(_is_at_once)[patterns.of_row], dtype=pl.Boolean())
    return _gather(
        [
            _spread_whole(rows.filter(at_once), charge, frame, column),
            _spread_partial(rows.filter(~at_once), charge, frame, column),
        ]
    )


def _is_at_once(parts: Sequence[Part]) -> bool:
    """Whether one price holds on all of a year that one subscriber has."""
    return bool(parts) and all(part.kept and not part.by_days and part.group == 0 for part in parts)


def _spread_whole(rows: pl.DataFrame, charge: Charge, frame: _Year, column: str) -> Outcome:
    """The year's amount, split over the terms in one go."""

    def build(key: Mapping[str, Any]) -> list[Part]:
        parts = recall_year_parts(
            {name: key[name] for name in OWNED_KEYS}, book=frame.book, code=charge.code, year=frame.year
        )
        return [piece for part in parts for piece in derive_term_parts(part, int(key["terms"]), frame)]

    patterns, errors = derive_patterns(rows, [*OWNED_KEYS, "terms"], build)
    cells, totals = patterns.derive_cells(), rows[column].to_numpy()
    lines = derive_lines(
        rows, cells, charge, book=frame.book,
        quantity=patterns.derive_quantity_shares(totals) if charge.kind == Kind.ADVANCE else totals[cells.row],
        amount=patterns.derive_amount_shares(totals),
    )  # fmt: skip
    return Outcome(lines, derive_problems(rows, charge.service, patterns.of_row, errors))


def _spread_partial(rows: pl.DataFrame, charge: Charge, frame: _Year, column: str) -> Outcome:
    """First what falls on the subscriber's days at each price, then that over the terms."""

    def build(key: Mapping[str, Any]) -> list[Part]:
        return recall_year_parts(key, book=frame.book, code=charge.code, year=frame.year)

    patterns, errors = derive_patterns(rows, OWNED_KEYS, build)
    cells, totals = patterns.derive_cells(), rows[column].to_numpy()
    amount = patterns.derive_amount_shares(totals)
    # A fee's quantity is how many there are (one dwelling), in each term; a volume's is spread with its amount.
    by_volume = charge.kind == Kind.ADVANCE
    quantity = patterns.derive_quantity_shares(totals) if by_volume else totals[cells.row]
    lines = _spread_over_terms(rows, cells, quantity, amount, charge=charge, frame=frame)
    return Outcome(lines, derive_problems(rows, charge.service, patterns.of_row, errors))


def _spread_over_terms(
    rows: pl.DataFrame, cells: Cells, quantity: Ints, amount: Ints, *, charge: Charge, frame: _Year
) -> pl.DataFrame:
    """Split each cell over the terms that its days touch."""
    of_cell = pl.DataFrame({"part": cells.part, "terms": rows["terms"].gather(cells.row)})

    def build(key: Mapping[str, Any]) -> list[Part]:
        part = replace(cells.parts[key["part"]], group=0, counts=True)
        return derive_term_parts(part, int(key["terms"]), frame)

    patterns, _ = derive_patterns(of_cell, ["part", "terms"], build)
    spread = patterns.derive_cells()
    by_volume = charge.kind == Kind.ADVANCE
    over = Cells(cells.row[spread.row], spread.part, spread.parts)
    return derive_lines(
        rows, over, charge, book=frame.book,
        quantity=patterns.derive_quantity_shares(quantity) if by_volume else quantity[spread.row],
        amount=patterns.derive_quantity_shares(amount),
    )  # fmt: skip


def derive_term_parts(part: Part, count: int, frame: _Year) -> list[Part]:
    """A part of the year cut by terms: a whole term is 1 of `count`, a cut one so many days of the year.

    Who has the property for a part of the year pays for days; who has it all pays the same each term.
    """
    parts = []
    for number, term in enumerate(derive_term_days(frame.year, count), start=1):
        both = part.days.overlap(term)
        if both:
            whole = both == term and not part.by_days
            weight = Fraction(both.length) if part.by_days else derive_term_weight(part.days, term)
            numbers = (1, count) if whole else (both.length, derive_year(frame.year).length)
            kept = part.kept and frame.is_wanted(count, number)
            parts.append(replace(part, days=both, weight=weight, term=number, kept=kept, numbers=numbers))
    return parts
