# SPDX-License-Identifier: Apache-2.0
"""Rules over stored days and over several series: V08, V09, V10, V12, V14, V15.  Pure; findings as frames."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from avlest.readings.calendar import OSLO, day_start
from avlest.readings.quality import READ
from avlest.readings.vee.contracts import FINDINGS, Action, Severity
from avlest.readings.vee.thresholds import ThresholdBook

RELATIONS: Final = {
    "energy": pl.Int64(),
    "volume": pl.Int64(),
    "supply": pl.Int64(),
    "back": pl.Int64(),
}
"""Series of one heat meter; null where there is none. `supply` and `back` are temperatures."""

PARENTS: Final = {"child": pl.Int64(), "parent": pl.Int64(), "factor": pl.Float64()}
"""Which series are measured again by another; `factor` is `parent_factor` of the parent's class."""

_WEEKS: Final = 8
_LEAST_DAYS: Final = 14
_WEEK: Final = dt.timedelta(days=7)


def resolve_thresholds(
    series: pl.DataFrame, limits: pl.DataFrame, *, book: ThresholdBook, day: dt.date
) -> pl.DataFrame:
    """One row a series, one column a threshold (Float64): that of its class on `day`, or its own."""
    classes = series["meter_class"].fill_null("any").unique().to_list()
    table = pl.DataFrame([{"meter_class": name, **book.values_on(name, day)} for name in classes])
    frame = series.select("series", pl.col("meter_class").fill_null("any")).join(table, on="meter_class", how="left")
    for (name,), rows in limits.partition_by("name", as_dict=True).items():
        own = rows.select("series", own="value").unique("series", keep="last")
        column = pl.coalesce("own", str(name)).alias(str(name))
        frame = frame.join(own, on="series", how="left").with_columns(column).drop("own")
    return frame


def check_periods(
    daily: pl.DataFrame, thresholds: pl.DataFrame, *, start: dt.date, zone: ZoneInfo = OSLO
) -> pl.DataFrame:
    """V08: days from `start` on outside `[low, high] ×` the median of the same weekday over eight weeks.

    `daily`: rows of `daily` from eight weeks before `start`; `thresholds` as `resolve_thresholds`. A day is high only
    above `high_floor`, and low only when that is expected. Needs 14 measured days.
    """
    read = daily.filter((pl.col("quality") >= int(READ)) & pl.col("value").is_not_null())
    weeks = [
        read.select("series", day=pl.col("day") + _WEEK * week, before="value").filter(pl.col("day") >= start)
        for week in range(1, _WEEKS + 1)
    ]
    expected = pl.concat(weeks).group_by("series", "day").agg(expected=pl.col("before").median())
    enough = read.filter(pl.col("day") < start).group_by("series").len().filter(pl.col("len") >= _LEAST_DAYS)
    rows = (
        read.filter(pl.col("day") >= start).join(expected, on=["series", "day"]).join(enough, on="series", how="semi")
    )
    rows = rows.join(thresholds, on="series")
    value, usual = pl.col("value"), pl.col("expected")
    high = (value > pl.max_horizontal(usual * pl.col("high_factor"), pl.col("high_floor"))) & (usual > 0)
    low = (value < usual * pl.col("low_factor")) & (usual > pl.col("high_floor"))
    found = rows.with_columns(detail=pl.when(high).then(pl.lit("high day")).when(low).then(pl.lit("low day")))
    return _to_findings(
        found.filter(pl.col("detail").is_not_null()), rule="V08", limit=pl.col("expected").round(), zone=zone,
        action=Action.ACCEPT.value,
    )  # fmt: skip


def check_stuck(
    daily: pl.DataFrame, thresholds: pl.DataFrame, *, until: dt.date, degree_days: pl.DataFrame | None = None,
    zone: ZoneInfo = OSLO,
) -> pl.DataFrame:  # fmt: skip
    """V09: nothing used for `stuck_days` days up to `until` (not included).

    `daily`: rows of as many days before. `degree_days` (series, day, value): where `stuck_degree_days` is above 0 only
    days with more degree days count (heat that stands still in summer is right).
    """
    rows = daily.filter((pl.col("day") < until) & pl.col("value").is_not_null()).join(thresholds, on="series")
    if degree_days is not None and degree_days.height:
        rows = rows.join(degree_days.select("series", "day", cold="value"), on=["series", "day"], how="left")
    else:
        rows = rows.with_columns(cold=pl.lit(None, pl.Float64))
    counts = (pl.col("stuck_degree_days") <= 0) | (pl.col("cold") > pl.col("stuck_degree_days"))
    rows = rows.filter(counts & (pl.col("hours_measured") > 0))
    moved = rows.filter(pl.col("value") != 0).group_by("series").agg(last=pl.col("day").max())
    still = rows.join(moved, on="series", how="left").filter(
        pl.col("last").is_null() | (pl.col("day") > pl.col("last"))
    )
    runs = still.group_by("series").agg(
        day=pl.col("day").min(), last_day=pl.col("day").max(), value=pl.len(), limit=pl.col("stuck_days").first()
    )
    found = runs.filter(pl.col("value") >= pl.col("limit")).with_columns(detail=pl.lit("stuck"))
    return _to_findings(found, rule="V09", limit=pl.col("limit"), zone=zone, last="last_day")


