# SPDX-License-Identifier: Apache-2.0
"""A plan that changed during the year: what earlier terms took too much or too little is spread over the rest.  Pure.

When a customer asks for another a konto, or the settlement gives one after the first monthly terms, the plan of the
whole year is worked out anew.  What was invoiced for the terms before stays; the difference between what they would
have been and what they were goes in equal parts on the terms that are left, so that the year still sums to the øre.
"""

from __future__ import annotations

import polars as pl

_KEY = ["subscriber", "service", "code", "kind"]
_KINDS = ("advance", "fixed")


def derive_respread(
    plan: pl.DataFrame, wanted: pl.DataFrame, charged: pl.DataFrame, *, past: pl.DataFrame
) -> pl.DataFrame:
    """Return the `wanted` term lines with their part of the difference.

    `plan` are all term lines of the year (LINES and `count`, terms a year), `wanted` those of them that are charged
    now, `charged` the lines invoiced for the year already (EARLIER), `past` the terms (`count`, `term`) that earlier
    runs of the year have charged: terms before the first run were invoiced elsewhere and are let be.
    """
    if not wanted.height:
        return wanted
    before = (
        plan.join(past, on=["count", "term"], how="semi")
        .group_by(_KEY)
        .agg(plan_amount=pl.col("amount").sum(), plan_quantity=pl.col("quantity").sum())
    )
    invoiced = (
        charged.filter(pl.col("kind").is_in(_KINDS))
        .group_by(_KEY)
        .agg(was_amount=pl.col("amount").sum(), was_quantity=pl.col("quantity").sum())
    )
    gap = (
        before.join(invoiced, on=_KEY, how="full", coalesce=True)
        .select(
            *_KEY,
            amount_gap=pl.col("plan_amount").fill_null(0) - pl.col("was_amount").fill_null(0),
            quantity_gap=pl.when(pl.col("kind") == "advance").then(
                pl.col("plan_quantity").fill_null(0) - pl.col("was_quantity").fill_null(0)
            ).otherwise(0),
        )
        .filter((pl.col("amount_gap") != 0) | (pl.col("quantity_gap") != 0))
    )  # fmt: skip
    return wanted if not gap.height else _add_gap(wanted, gap)


def _add_gap(wanted: pl.DataFrame, gap: pl.DataFrame) -> pl.DataFrame:
    """Put the gap's part of this term on the first line of each price; the rest comes with the later terms."""
    left = pl.col("count") - pl.col("term") + 1
    first = pl.col("position_in_key") == 0
    rows = wanted.join(gap, on=_KEY, how="left", maintain_order="left").with_columns(
        position_in_key=pl.int_range(pl.len()).over(_KEY)
    )
    amount, quantity = (_part(pl.col(name).fill_null(0), left) for name in ("amount_gap", "quantity_gap"))
    return rows.with_columns(
        amount=pl.col("amount") + pl.when(first).then(amount).otherwise(0),
        quantity=pl.col("quantity") + pl.when(first).then(quantity).otherwise(0),
    ).drop("amount_gap", "quantity_gap", "position_in_key")


def _part(gap: pl.Expr, left: pl.Expr) -> pl.Expr:
    """The first of `left` equal parts by largest remainder: the left-over øre go to the earliest terms."""
    size = gap.abs()
    return ((size + left - 1).floordiv(left)) * gap.sign()
