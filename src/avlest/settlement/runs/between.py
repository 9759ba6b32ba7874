# SPDX-License-Identifier: Apache-2.0
"""Which days that nobody read still rest on readings: those between two of them (rules §1.8, §4.2).  Pure.

What lies between two readings is shared out over its days, but its sum is a difference of registers: nothing of it is
stipulated.  In doubt is only what a gap across the end of the days does, and only as much as lies between that end and
the nearest reading, on whichever side it is.
"""

from __future__ import annotations

import polars as pl

from avlest.readings.quality import Quality

KEYS = ("subscriber", "point")
LIMITS = {
    "subscriber": pl.Int64(),
    "point": pl.Int64(),
    "limit_before": pl.Int64(),
    "limit_after": pl.Int64(),
    "is_changed": pl.Boolean(),
}
"""How many days the nearest reading is from the first and the last end of an account's days at a point (null: none is
near, so the whole gap is in doubt); `is_changed`: a meter was put up or taken down meanwhile and nobody noted what it
showed, so that no difference spans the days."""


def derive_between(quantities: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Return `quantities` whose `days_estimated` are only those that rest on no difference of two readings.

    `quantities` has the columns of `derive_span_sums`; stretches of one account and point follow each other, so that a
    change of price between them is no end.  `quality` is that of the readings where no day is in doubt or missing.
    """
    before = _find_run(quantities, edge="edge_before", is_reversed=False)
    after = _find_run(quantities, edge="edge_after", is_reversed=True)
    rows = quantities.with_columns(_run_before=before, _run_after=after).join(
        limits, on=list(KEYS), how="left", maintain_order="left"
    )
    doubt = _cut("_run_before", "limit_before", is_reversed=False) + _cut("_run_after", "limit_after", is_reversed=True)
    kept = pl.min_horizontal(pl.col("days_estimated").cast(pl.Int64), doubt)
    rows = rows.with_columns(
        _doubt=pl.when(pl.col("is_changed").fill_null(value=True)).then(pl.col("days_estimated")).otherwise(kept)
    )
    is_sure = (pl.col("_doubt") == 0) & (pl.col("days_estimated") > 0) & (pl.col("days_missing") == 0)
    read = pl.col("quality_read").fill_null(int(Quality.CUSTOMER_READ))
    return rows.with_columns(
        days_estimated=pl.col("_doubt").cast(pl.Int32),
        quality=pl.when(is_sure).then(read).otherwise(pl.col("quality")).cast(pl.Int16),
    ).select(quantities.columns)


def _find_run(quantities: pl.DataFrame, *, edge: str, is_reversed: bool) -> pl.Series:
    """The unread days of each stretch that reach from the outer end, through stretches without any reading."""
    is_whole = (pl.col("days_read") == 0) & (pl.col(edge) >= pl.col("days_estimated"))
    reaches = (
        is_whole.cast(pl.Int8)
        .shift(-1 if is_reversed else 1, fill_value=1)
        .cum_min(reverse=is_reversed)
        .over(KEYS, order_by="start")
    )
    return quantities.select(pl.when(reaches == 1).then(pl.col(edge)).otherwise(0).cast(pl.Int64).alias("run"))["run"]


def _cut(run: str, limit: str, *, is_reversed: bool) -> pl.Expr:
    """As many days of a run as the nearest reading is away, from the outer end inwards."""
    outside = pl.col(run).cum_sum(reverse=is_reversed).over(KEYS, order_by="start") - pl.col(run)
    left = pl.max_horizontal(pl.col(limit) - outside, 0)
    return pl.when(pl.col(limit).is_null()).then(pl.col(run)).otherwise(pl.min_horizontal(pl.col(run), left))
