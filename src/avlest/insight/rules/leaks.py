# SPDX-License-Identifier: Apache-2.0
"""What a leak costs: so far and in a year, exact to the øre (rules §5.2).  Pure."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from avlest.insight.contracts import LEAK_KINDS

HOURS_A_YEAR = 8_760
_PRICE_DIGITS = 4
_THOUSANDTHS_A_CUBIC_METRE = 1_000_000
_ORE = 100


def derive_cost(amount: int, price: Decimal) -> int:
    """Øre for `amount` thousandths of a litre at `price` kroner per m³ (four decimals at most), rounded half up.

    rules §5.2: 105.12 m³ at 106.34 kr are 11 178.46 kr.  `ValueError` for a negative amount or a finer price.
    """
    if amount < 0:
        raise ValueError(f"amount {amount}, expected 0 or more")
    divisor = _divisor()
    return (2 * amount * _scale(price) + divisor) // (2 * divisor)


def _scale(price: Decimal) -> int:
    scaled = price.scaleb(_PRICE_DIGITS)
    if price < 0 or scaled != int(scaled):
        raise ValueError(f"price {price}, expected 0 or more with at most {_PRICE_DIGITS} decimals")
    return int(scaled)


def _divisor() -> int:
    return int(_THOUSANDTHS_A_CUBIC_METRE * 10**_PRICE_DIGITS / _ORE)


def estimate_leaks(alarms: pl.DataFrame, *, price: Decimal) -> pl.DataFrame:
    """`alarms` with `contracts.LEAK_COLUMNS`: øre so far, thousandths and øre in a year; null for other kinds.

    `price`: kroner per m³, water and wastewater together where both are paid by the meter.
    """
    is_leak = pl.col("kind").is_in([str(kind) for kind in LEAK_KINDS])
    yearly = pl.col("rate") * HOURS_A_YEAR
    return alarms.with_columns(
        pl.when(is_leak).then(_cost(pl.col("amount"), price)).alias("cost_so_far"),
        pl.when(is_leak).then(yearly).alias("yearly_amount"),
        pl.when(is_leak).then(_cost(yearly, price)).alias("cost_per_year"),
    )


def _cost(amount: pl.Expr, price: Decimal) -> pl.Expr:
    """The same as `derive_cost`, over a column; 128 bits, because a zone's year times a price outgrows 64."""
    divisor = _divisor()
    doubled = amount.cast(pl.Int128) * (2 * _scale(price)) + divisor
    return (doubled // (2 * divisor)).cast(pl.Int64)
