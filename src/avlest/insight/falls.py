# SPDX-License-Identifier: Apache-2.0
"""Registers that ran backwards (rules §5.2 BACKFLOW: the index falls by more than a litre).  Pure.

Validation leaves such readings out and estimates their hours, so that the series does not show them; what it found
says how far the register lay below what it had shown before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import polars as pl

from avlest.insight.causes import add_causes
from avlest.insight.contracts import ALARMS, PARAMETERS, UTC_MICROSECONDS, AlarmKind, Evidence, Scope, make_empty

FALLS: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(),
    "at": UTC_MICROSECONDS,
    "depth": pl.Int64(),
    "stays": pl.Boolean(),
}
"""A reading that lay `depth` thousandths of a litre below what the register had shown, and reached again; or, where it
`stays`, below the reading before it."""

_QUIET: Final = pl.duration(hours=24)
_HOUR: Final = pl.duration(hours=1)
_MOST: Final = 5_000_000
"""Thousandths an hour: what falls faster was read wrongly or begins anew, and is validation's task alone."""


def derive_fall_alarms(falls: pl.DataFrame, *, start: datetime, until: datetime) -> pl.DataFrame:
    """Alarms (`contracts.ALARMS`) of falls in `[start, until)`: those within a day of each other are one.

    Opened by a fall that stays, or by a second reading that lies lower than the first; cleared after 24 quiet hours.
    `amount`: how far it fell in all.
    """
    now = pl.lit(until).cast(UTC_MICROSECONDS)
    new = (pl.col("at") - pl.col("at").shift(1).over("series") > _QUIET).fill_null(value=True)
    spans = (
        falls.filter(pl.col("at").is_between(start, until, closed="left"))
        .sort("series", "at")
        .with_columns(new.cum_sum().over("series").alias("episode"))
        .group_by("series", "episode", maintain_order=True)
        .agg(
            pl.col("at").first().alias("first"),
            pl.min_horizontal(pl.col("at").filter("stays").first(), pl.col("at").get(1, null_on_oob=True)).alias(
                "decided"
            ),
            pl.col("stays").any(),
            pl.col("at").last().alias("last"),
            (pl.col("depth").max() > pl.col("depth").first()).alias("deepens"),
            (pl.col("depth").filter("stays").sum() + pl.col("depth").filter(~pl.col("stays")).max().fill_null(0)).alias(
                "amount"
            ),
        )
        .with_columns(((pl.col("last") - pl.col("first")).dt.total_hours() + 1).alias("hours"))
        .filter((pl.col("stays") | pl.col("deepens")) & (pl.col("amount") <= pl.col("hours") * _MOST))
    )
    ended = _ceil(pl.col("last")) + _QUIET
    named = spans.select(
        pl.lit(str(Scope.SERIES)).alias("scope"), pl.col("series").alias("subject"),
        pl.lit(str(AlarmKind.BACKFLOW)).alias("kind"), pl.lit(None).alias("severity"),
        (pl.col("first") - pl.duration(microseconds=1)).dt.truncate("1h").alias("since"),
        _ceil(pl.col("decided")).alias("opened_at"),
        _ceil(pl.col("last")).alias("last_at"), pl.when(ended <= now).then(ended).alias("cleared_at"),
        (pl.col("amount") // pl.col("hours")).alias("rate"), "amount", pl.lit(1).alias("count"),
        pl.lit(None).alias("cause"), pl.lit(None).alias("advice"),
        pl.lit(str(Evidence.SERIES)).alias("evidence"), pl.lit("V05").alias("detail"),
    )  # fmt: skip
    opened = named.filter((pl.col("opened_at") > start) & (pl.col("opened_at") <= now))
    return add_causes(
        opened.select(pl.col(name).cast(dtype) for name, dtype in ALARMS.items()), make_empty(PARAMETERS), "UTC"
    )


def _ceil(instant: pl.Expr) -> pl.Expr:
    whole = instant.dt.truncate("1h")
    return pl.when(whole == instant).then(whole).otherwise(whole + _HOUR)
