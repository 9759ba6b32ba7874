# SPDX-License-Identifier: Apache-2.0
"""Silent meters grouped by what they have in common: one gateway, one power cut, or nothing.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime

import polars as pl

from avlest.insight.causes import add_causes
from avlest.insight.contracts import ALARMS, PARAMETERS, UTC_MICROSECONDS, AlarmKind, Evidence, Scope, make_empty
from avlest.insight.silence.rules import SilenceRule

METERS: Mapping[str, pl.DataType] = {
    "meter": pl.Int64(),
    "last_heard": UTC_MICROSECONDS,
    "cadence_seconds": pl.Int64(),
    "road": pl.String(),
    "gateway": pl.Int64(),
    "zone": pl.Int64(),
    "needs_mains": pl.Boolean(),
}
"""Meters that ought to be heard: when last (never: when it was put up), how often it sends (null: as its road does),
which gateway heard it last, its zone, and whether it is read through something that hangs on the mains."""

GATEWAYS: Mapping[str, pl.DataType] = {
    "gateway": pl.Int64(),
    "last_heard": UTC_MICROSECONDS,
    "cadence_seconds": pl.Int64(),
    "road": pl.String(),
}
"""Gateways through which messages ought to come: when one did last, and how often (null: as on its road)."""

_SECOND = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class SilenceResult:
    """`alarms` (`contracts.ALARMS`): open at the instant asked for, or cleared by it. `causes`: every silent meter with
    the alarm that stands for it (`meter`, `scope`, `subject`)."""

    alarms: pl.DataFrame
    causes: pl.DataFrame


def derive_silence(
    meters: pl.DataFrame,
    *,
    at: datetime,
    rule: SilenceRule,
    open_alarms: pl.DataFrame | None = None,
    gateways: pl.DataFrame | None = None,
) -> SilenceResult:
    """Who is silent at `at` and why (rules §5.2 SILENT).

    A meter is silent after `factor` cadences.  More than `gateway_share` of a gateway's meters: one alarm of the
    gateway; and so where nothing has come through one of `gateways` (`GATEWAYS`) for `factor` of its own cadences,
    though others may hear its meters.  Of those left, meters of a zone that need the mains and fell silent together:
    one alarm of the zone.  The rest have an alarm each.

    `open_alarms`: what a former call gave; a group's alarm stays until no more than `clear_share` are silent, a meter's
    until it is heard or a group explains it.
    """
    given = make_empty(ALARMS) if open_alarms is None else open_alarms.select(list(ALARMS))
    mine = (pl.col("evidence") == str(Evidence.SILENCE)) & pl.col("cleared_at").is_null()
    open_now = given.filter(mine)
    judged = _judge(meters, at, rule)
    groups = _group_gateways(judged, rule, open_now)
    groups = _add_quiet(groups, judged, _judge(make_empty(GATEWAYS) if gateways is None else gateways, at, rule))
    left = judged.join(groups.select(pl.col("subject").alias("gateway")), on="gateway", how="anti")
    cuts, together = _group_cuts(left, rule, open_now)
    covered = judged.filter("silent").join(groups, left_on="gateway", right_on="subject", how="semi")
    lonely = left.filter("silent").join(together, on="meter", how="anti")
    causes = pl.concat(
        [
            covered.select("meter", pl.lit(str(Scope.GATEWAY)).alias("scope"), pl.col("gateway").alias("subject")),
            together.select("meter", pl.lit(str(Scope.ZONE)).alias("scope"), pl.col("zone").alias("subject")),
            lonely.select("meter", pl.lit(str(Scope.METER)).alias("scope"), pl.col("meter").alias("subject")),
        ]
    )
    single = lonely.select(
        pl.col("meter").alias("subject"), pl.col("last_heard").alias("since"), pl.lit(1).cast(pl.Int64).alias("count")
    )
    found = pl.concat(
        [
            _name(groups, Scope.GATEWAY, AlarmKind.GATEWAY_SILENT),
            _name(cuts, Scope.ZONE, AlarmKind.POWER_CUT),
            _name(single, Scope.METER, AlarmKind.SILENT),
        ]
    )
    return SilenceResult(_merge(found, open_now, judged, at), causes.sort("meter"))


def _judge(things: pl.DataFrame, at: datetime, rule: SilenceRule) -> pl.DataFrame:
    """`METERS` or `GATEWAYS` with `cadence` (µs) and whether each is `silent`."""
    hours = dict(rule.cadence_hours)
    by_road = pl.col("road").replace_strict(hours, default=hours["other"], return_dtype=pl.Float64) * 3600
    cadence = pl.coalesce(pl.col("cadence_seconds").cast(pl.Float64), by_road) * _SECOND
    heard = pl.lit(at).cast(UTC_MICROSECONDS).dt.timestamp("us") - pl.col("last_heard").dt.timestamp("us")
    return things.with_columns(cadence.alias("cadence"), (heard > cadence * rule.factor).alias("silent"))


def _group_gateways(judged: pl.DataFrame, rule: SilenceRule, open_now: pl.DataFrame) -> pl.DataFrame:
    """Gateways of whose meters too many are silent: `subject`, `since`, `count`."""
    was_open = _open_subjects(open_now, AlarmKind.GATEWAY_SILENT)
    silent = pl.col("silent")
    groups = (
        judged.drop_nulls("gateway")
        .group_by(pl.col("gateway").alias("subject"))
        .agg(
            pl.len().cast(pl.Int64).alias("all"),
            silent.sum().cast(pl.Int64).alias("count"),
            pl.col("last_heard").filter(silent).max().alias("since"),
        )
    )
    share = pl.col("count") / pl.col("all")
    begins = (share > rule.gateway_share) & (pl.col("count") >= rule.gateway_minimum)
    goes_on = pl.col("subject").is_in(was_open) & (share > rule.clear_share)
    return groups.filter(begins | goes_on).select("subject", "since", "count")


def _add_quiet(groups: pl.DataFrame, judged: pl.DataFrame, gateways: pl.DataFrame) -> pl.DataFrame:
    """`groups` and the gateways that are silent themselves, with how many of the meters they heard last are."""
    quiet = gateways.filter("silent").select(pl.col("gateway").alias("subject"), pl.col("last_heard").alias("since"))
    counts = judged.filter("silent").group_by(pl.col("gateway").alias("subject")).agg(pl.len().alias("count"))
    added = quiet.join(groups, on="subject", how="anti").join(counts, on="subject", how="left")
    return pl.concat([groups, added.with_columns(pl.col("count").fill_null(0).cast(pl.Int64))])


def _group_cuts(left: pl.DataFrame, rule: SilenceRule, open_now: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Zones whose meters on the mains fell silent together (`subject`, `since`, `count`), and those meters.

    What speaks against a cut is a meter on the mains that has been heard since; one that sends once a day says nothing.
    """
    was_open = _open_subjects(open_now, AlarmKind.POWER_CUT)
    on_mains = left.filter(pl.col("needs_mains").fill_null(value=False)).drop_nulls("zone")
    stamp = pl.col("last_heard").dt.timestamp("us")
    patience = pl.col("cadence") * rule.together
    near = (stamp - stamp.median().over("zone")).abs() <= patience
    together = on_mains.filter("silent").filter(near)
    since = together.group_by("zone").agg((stamp.max() + patience.max()).alias("fallen"))
    knows = on_mains.join(since, on="zone").filter(pl.col("silent") | (stamp > pl.col("fallen")))
    together = together.join(knows.group_by("zone").agg(pl.len().alias("all")), on="zone")
    share = pl.len().over("zone") / pl.col("all")
    begins = (share > rule.power_share) & (pl.len().over("zone") >= rule.power_minimum)
    goes_on = pl.col("zone").is_in(was_open) & (share > rule.clear_share)
    chosen = together.filter(begins | goes_on)
    cuts = chosen.group_by(pl.col("zone").alias("subject")).agg(
        pl.col("last_heard").max().alias("since"), pl.len().cast(pl.Int64).alias("count")
    )
    return cuts, chosen.select("meter", "zone")