def check_relations(hourly: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    """V12: water ran through a heat meter and no energy was counted; the return is warmer than the supply.

    `hourly`: rows of the series named in `relations`. One finding for each meter and day-long window given: from the
    first to the last such hour, `value` is how many hours.
    """
    hours = hourly.filter(pl.col("quality") >= int(READ)).select("series", "hour", "value")

    def bring(name: str) -> pl.DataFrame:
        return hours.rename({"series": name, "value": f"{name}_value"})

    flow = relations.join(bring("energy"), on="energy").join(bring("volume"), on=["volume", "hour"])
    idle = flow.filter((pl.col("volume_value") > 0) & (pl.col("energy_value") == 0)).with_columns(
        detail=pl.lit("no energy")
    )
    warmth = relations.join(bring("supply"), on="supply").join(bring("back"), on=["back", "hour"])
    swapped = warmth.filter(pl.col("back_value") > pl.col("supply_value")).with_columns(
        detail=pl.lit("return above supply")
    )
    both = pl.concat([rows.select("energy", "hour", "detail") for rows in (idle, swapped)])
    runs = both.group_by(pl.col("energy").alias("series"), "detail").agg(
        start=pl.col("hour").min(), stop=pl.col("hour").max() + pl.duration(hours=1), value=pl.len()
    )
    return _conform(runs.with_columns(rule=pl.lit("V12"), severity=pl.lit(Severity.SUSPECT.value)))


def check_parents(daily: pl.DataFrame, parents: pl.DataFrame, *, zone: ZoneInfo = OSLO) -> pl.DataFrame:
    """V15: the children of a meter used more than `factor` times what it counted that day; all of them are suspect.

    Only days on which the parent and every child are known.
    """
    rows = daily.select("series", "day", "value")
    needed = parents.group_by("parent").agg(needed=pl.len())
    children = (
        parents.join(rows, left_on="child", right_on="series")
        .group_by("parent", "day")
        .agg(total=pl.col("value").sum(), known=pl.col("value").count(), factor=pl.col("factor").max())
    )
    both = children.join(needed, on="parent").join(
        rows.rename({"value": "whole"}), left_on=["parent", "day"], right_on=["series", "day"]
    )
    over = both.filter((pl.col("known") == pl.col("needed")) & (pl.col("total") > pl.col("whole") * pl.col("factor")))
    members = pl.concat([parents.select("parent", series="child"), parents.select("parent", series="parent").unique()])
    found = over.join(members, on="parent").with_columns(value=pl.col("total"), detail=pl.lit("children above parent"))
    return _to_findings(found, rule="V15", limit=pl.col("whole"), zone=zone)


def check_sums(totals: pl.DataFrame) -> pl.DataFrame:
    """V10: amounts of intervals do not sum to the difference of the register over the same period.

    `totals`: series, start, stop, amounts (Σ intervals), difference (of the register), step (one step of resolution).
    """
    off = pl.col("amounts") - pl.col("difference")
    found = totals.filter(off.abs() > pl.col("step")).with_columns(
        rule=pl.lit("V10"), severity=pl.lit(Severity.REJECT.value), value=pl.col("amounts"), limit=pl.col("difference"),
        detail=pl.lit("intervals against register"), action=pl.lit(Action.EDIT.value),
    )  # fmt: skip
    return _conform(found)


def check_messages(messages: pl.DataFrame) -> pl.DataFrame:
    """V14: telegrams of a series' meter that failed decryption or a checksum.

    `messages`: series, at, outcome; every outcome given counts as failed. One finding a series and outcome.
    """
    runs = messages.group_by("series", pl.col("outcome").alias("detail")).agg(
        start=pl.col("at").min(), stop=pl.col("at").max() + pl.duration(microseconds=1), value=pl.len()
    )
    return _conform(runs.with_columns(rule=pl.lit("V14"), severity=pl.lit(Severity.REJECT.value)))


def _to_findings(
    rows: pl.DataFrame, *, rule: str, limit: pl.Expr, zone: ZoneInfo, last: str = "day", action: str = ""
) -> pl.DataFrame:
    """Findings of days: from the start of `day` to the end of `last`."""
    ended = rows.with_columns(after=pl.col(last) + pl.duration(days=1))
    return _conform(
        ended.with_columns(
            start=day_start("day", zone=zone), stop=day_start("after", zone=zone), rule=pl.lit(rule),
            severity=pl.lit(Severity.SUSPECT.value), limit=limit, action=pl.lit(action),
        )
    )  # fmt: skip


def _conform(frame: pl.DataFrame) -> pl.DataFrame:
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in FINDINGS.items() if name not in frame.columns]
    filled = frame.with_columns(absent).with_columns(pl.col("action").fill_null(""))
    return filled.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS.items()).sort("series", "rule", "start")
