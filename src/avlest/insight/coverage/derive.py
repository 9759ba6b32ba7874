# SPDX-License-Identifier: Apache-2.0
"""How much of what ought to be heard is heard, and which meters hang on one gateway alone.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

EXPECTED: Mapping[str, pl.DataType] = {
    "meter": pl.Int64(),
    "cadence_seconds": pl.Int64(),
    "road": pl.String(),
    "source": pl.String(),
    "gateway": pl.Int64(),
    "zone": pl.Int64(),
    "starts": pl.Date(),
    "ends": pl.Date(),
}
"""Meters that ought to be heard on the local days `[starts, ends)` (null: without end), how often, and where: `gateway`
is the one that hears it best."""

RECEIVED: Mapping[str, pl.DataType] = {"meter": pl.Int64(), "day": pl.Date(), "count": pl.Int64()}
"""How many values of different times came from a meter on a local day; a day without any has no row."""

DIMENSIONS = ("road", "source", "gateway", "zone")
_DAY = 86_400
_LONGEST = 93_600
"""A meter that sends daily is at times some minutes late: 26 hours on average are still daily."""


def derive_coverage(expected: pl.DataFrame, received: pl.DataFrame, *, first: date, until: date) -> pl.DataFrame:
    """Days `[first, until)` of everything (`dimension` `all`), and of each road, source, gateway and zone.

    Columns `dimension`, `key` (text), `day`, `meters`, `heard` (meters with at least one value), `expected`, `received`
    (of each meter no more than expected: a meter that sends twice does not make up for one that is silent), `share`.
    A meter that sends less than daily is expected on the days on which it came: whether it should have is silence's
    matter.
    """
    days = pl.DataFrame({"day": pl.date_range(first, until, closed="left", eager=True)})
    in_force = (pl.col("starts").fill_null(first) <= pl.col("day")) & (
        pl.col("ends").is_null() | (pl.col("day") < pl.col("ends"))
    )
    is_daily = pl.col("cadence_seconds") <= _LONGEST
    wanted = pl.when(is_daily).then(pl.max_horizontal(_DAY // pl.col("cadence_seconds"), 1)).otherwise(1)
    rows = (
        expected.lazy()
        .join(days.lazy(), how="cross")
        .filter(in_force)
        .join(received.lazy(), on=["meter", "day"], how="left")
        .filter(is_daily | pl.col("count").is_not_null())
        .with_columns(wanted.alias("wanted"), pl.col("count").fill_null(0))
        .with_columns(pl.min_horizontal("count", "wanted").alias("got"), pl.lit("").alias("all"))
        .collect()
    )
    return pl.concat([_sum_by(rows, name) for name in ("all", *DIMENSIONS)])


def _sum_by(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return (
        rows.drop_nulls(name)
        .group_by(pl.lit(name).alias("dimension"), pl.col(name).cast(pl.String).alias("key"), "day")
        .agg(
            pl.len().cast(pl.Int64).alias("meters"),
            (pl.col("got") > 0).sum().cast(pl.Int64).alias("heard"),
            pl.col("wanted").sum().alias("expected"),
            pl.col("got").sum().alias("received"),
        )
        .with_columns((pl.col("received") / pl.col("expected")).alias("share"))
        .sort("dimension", "key", "day")
    )


def derive_single_gateways(heard: pl.DataFrame) -> pl.DataFrame:
    """Of each gateway: `meters` it hears, and those no other hears (`only_here`, `alone` a list of meters).

    `heard`: `meter`, `gateway`, any number of rows a pair.  What only one gateway hears is lost when it is.
    """
    pairs = heard.select("meter", "gateway").drop_nulls().unique()
    alone = pl.len().over("meter") == 1
    return (
        pairs.with_columns(alone.alias("is_alone"))
        .group_by("gateway")
        .agg(
            pl.len().cast(pl.Int64).alias("meters"),
            pl.col("is_alone").sum().cast(pl.Int64).alias("only_here"),
            pl.col("meter").filter("is_alone").sort().alias("alone"),
        )
        .sort("gateway")
    )