def _open_subjects(open_now: pl.DataFrame, kind: AlarmKind) -> list[int]:
    return open_now.filter(pl.col("kind") == str(kind))["subject"].to_list()


def _name(rows: pl.DataFrame, scope: Scope, kind: AlarmKind) -> pl.DataFrame:
    return rows.select(
        pl.lit(str(scope)).alias("scope"), "subject", pl.lit(str(kind)).alias("kind"), "since", "count"
    )  # fmt: skip


def _merge(found: pl.DataFrame, open_now: pl.DataFrame, judged: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Alarms found now: new ones, those that go on (since when they began), and those that are over."""
    key = ["scope", "subject", "kind"]
    now = pl.lit(at).cast(UTC_MICROSECONDS)
    before = open_now.select(*key, pl.col("since").alias("old_since"), "opened_at")
    current = found.join(before, on=key, how="left").with_columns(
        pl.coalesce("old_since", "since").alias("since"),
        pl.coalesce("opened_at", now).alias("opened_at"),
        now.alias("last_at"),
        pl.lit(None).alias("cleared_at"),
    )
    heard = judged.select(
        pl.col("meter").alias("subject"), pl.lit(str(Scope.METER)).alias("scope"), pl.col("last_heard").alias("heard")
    )
    over = (
        open_now.join(found, on=key, how="anti")
        .join(heard, on=["scope", "subject"], how="left")
        .with_columns(
            pl.when(pl.col("heard") > pl.col("opened_at")).then(pl.col("heard")).otherwise(now).alias("cleared_at")
        )
    )
    filled = pl.concat([_fill(current), _fill(over)])
    return add_causes(filled, make_empty(PARAMETERS), "UTC").sort("scope", "subject", "kind")


def _fill(rows: pl.DataFrame) -> pl.DataFrame:
    texts = [pl.lit(None).alias(name) for name in ("severity", "rate", "amount", "cause", "advice")]
    filled = rows.with_columns(*texts, pl.lit(str(Evidence.SILENCE)).alias("evidence"), pl.lit("").alias("detail"))
    return filled.select(pl.col(name).cast(dtype) for name, dtype in ALARMS.items())
