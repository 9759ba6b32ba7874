# SPDX-License-Identifier: Apache-2.0
"""What use costs on a day, per organisation and medium: what leaks are priced with."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files

import polars as pl

from avlest.insight.contracts import LEAK_COLUMNS
from avlest.insight.models import ConsumptionPrice
from avlest.insight.rules import estimate_leaks


@cache
def load_usual() -> tuple[tuple[str, str, Decimal], ...]:
    """The table `prices.toml`: medium, first day (ISO), kr per unit."""
    rows = tomllib.loads(files("avlest.insight").joinpath("prices.toml").read_text(encoding="utf-8"))["price"]
    return tuple((medium, str(row["from"]), Decimal(row["price"])) for row in rows for medium in row["media"])


def add_costs(alarms: pl.DataFrame, *, zone: str = "Europe/Oslo") -> pl.DataFrame:
    """`alarms` (with `organisation` and `medium`) with `contracts.LEAK_COLUMNS`.

    The price is the one in force on the local day the alarm was last seen; a medium without price has no cost.
    """
    price: pl.Expr = pl.lit(None, pl.String)
    day = pl.col("last_at").dt.convert_time_zone(zone).dt.date()
    for medium, starts, amount in sorted(load_usual(), key=lambda row: row[1]):
        fits = (pl.col("medium") == medium) & (day >= pl.lit(starts).str.to_date())
        price = pl.when(fits).then(pl.lit(str(amount))).otherwise(price)
    for own in ConsumptionPrice.objects.order_by("starts_on"):
        fits = (pl.col("organisation") == own.organisation_id) & (pl.col("medium") == own.medium)
        price = pl.when(fits & (day >= own.starts_on)).then(pl.lit(str(own.price))).otherwise(price)
    priced = alarms.with_columns(price.alias("price"))
    parts = [
        _estimate(part, None if value is None else Decimal(value))
        for (value,), part in priced.group_by("price", maintain_order=True)
    ]
    return pl.concat(parts).drop("price") if parts else _estimate(priced, None).drop("price")


def _estimate(rows: pl.DataFrame, price: Decimal | None) -> pl.DataFrame:
    if price is not None:
        return estimate_leaks(rows, price=price)
    return rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in LEAK_COLUMNS.items())
