# SPDX-License-Identifier: Apache-2.0
"""How near the readings are to the ends of an account's days, for those whose days were not all read."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from avlest.readings.calendar import day_start, derive_day_start
from avlest.readings.quality import READ
from avlest.readings.tables import Store
from avlest.registry.frames import get_feeds_frame
from avlest.settlement.runs.between import KEYS, LIMITS, derive_between

_NEAR = timedelta(days=62)
"""How far from an end a reading is looked for; farther away it tells nothing about what the register showed there."""

_DAY_SECONDS = 86_400


def gather_between(store: Store, quantities: pl.DataFrame) -> pl.DataFrame:
    """Return `quantities` with only those days as estimated that rest on no difference of two readings."""
    unread = quantities.filter(pl.col("days_estimated") > 0, pl.col("series").is_not_null())
    if not unread.height:
        return quantities
    return derive_between(quantities, gather_limits(store, quantities, unread))


def gather_limits(store: Store, quantities: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    """Return LIMITS of the accounts and points of `unread`."""
    ends = quantities.join(unread, on=list(KEYS), how="semi").group_by(*KEYS, maintain_order=True).agg(
        pl.col("series").first(), pl.col("start").min(), pl.col("stop").max(),
        at_start=(pl.col("edge_before") > 0).any(), at_stop=(pl.col("edge_after") > 0).any(),
    )  # fmt: skip
    feeds = get_feeds_frame(ends["series"].unique().to_list())
    wanted = {
        "limit_before": ends.filter("at_start").select("series", day="start"),
        "limit_after": ends.filter("at_stop").select("series", day="stop"),
    }
    near = find_near(store, feeds, pl.concat(wanted.values()).unique())
    rows = ends.join(_find_changed(ends, feeds), on=list(KEYS), how="left", maintain_order="left")
    for name, day in (("limit_before", "start"), ("limit_after", "stop")):
        found = near.select("series", pl.col("day").alias(day), pl.col("away").alias(name))
        rows = rows.join(found, on=["series", day], how="left", maintain_order="left")
    return rows.select(pl.col(name).cast(kind) for name, kind in LIMITS.items())


def _find_changed(ends: pl.DataFrame, feeds: pl.DataFrame) -> pl.DataFrame:
    """Whether a meter was put up or taken down within the days and nobody noted what it showed."""
    first, last = day_start("start"), day_start("stop")
    put_up = (pl.col("starts_at") > first) & (pl.col("starts_at") < last) & pl.col("start_value").is_null()
    taken = (pl.col("ends_at") > first) & (pl.col("ends_at") < last) & pl.col("end_value").is_null()
    return (
        ends.select(*KEYS, "series", "start", "stop")
        .join(feeds.drop("register"), on="series", how="left")
        .group_by(*KEYS)
        .agg(is_changed=(put_up | taken).fill_null(value=False).any())
    )


def find_near(store: Store, feeds: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return `series, day, away`: whole days, rounded up, from the start of a day to the nearest reading.

    `wanted` has `series, day`; without a row where no reading is near.  What was noted when a meter was put up or taken
    down is a reading too.
    """
    found = [pl.DataFrame(schema={"series": pl.Int64, "at": pl.Datetime("us", "UTC"), "day": pl.Date})]
    for (day,), rows in wanted.group_by("day", maintain_order=True):
        assert isinstance(day, date)
        registers = feeds.join(rows, on="series", how="semi").select("register", "series").unique()
        at = derive_day_start(day)
        readings = store.read_range(
            "readings", ids=registers["register"], start=at - _NEAR, stop=at + _NEAR, columns=("value",)
        )
        read = readings.filter(pl.col("quality") >= int(READ)).join(registers, on="register")
        found.append(read.select("series", "at", pl.lit(day).alias("day")))
    for moment, value in (("starts_at", "start_value"), ("ends_at", "end_value")):
        noted = feeds.filter(pl.col(value).is_not_null()).select("series", at=moment).drop_nulls()
        found.append(noted.join(wanted, on="series").select("series", "at", "day"))
    away = (pl.col("at") - day_start("day")).abs()
    near = pl.concat(found).filter(away <= _NEAR)
    return near.group_by("series", "day", maintain_order=True).agg(
        away=(away.dt.total_seconds().min() + _DAY_SECONDS - 1) // _DAY_SECONDS
    )
