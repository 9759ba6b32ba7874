# SPDX-License-Identifier: Apache-2.0
"""The balance of zones, night by night, day by day and month by month (rules §5.3)."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
from django.db import transaction

from avlest.insight.balance import MEMBERS, BalanceRule, derive_night_balance, load_balance_rules, pick_balance_rule
from avlest.insight.evaluate.silence import build_meters, get_placed, join_heard
from avlest.insight.models import ZoneNight, ZonePeriod
from avlest.insight.silence import load_silence_rules, pick_rule
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.tables import Store
from avlest.registry.frames import get_series_frame
from avlest.registry.models import ZoneMeter

_SLOW_SECONDS: Final = 7200
RECENT: Final = timedelta(days=35)
"""How far back a routine run looks: late values of the last weeks, and the month before."""
_NIGHT: Final = (
    "hours", "inflow", "metered", "assumed", "coverage", "leak", "margin", "daily_leak", "daily_margin",
)  # fmt: skip
_PERIOD: Final = (
    "days", "supplied", "metered", "metered_margin", "unmetered", "non_revenue", "margin", "coverage",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Balanced:
    """How many rows were written."""

    nights: int = 0
    days: int = 0
    months: int = 0

    def describe(self) -> str:
        """One sentence for the log and the page of jobs."""
        return f"{self.nights} nights, {self.days} days and {self.months} months of zones"


def do_balance(store: Store, *, now: datetime, first: date | None = None, until: date | None = None) -> Balanced:
    """Balance all zones over the local days `[first, until)`; by default the last five weeks.  Idempotent."""
    end = until or derive_local_day(now)
    begin = (first or end - RECENT).replace(day=1)
    members = get_members(now)
    rule = pick_balance_rule(load_balance_rules(), end)
    done = Balanced()
    while begin < end:
        month_end = min((begin + timedelta(days=32)).replace(day=1), end)
        done = _add(done, _balance_month(store, members, rule, begin, month_end))
        begin = month_end
    return done


def _add(one: Balanced, other: Balanced) -> Balanced:
    return Balanced(one.nights + other.nights, one.days + other.days, one.months + other.months)


def get_members(now: datetime) -> pl.DataFrame:
    """Return what belongs to zones: `balance.MEMBERS` with `organisation`, roads as meters are heard at `now`."""
    every = get_series_frame().filter(
        pl.col("role") == "main", pl.col("quantity") == "volume", pl.col("qualifier") == "",
        pl.col("medium") == "cold_water",
    )  # fmt: skip
    mains = list(ZoneMeter.objects.values_list("organisation_id", "zone_id", "point_id", "direction"))
    schema = {"organisation": pl.Int64, "zone": pl.Int64, "point": pl.Int64, "way": pl.String}
    flows = pl.DataFrame(mains, schema=schema, orient="row").join(every.select("point", "series"), on="point")
    signs = pl.when(pl.col("way") == "in").then(1).otherwise(-1)
    # Sub-meters of a building lie behind its main meter: only the main one draws from the zone.
    customers = every.filter(pl.col("zone").is_not_null(), pl.col("parent").is_null(), ~pl.col("measures_zone"))
    customers = customers.join(flows.select("series"), on="series", how="anti")
    both = pl.concat(
        [
            flows.select("organisation", "zone", "series", "point", signs.cast(pl.Int8).alias("direction")),
            customers.select("organisation", "zone", "series", "point", pl.lit(0, pl.Int8).alias("direction")),
        ]
    )
    return (
        both.join(_get_roads(now), on="point", how="left")
        .with_columns(pl.lit(None, pl.Int64).alias("clock_offset_seconds"))
        .select("organisation", *MEMBERS)
    )


def _get_roads(now: datetime) -> pl.DataFrame:
    """`point, road`: how the meter of each point is heard, `slow` where that is less than every other hour."""
    placed = get_placed()
    meters = build_meters(placed, pick_rule(load_silence_rules(), derive_local_day(now)))
    heard = join_heard(placed).select("meter", "first_heard_at", "last_heard_at", "heard")
    span = (pl.col("last_heard_at") - pl.col("first_heard_at")).dt.total_seconds()
    is_slow = (pl.col("heard") > 1) & (span > _SLOW_SECONDS * (pl.col("heard") - 1))
    known = meters.join(heard, on="meter").join(placed.select("meter", "point"), on="meter")
    road = pl.when(is_slow & ~pl.col("road").is_in(["driveby", "manual"])).then(pl.lit("slow")).otherwise("road")
    return known.select("point", road.alias("road")).unique("point", keep="last")


def _balance_month(store: Store, members: pl.DataFrame, rule: BalanceRule, first: date, until: date) -> Balanced:
    zones = members.filter(pl.col("direction") != 0)["zone"].unique()
    mine = members.filter(pl.col("zone").is_in(zones.implode()))
    if mine.is_empty():
        return Balanced()
    ids = mine["series"].unique()
    hourly = store.read_range("hourly", ids=ids, start=derive_day_start(first), stop=derive_day_start(until))
    nights = derive_night_balance(hourly, mine.drop("organisation"), rule)
    daily = store.read_range("daily", ids=ids, start=first, stop=until)
    days = derive_periods(daily, mine, rule, span="1d")
    months = derive_periods(daily, mine, rule, span="1mo")
    owners = dict(mine.select("zone", "organisation").unique().iter_rows())
    with transaction.atomic():
        night_rows = [
            ZoneNight(organisation_id=owners[row["zone"]], **_of(row, "day", _NIGHT)) for row in _rows(nights)
        ]
        _put(ZoneNight, night_rows, ("zone", "day"), _NIGHT)
        for name, frame in ((ZonePeriod.Span.DAY, days), (ZonePeriod.Span.MONTH, months)):
            rows = [
                ZonePeriod(organisation_id=owners[row["zone"]], span=name, **_of(row, "starts_on", _PERIOD))
                for row in _rows(frame)
            ]
            _put(ZonePeriod, rows, ("zone", "span", "starts_on"), _PERIOD)
    return Balanced(nights.height, days.height, months.height)


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dicts()


def _of(row: dict[str, Any], when: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {"zone_id": row["zone"], when: row[when], **{name: row[name] for name in names}}


def _put(model: Any, rows: list[Any], key: tuple[str, ...], names: tuple[str, ...]) -> None:
    model.objects.bulk_create(
        rows, batch_size=200, update_conflicts=True, unique_fields=list(key), update_fields=list(names)
    )


def derive_periods(daily: pl.DataFrame, members: pl.DataFrame, rule: BalanceRule, *, span: str) -> pl.DataFrame:
    """Supplied, metered and what no meter counted of each zone and local day (`1d`) or month (`1mo`).

    `supplied` is null where a day of an inflow or outflow is not known.  `coverage`: days of customers' meters that are
    known, of all; margins as `BalanceRule` has them, independent of each other.
    """
    begin = pl.col("day").dt.truncate(span).alias("starts_on")
    known = daily.filter(pl.col("value").is_not_null()).select("series", "day", "value", begin)
    every = daily.select("day", begin).unique().group_by("starts_on").agg(pl.len().cast(pl.Int64).alias("days"))
    sizes = members.group_by("zone").agg(
        (pl.col("direction") != 0).sum().cast(pl.Int64).alias("flows"),
        (pl.col("direction") == 0).sum().cast(pl.Int64).alias("customers"),
    )
    sums = (
        known.join(members.select("zone", "series", "direction"), on="series")
        .group_by("zone", "starts_on")
        .agg(
            (pl.col("value") * pl.col("direction")).sum().alias("net"),
            (pl.col("direction") != 0).sum().cast(pl.Int64).alias("flow_days"),
            pl.col("value").filter(pl.col("direction") == 0).sum().alias("metered"),
            (pl.col("direction") == 0).sum().cast(pl.Int64).alias("customer_days"),
        )
    )
    whole = pl.col("flow_days") == pl.col("flows") * pl.col("days")
    wanted = pl.col("customers") * pl.col("days")
    coverage = pl.when(wanted > 0).then(pl.col("customer_days") / wanted).otherwise(1.0)
    own = (pl.col("metered") * rule.metered_uncertainty).round().cast(pl.Int64)
    flow = pl.col("supplied") * rule.inflow_uncertainty
    return (
        sums.join(sizes, on="zone")
        .join(every, on="starts_on")
        .with_columns(
            pl.when(whole).then("net").alias("supplied"), coverage.alias("coverage"), own.alias("metered_margin"),
            pl.lit(0, pl.Int64).alias("unmetered"),
        )
        .with_columns((pl.col("supplied") - pl.col("metered") - pl.col("unmetered")).alias("non_revenue"))
        .with_columns((flow**2 + pl.col("metered_margin") ** 2).sqrt().round().cast(pl.Int64).alias("margin"))
        .select("zone", "starts_on", *_PERIOD)
        .sort("zone", "starts_on")
    )  # fmt: skip
