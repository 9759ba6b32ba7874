# SPDX-License-Identifier: Apache-2.0
"""Residents' own limits over hourly series.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import polars as pl

from avlest.insight.causes import add_causes
from avlest.insight.contracts import ALARMS, PARAMETERS, UTC_MICROSECONDS, AlarmKind, Evidence, Scope, make_empty

LIMITS: Final[Mapping[str, pl.DataType]] = {
    "series": pl.Int64(),
    "span": pl.String(),
    "limit": pl.Int64(),
    "starts_at": UTC_MICROSECONDS,
    "ends_at": UTC_MICROSECONDS,
}
"""More than `limit` thousandths in one local `span` (hour, day, month) that begins in `[starts_at, ends_at)`."""

KINDS: Final[Mapping[str, AlarmKind]] = {
    "hour": AlarmKind.OWN_HOUR,
    "day": AlarmKind.OWN_DAY,
    "month": AlarmKind.OWN_MONTH,
}
_TRUNCATE: Final[Mapping[str, str]] = {"hour": "1h", "day": "1d", "month": "1mo"}
_HOUR: Final = pl.duration(hours=1)


def derive_limit_alarms(
    hourly: pl.DataFrame, limits: pl.DataFrame, *, start: datetime, until: datetime, zone: str = "Europe/Oslo"
) -> pl.DataFrame:
    """Alarms of spans that touch `[start, until)`: opened with the hour that went above, cleared with the span.

    `hourly` must hold the spans from their beginning.  A span that is not over at `until` is still open.  Estimated
    hours count: a limit is about money, and the invoice counts them too.  Columns `contracts.ALARMS`.
    """
    found = [_derive_span(hourly, limits.filter(pl.col("span") == span), span, zone, until) for span in KINDS]
    alarms = pl.concat([make_empty(ALARMS), *found]).filter(pl.col("opened_at") > start)
    return add_causes(alarms.sort("subject", "kind", "opened_at"), make_empty(PARAMETERS), zone)


def _derive_span(hourly: pl.DataFrame, limits: pl.DataFrame, span: str, zone: str, until: datetime) -> pl.DataFrame:
    local = pl.col("hour").dt.convert_time_zone(zone)
    begin = local.dt.truncate(_TRUNCATE[span])
    key = ["series", "begin", "limit"]
    now = pl.lit(until).cast(UTC_MICROSECONDS)
    rows = (
        hourly.filter(pl.col("value").is_not_null(), pl.col("hour") < now)
        .join(limits.select("series", "limit", "starts_at", "ends_at"), on="series")
        .with_columns(begin.alias("begin"))
        .with_columns(pl.col("begin").dt.offset_by(_TRUNCATE[span]).dt.convert_time_zone("UTC").alias("end"))
        .with_columns(pl.col("begin").dt.convert_time_zone("UTC"))
        .filter((pl.col("begin") >= pl.col("starts_at")) & (pl.col("begin") < pl.col("ends_at")).fill_null(value=True))
        .sort("series", "hour")
        .with_columns(pl.col("value").cum_sum().over(key).alias("sum"))
    )
    above = rows.filter(pl.col("sum") > pl.col("limit"))
    return (
        above.group_by(key)
        .agg(pl.col("hour").min().alias("first"), pl.col("hour").max().alias("last"), pl.col("sum").max(), "end")
        .with_columns(pl.col("end").list.first())
        .select(
            pl.lit(str(Scope.SERIES)).alias("scope"),
            pl.col("series").alias("subject"),
            pl.lit(str(KINDS[span])).alias("kind"),
            pl.lit(None).alias("severity"),
            pl.col("begin").alias("since"),
            (pl.col("first") + _HOUR).alias("opened_at"),
            (pl.col("last") + _HOUR).alias("last_at"),
            pl.when(pl.col("end") <= now).then("end").alias("cleared_at"),
            pl.lit(None).alias("rate"),
            pl.col("sum").alias("amount"),
            pl.lit(1).alias("count"),
            pl.lit(None).alias("cause"),
            pl.lit(None).alias("advice"),
            pl.lit(str(Evidence.SERIES)).alias("evidence"),
            pl.col("limit").cast(pl.String).alias("detail"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in ALARMS.items())
    )
