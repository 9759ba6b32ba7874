# SPDX-License-Identifier: Apache-2.0
"""Leakage of zones from their nights: inflow less what the meters counted, corrected for those unheard.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from avlest.insight.balance.rules import BalanceRule
from avlest.insight.contracts import TRUSTED_RANK

MEMBERS: Mapping[str, pl.DataType] = {
    "zone": pl.Int64(),
    "series": pl.Int64(),
    "direction": pl.Int8(),
    "road": pl.String(),
    "clock_offset_seconds": pl.Int64(),
}
"""What belongs to a zone: `direction` 1 water into it, -1 water out of it into another, 0 a customer; a customer
without `series` has no meter.  `clock_offset_seconds`: how far off the meter's own clock is, null: not known, taken as
right."""

NIGHTS: Mapping[str, pl.DataType] = {
    "zone": pl.Int64(),
    "day": pl.Date(),
    "hours": pl.Int64(),
    "inflow": pl.Int64(),
    "metered": pl.Int64(),
    "assumed": pl.Int64(),
    "coverage": pl.Float64(),
    "leak": pl.Int64(),
    "margin": pl.Int64(),
    "daily_leak": pl.Int64(),
    "daily_margin": pl.Int64(),
}
"""Per zone and local day: thousandths of a litre per hour, mean of the `hours` used; `metered` is already scaled up by
coverage, `assumed` is what connections without a meter are taken to use; `margin` ± (95 %)."""


def derive_night_balance(
    hourly: pl.DataFrame, members: pl.DataFrame, rule: BalanceRule, *, zone: str = "Europe/Oslo"
) -> pl.DataFrame:
    """Leakage of each zone and night (`NIGHTS`): inflow − use, of hours in which enough meters reported.

    38.0 m³/h in, 600 connections without meters at 1.7 L/h: 36.980 m³/h.  Only measured values count.  Meters of
    customers that are read by passing by, or whose clock is too far off, do not show the hour: they count as not heard,
    and the sum of the others is scaled up for them.  Hours in which less than `least_coverage` of those that show hours
    reported are not used, nor are zones of which less than `least_hourly` show hours, nor hours without a value of
    every inflow and outflow.
    """
    night = _take_night(hourly, rule, zone)
    flows = _sum_flows(night, members.filter(pl.col("direction") != 0))
    uses = _sum_uses(night, members.filter(pl.col("direction") == 0), rule)
    enough = (pl.col("reported") >= rule.least_coverage) & (pl.col("coverage") >= rule.least_hourly)
    hours = flows.join(uses, on=["zone", "hour"]).filter(enough)
    unmetered = _count_unmetered(members)
    everything = hours.join(unmetered, on="zone", how="left").with_columns(
        (pl.col("unmetered").fill_null(0) * rule.night_use_per_connection).alias("assumed")
    )
    return _average(everything, rule)


def _take_night(hourly: pl.DataFrame, rule: BalanceRule, zone: str) -> pl.DataFrame:
    local = pl.col("hour").dt.convert_time_zone(zone)
    is_night = local.dt.hour().is_between(rule.night_from_hour, rule.night_to_hour, closed="left")
    measured = pl.col("value").is_not_null() & (pl.col("quality") >= TRUSTED_RANK)
    return hourly.filter(is_night & measured).select("series", "hour", "value", local.dt.date().alias("day"))


def _sum_flows(night: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Net inflow of each zone and hour in which all its inflows and outflows were measured."""
    wanted = members.group_by("zone").agg(pl.len().alias("wanted"))
    return (
        night.join(members.select("zone", "series", "direction"), on="series")
        .group_by("zone", "hour", "day")
        .agg((pl.col("value") * pl.col("direction")).sum().alias("inflow"), pl.len().alias("there"))
        .join(wanted, on="zone")
        .filter(pl.col("there") == pl.col("wanted"))
        .select("zone", "hour", "day", "inflow")
    )


def _sum_uses(night: pl.DataFrame, members: pl.DataFrame, rule: BalanceRule) -> pl.DataFrame:
    """Of customers with meters: `coverage`, `reported` (of those that show hours), and `raw`, the sum of those that
    were heard, per zone and hour.

    A zone without meters of customers is covered wholly: nothing of it is asked of them.
    """
    metered = members.drop_nulls("series")
    shows_hours = ~pl.col("road").fill_null("").is_in(rule.unusable_roads)
    in_time = pl.col("clock_offset_seconds").fill_null(0).abs() <= rule.clock_limit_seconds
    usable = metered.filter(shows_hours & in_time)
    sizes = metered.group_by("zone").agg(
        pl.len().alias("wanted"), pl.col("series").is_in(usable["series"].implode()).sum().alias("hourly")
    )
    heard = (
        night.join(usable.select("zone", "series"), on="series")
        .group_by("zone", "hour")
        .agg(pl.col("value").sum().alias("raw"), pl.len().alias("heard"))
    )
    frame = members.select("zone").unique().join(night.select("hour").unique(), how="cross")
    shares = {"coverage": pl.col("wanted").fill_null(0), "reported": pl.col("hourly").fill_null(0)}
    return (
        frame.join(sizes, on="zone", how="left")
        .join(heard, on=["zone", "hour"], how="left")
        .with_columns(pl.col("raw").fill_null(0), pl.col("heard").fill_null(0))
        .with_columns(
            pl.when(count > 0).then(pl.col("heard") / count).otherwise(1.0).alias(name)
            for name, count in shares.items()
        )
        .select("zone", "hour", "raw", *shares)
    )


def _count_unmetered(members: pl.DataFrame) -> pl.DataFrame:
    bare = members.filter((pl.col("direction") == 0) & pl.col("series").is_null())
    return bare.group_by("zone").agg(pl.len().cast(pl.Int64).alias("unmetered"))


def _average(hours: pl.DataFrame, rule: BalanceRule) -> pl.DataFrame:
    """Means of a night and their margins: independent parts add in quadrature."""
    scaled = pl.col("raw") / pl.col("coverage")
    means = hours.group_by("zone", "day").agg(
        pl.len().cast(pl.Int64).alias("hours"),
        pl.col("inflow").mean(),
        scaled.mean().alias("metered"),
        (scaled - pl.col("raw")).mean().alias("scaled_up"),
        pl.col("assumed").mean(),
        pl.col("coverage").mean(),
    )
    guessed = pl.col("scaled_up") + pl.col("assumed")
    margin = (
        (pl.col("inflow") * rule.inflow_uncertainty) ** 2
        + (pl.col("metered") * rule.metered_uncertainty) ** 2
        + (guessed * rule.unmetered_uncertainty) ** 2
    ).sqrt()
    factor = float(rule.hour_day_factor)
    leak = pl.col("inflow") - pl.col("metered") - pl.col("assumed")
    done = means.with_columns(
        leak.alias("leak"), margin.alias("margin"), (leak * factor).alias("daily_leak"),
        (margin * factor).alias("daily_margin"),
    )  # fmt: skip
    whole = [name for name, dtype in NIGHTS.items() if dtype == pl.Int64() and name not in ("zone", "hours")]
    return done.with_columns(pl.col(whole).round().cast(pl.Int64)).select(list(NIGHTS)).sort("zone", "day")
