# SPDX-License-Identifier: Apache-2.0
"""Meters that are not heard any more, and batteries that have reached their age."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import polars as pl
from django.db import transaction

from avlest.collect.heard_meters import get_heard_frame
from avlest.collect.heard_of import get_gateways_of
from avlest.insight.contracts import ALARMS, CustomerClass, Evidence, Scope
from avlest.insight.evaluate.saving import Saved, save_found
from avlest.insight.evaluate.settling import settle_others, settle_points
from avlest.insight.evaluate.watched import get_watched
from avlest.insight.infocodes import derive_battery_alarms
from avlest.insight.models import Alarm, SilencedMeter
from avlest.insight.prices import add_costs
from avlest.insight.rules import load_thresholds
from avlest.insight.silence import GATEWAYS, METERS, SilenceRule, derive_silence, load_silence_rules, pick_rule
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Gateway, Installation, Zone

_SCOPES: Final = (Scope.GATEWAY, Scope.ZONE, Scope.METER)
# How a gateway's kind says what a meter's messages depend on.
_ROADS: Final = {"car": "driveby", "ams": "ami", "han": "han"}
_ON_MAINS: Final = ("ami", "han")
_NOT_JUDGED: Final = ("car", "han")
_HOUR_SECONDS: Final = 3600
_CHUNK: Final = 900
_SURE: Final = 5
"""Messages from which on their mean distance says how often a meter sends."""
_WEEK_SECONDS: Final = 604_800


def do_find_silence(*, now: datetime) -> Saved:
    """Find who is silent at `now`, and why, and whose battery is old; keep it as alarms."""
    placed = get_placed()
    rule = pick_rule(load_silence_rules(), derive_local_day(now))
    meters = build_meters(placed, rule)
    saved = Saved()
    with transaction.atomic():
        stored = list(Alarm.objects.filter(evidence=str(Evidence.SILENCE), cleared_at__isnull=True))
        gateways = build_gateways(rule)
        result = derive_silence(meters, at=now, rule=rule, open_alarms=_to_frame(stored), gateways=gateways)
        saved.add(keep_silence(result.alarms, stored, placed, now))
        _keep_members(result.causes)
        saved.add(_keep_batteries(placed, now))
        settle_points(saved.points)
    return saved


def get_placed() -> pl.DataFrame:
    """Meters that hang somewhere: where, since when, and their address."""
    times = pl.Datetime("us", "UTC")
    schema: dict[str, Any] = {
        "meter": pl.Int64, "organisation": pl.Int64, "point": pl.Int64, "zone": pl.Int64, "medium": pl.String,
        "starts_at": times, "manufacturer": pl.String, "serial": pl.String, "dev_eui": pl.String,
    }  # fmt: skip
    rows = Installation.objects.filter(ends_at__isnull=True).values_list(
        "meter_id", "organisation_id", "point_id", "point__zone_id", "point__medium", "starts_at",
        "meter__manufacturer", "meter__serial", "meter__dev_eui",
    )  # fmt: skip
    return pl.DataFrame(list(rows.iterator(chunk_size=20_000)), schema=schema, orient="row")


def join_heard(placed: pl.DataFrame) -> pl.DataFrame:
    """`placed` with what was heard of each meter: by manufacturer and number, or where it speaks LoRaWAN by its EUI."""
    heard = get_heard_frame()
    by_number = placed.join(heard, on=["manufacturer", "serial"])
    # A LoRaWAN network names devices by EUI alone; the pipeline keeps them under it without a manufacturer.
    devices = heard.filter(pl.col("manufacturer") == "").drop("manufacturer")
    by_device = placed.filter(pl.col("dev_eui") != "").join(
        devices, left_on=pl.col("dev_eui").str.to_lowercase(), right_on=pl.col("serial").str.to_lowercase()
    )
    both = pl.concat([by_number, by_device.select(by_number.columns)])
    return both.sort("meter", "last_heard_at").unique("meter", keep="last", maintain_order=True)


def build_meters(placed: pl.DataFrame, rule: SilenceRule) -> pl.DataFrame:
    """`silence.METERS`: those that have been heard. One never heard is not silent: it has not begun."""
    schema = {"organisation": pl.Int64, "code": pl.String, "gateway_id": pl.Int64, "kind": pl.String, "way": pl.String}
    rows = Gateway.objects.filter(retired_at__isnull=True).values_list("organisation_id", "code", "pk", "kind", "road")
    gateways = pl.DataFrame(list(rows), schema=schema, orient="row")
    heard = join_heard(placed).join(
        gateways, left_on=["organisation", "gateway"], right_on=["organisation", "code"], how="left"
    )
    span = (pl.col("last_heard_at") - pl.col("first_heard_at")).dt.total_seconds()
    mean = span / (pl.col("heard") - 1)
    # What comes several times a week through no gateway we know is no card in the post.
    is_automatic = (pl.col("heard") >= _SURE) & (mean <= _WEEK_SECONDS)
    is_lorawan = pl.col("dev_eui") != ""
    road = pl.coalesce(
        pl.col("kind").replace_strict(_ROADS, default=None, return_dtype=pl.String),
        pl.when(is_lorawan).then(pl.lit("lorawan")),
        pl.when(pl.col("way") != "").then("way"),
        pl.when((pl.col("gateway") == "") & ~is_automatic).then(pl.lit("manual")),
        pl.lit("other"),
    )
    usual = pl.col("road").replace_strict(
        dict(rule.cadence_hours), default=rule.cadence_hours["other"], return_dtype=pl.Float64
    )
    return (
        heard.with_columns(road.alias("road"))
        .with_columns(
            pl.when((pl.col("heard") >= _SURE) & (mean > usual * 3600)).then(mean).alias("cadence_seconds"),
            pl.col("road").is_in(_ON_MAINS).alias("needs_mains"),
            # Put up after it was last heard: it has had no time to be heard here.
            pl.max_horizontal("last_heard_at", "starts_at").alias("last_heard"),
        )
        .drop("gateway")
        .rename({"gateway_id": "gateway"})
        .select(pl.col(name).cast(dtype) for name, dtype in METERS.items())
    )


def build_gateways(rule: SilenceRule) -> pl.DataFrame:
    """`silence.GATEWAYS`: those that hear several meters, and through which messages have come.

    A car is heard when it drives; a HAN reader is as silent as its meter, which is told.
    """
    rows = Gateway.objects.filter(retired_at__isnull=True).exclude(kind__in=_NOT_JUDGED)
    schema = {"gateway": pl.Int64, "code": pl.String, "kind": pl.String, "way": pl.String}
    known = pl.DataFrame(list(rows.values_list("pk", "code", "kind", "road")), schema=schema, orient="row")
    heard = known.join(get_gateways_of(known["code"].to_list()), on="code").filter(pl.col("heard") >= _SURE)
    own = pl.col("kind").replace_strict(_ROADS, default=None, return_dtype=pl.String)
    road = pl.coalesce(own, pl.when(pl.col("way") != "").then("way"), pl.lit("other"))
    usual = road.replace_strict(dict(rule.cadence_hours), default=rule.cadence_hours["other"], return_dtype=pl.Float64)
    mean = (pl.col("last_heard_at") - pl.col("first_heard_at")).dt.total_seconds() / (pl.col("heard") - 1)
    return heard.with_columns(
        road.alias("road"),
        pl.when(mean > usual * _HOUR_SECONDS).then(mean).alias("cadence_seconds"),
        pl.col("last_heard_at").alias("last_heard"),
    ).select(pl.col(name).cast(dtype) for name, dtype in GATEWAYS.items())


def _to_frame(rows: list[Alarm]) -> pl.DataFrame:
    values = [tuple(getattr(row, name) for name in ALARMS) for row in rows]
    return pl.DataFrame(values, schema=dict(ALARMS), orient="row")


def keep_silence(alarms: pl.DataFrame, stored: list[Alarm], placed: pl.DataFrame, now: datetime) -> Saved:
    """Store the alarms of gateways, zones and meters; those of places no longer known end."""
    whole = pl.Int64
    own: dict[str, Any] = {"organisation": whole, "subject": whole, "scope": pl.String}
    gateways = [(org, pk, str(Scope.GATEWAY)) for pk, org in Gateway.objects.values_list("pk", "organisation_id")]
    zones = [(org, pk, str(Scope.ZONE)) for pk, org in Zone.objects.values_list("pk", "organisation_id")]
    meters = placed.select("organisation", pl.col("meter").alias("subject"), "point", "medium").with_columns(
        pl.lit(str(Scope.METER)).alias("scope")
    )
    owners = pl.concat([pl.DataFrame([*gateways, *zones], schema=own, orient="row"), meters], how="diagonal")
    is_of = {
        name: pl.col("scope") == str(scope) for name, scope in zip(("gateway", "zone", "meter"), _SCOPES, strict=True)
    }
    named = (
        alarms.join(owners, on=["scope", "subject"])
        .with_columns(pl.when(fits).then("subject").alias(name) for name, fits in is_of.items())
        .with_columns(pl.lit(None, whole).alias("series"), pl.lit("").alias("unit"))
    )
    saved = save_found(add_costs(named), stored, now=now)
    settle_others(Alarm.objects.filter(evidence=str(Evidence.SILENCE), point__isnull=True, is_shown=False))
    return saved


def _keep_members(causes: pl.DataFrame) -> None:
    """Remember which meters each open alarm of a group stands for."""
    groups = Alarm.objects.filter(
        evidence=str(Evidence.SILENCE), cleared_at__isnull=True, scope__in=[str(Scope.GATEWAY), str(Scope.ZONE)]
    )
    for alarm in groups:
        mine = causes.filter((pl.col("scope") == alarm.scope) & (pl.col("subject") == alarm.subject))["meter"].to_list()
        known = set(SilencedMeter.objects.filter(alarm=alarm).values_list("meter_id", flat=True))
        fresh = [SilencedMeter(alarm=alarm, meter_id=meter) for meter in mine if meter not in known]
        SilencedMeter.objects.bulk_create(fresh, batch_size=500)


def _keep_batteries(placed: pl.DataFrame, now: datetime) -> Saved:
    """LOW_BATTERY by age: opened once, and ended with the meter."""
    day = derive_local_day(now)
    watched = get_watched(day=day).filter(pl.col("meaning") == "use").unique("point").select("point", "customer_class")
    meters = placed.join(watched, on="point").with_columns(
        pl.col("starts_at").dt.convert_time_zone("Europe/Oslo").dt.date().alias("first_used")
    )
    thresholds = load_thresholds()
    due = {str(one): thresholds.battery_years(customer_class=str(one), day=day) for one in CustomerClass}
    years = {name: number for name, number in due.items() if number is not None}
    old = derive_battery_alarms(meters.select("meter", "customer_class", "first_used"), day=day, at=now, years=years)
    stored = list(Alarm.objects.filter(evidence=str(Evidence.AGE), cleared_at__isnull=True))
    known = pl.Series([row.subject for row in stored], dtype=pl.Int64)
    fresh = old.filter(~pl.col("subject").is_in(known.implode()))
    where = placed.select(pl.col("meter").alias("subject"), "meter", "organisation", "point", "medium")
    named = fresh.join(where, on="subject").with_columns(
        *(pl.lit(None, pl.Int64).alias(name) for name in ("series", "gateway", "zone")), pl.lit("").alias("unit")
    )
    return save_found(add_costs(named), [], now=now)
