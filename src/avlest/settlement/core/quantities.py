# SPDX-License-Identifier: Apache-2.0
"""From metering points to services: parallel meters add up, reduction meters take off wastewater (rules §1.9)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from avlest.settlement.contracts import CONSUMPTION
from avlest.settlement.core.columns import derive_frame
from avlest.settlement.core.lines import PROBLEMS, Outcome

POINT_QUANTITIES: Mapping[str, pl.DataType] = {
    "subscriber": pl.Int64(),
    "point": pl.Int64(),
    "start": pl.Date(),
    "stop": pl.Date(),
    "quantity": pl.Int64(),
    "quality": pl.Int16(),
    "source": pl.Int64(),
}
ROLES: Mapping[str, pl.DataType] = {
    "point": pl.Int64(),
    "service": pl.String(),
    "sign": pl.Int8(),  # 1: counts, -1: a reduction meter takes it off
}


def derive_service_quantities(used: pl.DataFrame, roles: pl.DataFrame) -> Outcome:
    """Quantity per subscriber, service and stretch of days, from quantities per point; `lines` has CONSUMPTION.

    A stretch is what the points of the service were given for; they must be given for the same ones.  A subscriber
    whose reduction meters show more than the main meters is blocked (`reduction_above_main`): neither a negative
    quantity nor zero would be right, someone must look.  Where that is so on some stretches only, which interpolation
    can bring about, the stretches become one.
    """
    joined = derive_frame(used, POINT_QUANTITIES, name="quantities").join(
        derive_frame(roles, ROLES, name="roles"), on="point", how="inner", maintain_order="left"
    )
    signed = pl.col("quantity") * pl.col("sign").cast(pl.Int64)
    stretches = joined.group_by("subscriber", "service", "start", "stop", maintain_order=True).agg(
        signed.sum().alias("quantity"),
        pl.col("quality").min(),
        pl.col("source").first(),
        taken=pl.col("quantity").filter(pl.col("sign") < 0).sum(),
    )
    keys = ["subscriber", "service"]
    whole = stretches.group_by(keys, maintain_order=True).agg(
        total=pl.col("quantity").sum(), all_taken=pl.col("taken").sum(), least=pl.col("quantity").min()
    )
    blocked = whole.filter((pl.col("total") < 0) & (pl.col("all_taken") > 0))
    uneven = whole.filter((pl.col("total") >= 0) & (pl.col("all_taken") > 0) & (pl.col("least") < 0)).select(keys)
    kept = stretches.join(blocked.select(keys), on=keys, how="anti", maintain_order="left")
    even = kept.join(uneven, on=keys, how="anti", maintain_order="left")
    merged = kept.join(uneven, on=keys, how="semi", maintain_order="left").group_by(keys, maintain_order=True).agg(
        pl.col("start").min(), pl.col("stop").max(), pl.col("quantity").sum(), pl.col("quality").min(),
        pl.col("source").first(),
    )  # fmt: skip
    rows = pl.concat([even.select(merged.columns), merged])
    return Outcome(derive_frame(rows, CONSUMPTION, name="consumption"), _name_blocked(blocked))


def _name_blocked(blocked: pl.DataFrame) -> pl.DataFrame:
    excess = pl.col("total") / -1000
    return blocked.select(
        "subscriber",
        pl.col("service").cast(pl.String),
        pl.lit("reduction_above_main").alias("code"),
        pl.format(
            "reduction meters show {} more than the main meters, in the unit of the price: someone must look", excess
        ).alias("detail"),
    ).match_to_schema(pl.Schema(PROBLEMS))
