# SPDX-License-Identifier: Apache-2.0
"""From what a run used to its lines: the one calculation behind preview, final and rerun.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date

import polars as pl

from avlest.settlement.contracts import LINES, Kind, SplitMethod
from avlest.settlement.core.lines import PROBLEMS
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.settle import derive_settlement
from avlest.settlement.core.terms import derive_advance_column, derive_terms
from avlest.settlement.core.totals import derive_vat_totals
from avlest.settlement.runs.inputs import ADVANCES, Inputs, Parameters, empty, shape
from avlest.settlement.runs.respread import derive_respread

PROBLEM_COLUMNS = PROBLEMS
VAT_TOTALS = {
    "subscriber": pl.Int64(),
    "rate": pl.Int32(),
    "base": pl.Int64(),
    "vat": pl.Int64(),
    "gross": pl.Int64(),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a part of a run came to.

    `lines` (contracts.LINES with text columns and `position`, from 1 for each subscriber), `totals` per subscriber and
    VAT rate, `advances` the new a konto, `problems` the subscribers left out with the reason.
    """

    lines: pl.DataFrame
    totals: pl.DataFrame
    advances: pl.DataFrame
    problems: pl.DataFrame

    def get_frames(self) -> dict[str, pl.DataFrame]:
        """Return the frames by name, for storage."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def calculate(inputs: Inputs, book: PriceBook, parameters: Parameters) -> Results:
    """Return the lines of one part; the same inputs, prices and parameters always give the same øre."""
    settled, problems = _settle(inputs, book, parameters)
    advances = _derive_advances(inputs, parameters)
    charged, term_problems = _charge(inputs, advances, book, parameters)
    problems = pl.concat([problems, term_problems]).unique(maintain_order=True)
    lines = pl.concat([settled, shape(inputs.orders, LINES), charged]).filter(
        ~pl.col("subscriber").is_in(problems["subscriber"].implode())
    )
    lines = lines.sort("subscriber", maintain_order=True).with_columns(
        position=pl.int_range(1, pl.len() + 1).over("subscriber").cast(pl.Int32)
    )
    return Results(lines=lines, totals=_total(lines), advances=advances, problems=problems)


def _settle(inputs: Inputs, book: PriceBook, parameters: Parameters) -> tuple[pl.DataFrame, pl.DataFrame]:
    wanted = inputs.accounts.filter("settle")["subscriber"]
    if not parameters.settles or not len(wanted):
        return empty(LINES), empty(PROBLEMS)
    outcome = derive_settlement(
        subscribers=inputs.subscribers, services=inputs.services, consumption=inputs.consumption,
        earlier=inputs.earlier, book=book, year=parameters.year, method=SplitMethod(parameters.method), only=wanted,
    )  # fmt: skip
    return shape(outcome.lines, LINES), outcome.problems


def _derive_advances(inputs: Inputs, parameters: Parameters) -> pl.DataFrame:
    """The a konto of the charged year: from the settled year, else what is agreed already."""
    if not parameters.settles or parameters.charge_year <= parameters.year:
        return inputs.advances
    first = date(parameters.year, 1, 1)
    year_days = (date(parameters.year + 1, 1, 1) - first).days
    going_on = inputs.accounts.filter("charge").select("subscriber", "standard")
    used = (
        inputs.consumption.filter(pl.col("start") >= first)
        .group_by("subscriber", "service", maintain_order=True)
        .agg(pl.col("quantity").sum(), days=(pl.col("stop") - pl.col("start")).dt.total_days().sum())
        .join(going_on, on="subscriber", how="inner", maintain_order="left")
    )
    quantity = derive_advance_column(
        pl.col("quantity"), pl.col("days"), standard=pl.col("standard"), shortest=parameters.shortest,
        year_days=year_days,
    )  # fmt: skip
    fresh = shape(used.with_columns(quantity=quantity.cast(pl.Int64)), ADVANCES).drop_nulls("quantity")
    # What was asked for or agreed for the new year stands; the settlement only fills in the rest.
    rest = fresh.join(inputs.advances, on=["subscriber", "service"], how="anti", maintain_order="left")
    return pl.concat([inputs.advances, rest])


def _charge(
    inputs: Inputs, advances: pl.DataFrame, book: PriceBook, parameters: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    plans = inputs.accounts.filter("charge").select("subscriber", count=pl.col("terms").cast(pl.Int64))
    if not plans.height or not any(parameters.due_terms.values()):
        return empty(LINES), empty(PROBLEMS)
    outcome = derive_terms(
        subscribers=inputs.subscribers, services=inputs.services, advances=advances, plans=plans, book=book,
        year=parameters.charge_year,
    )  # fmt: skip
    lines = shape(outcome.lines, LINES)
    due, past = (_to_frame(terms) for terms in (parameters.due_terms, parameters.past_terms))
    lines = lines.join(plans, on="subscriber", how="left", maintain_order="left")
    wanted = lines.join(due, on=["count", "term"], how="semi", maintain_order="left")
    return shape(derive_respread(lines, wanted, inputs.charged, past=past), LINES), outcome.problems


def _to_frame(terms: Mapping[int, tuple[int, ...]]) -> pl.DataFrame:
    rows = [(count, term) for count, some in terms.items() for term in some]
    return pl.DataFrame(rows, schema={"count": pl.Int64(), "term": pl.Int8()}, orient="row")


def _total(lines: pl.DataFrame) -> pl.DataFrame:
    if not lines.height:
        return empty(VAT_TOTALS)
    return shape(derive_vat_totals(lines, ["subscriber"]), VAT_TOTALS)


def derive_sums(totals: pl.DataFrame) -> pl.DataFrame:
    """Return net, VAT and total of each subscriber."""
    return totals.group_by("subscriber", maintain_order=True).agg(
        net=pl.col("base").sum(), vat=pl.col("vat").sum(), total=pl.col("gross").sum()
    )


ADVANCE_KINDS = (Kind.ADVANCE.value, Kind.FIXED.value)
