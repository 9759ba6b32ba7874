# SPDX-License-Identifier: Apache-2.0
"""What the year will come to if it goes on as it began, and whether the a konto should follow.  Pure, over columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from avlest.settlement.core.money import QUANTITY_SCALE, VALUE_SCALE

_MILLS = VALUE_SCALE * QUANTITY_SCALE // 100


def derive_expected(
    used: pl.DataFrame, known: pl.DataFrame, advances: pl.DataFrame, unit: pl.DataFrame, *, year: int, through: date,
    thresholds: Mapping[str, Any],
) -> pl.DataFrame:  # fmt: skip
    """Return one row a subscriber: `used, projected, advance, balance, proposal, through`.

    `used` is CONSUMPTION up to `through`, `known` the days that are known (`days_known`), `advances` the a konto of
    the year, `unit` each service's price with VAT.  `used`, `projected`, `advance` and `proposal` are those of the
    subscriber's first service (water, where it has it): thousandths of its unit.  `balance` is øre: what the projected
    use costs less what the a konto costs; negative is to get back.
    """
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    rows = used.group_by("subscriber", "service", maintain_order=True).agg(
        pl.col("quantity").sum(), first=pl.col("start").min()
    )
    rows = rows.join(known, on="subscriber", how="left").join(unit, on=["subscriber", "service"], how="left")
    rows = rows.join(advances.rename({"quantity": "level"}), on=["subscriber", "service"], how="left")
    # A subscriber of part of the year has that part of the year's a konto.
    owned = (pl.lit(date(year + 1, 1, 1)) - pl.col("first")).dt.total_days()
    since = pl.col("days_known").cast(pl.Int64)
    rows = rows.with_columns(
        projected=pl.when(since > 0).then((2 * pl.col("quantity") * owned + since).floordiv(2 * since)),
        annual=pl.when(since > 0).then((2 * pl.col("quantity") * days + since).floordiv(2 * since)),
        advance=(pl.col("level").fill_null(0) * owned).floordiv(days),
    ).drop_nulls("projected")
    cost = (pl.col("projected") - pl.col("advance")) * pl.col("value").fill_null(0)
    rows = rows.with_columns(cost=cost)
    rows = rows.sort("subscriber", pl.col("service") != "water", maintain_order=True)
    per_subscriber = rows.group_by("subscriber", maintain_order=True).agg(
        used=pl.col("quantity").first(), projected=pl.col("projected").first(), advance=pl.col("advance").first(),
        annual=pl.col("annual").first(), level=pl.col("level").first(), days_known=pl.col("days_known").first(),
        cost=pl.col("cost").sum(),
    )  # fmt: skip
    return per_subscriber.with_columns(
        balance=_round(pl.col("cost"), _MILLS), proposal=_propose(thresholds), through=pl.lit(through)
    )


def _propose(thresholds: Mapping[str, Any]) -> pl.Expr:
    """The annualised use where it differs enough from the a konto and enough of the year is known."""
    share = int(Decimal(str(thresholds["proposal_factor"])) * 1000)
    gap = (pl.col("annual") - pl.col("level").fill_null(0)).abs()
    large = (gap * 1000 > pl.col("level").fill_null(0) * share) & (gap >= int(thresholds["proposal_least"]))
    enough = pl.col("days_known") >= int(thresholds["proposal_days"])
    return pl.when(large & enough).then(pl.col("annual").clip(lower_bound=0))


def _round(numerator: pl.Expr, denominator: int) -> pl.Expr:
    return (2 * numerator.abs() + denominator).floordiv(2 * denominator) * numerator.sign()
