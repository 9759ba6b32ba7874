# SPDX-License-Identifier: Apache-2.0
"""Rows as they leave the room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from avlest.insight.balance import Infrastructure
from avlest.insight.contracts import AlarmKind
from avlest.insight.infos import AlarmInfo, AlarmState, BalanceInfo, NightInfo, ToldInfo
from avlest.insight.models import Alarm, ZoneNight, ZonePeriod


def to_alarm(row: Alarm, *, place: str, told: Sequence[ToldInfo], now: datetime) -> AlarmInfo:
    """An alarm with where it is and who was told."""
    return AlarmInfo(
        id=row.pk, organisation_id=row.organisation_id, scope=row.scope, subject=row.subject, kind=AlarmKind(row.kind),
        severity=row.severity, state=derive_state(row, now=now), since=row.since, opened_at=row.opened_at,
        last_at=row.last_at, cleared_at=row.cleared_at, cause=row.cause, advice=tuple(row.advice),
        evidence=row.evidence, detail=row.detail, unit=row.unit, rate=row.rate, amount=row.amount, cost=row.cost,
        yearly_amount=row.yearly_amount, cost_per_year=row.cost_per_year, count=row.count, point_id=row.point_id,
        series_id=row.series_id, meter_id=row.meter_id, gateway_id=row.gateway_id, zone_id=row.zone_id, place=place,
        cause_key=row.cause_key, acknowledged_at=row.acknowledged_at, acknowledged_by=row.acknowledged_by,
        fixed_at=row.fixed_at, fixed_by=row.fixed_by, snoozed_until=row.snoozed_until, note=row.note,
        told=tuple(told),
    )  # fmt: skip


def derive_state(row: Alarm, *, now: datetime) -> AlarmState:
    """Where an alarm is in its life at `now`."""
    if row.cleared_at is not None:
        return AlarmState.CLEARED
    if row.fixed_at is not None:
        return AlarmState.FIXED
    if row.snoozed_until is not None and row.snoozed_until > now:
        return AlarmState.SNOOZED
    return AlarmState.OPEN if row.acknowledged_at is None else AlarmState.ACKNOWLEDGED


def to_balance(row: ZonePeriod, infrastructure: Infrastructure | None) -> BalanceInfo:
    """A zone's day or month."""
    share = None
    if row.supplied and row.non_revenue is not None:
        share = round(100 * row.non_revenue / row.supplied, 2)
    return BalanceInfo(
        zone_id=row.zone_id, zone=str(row.zone), span=row.span, starts_on=row.starts_on, days=row.days,
        supplied=row.supplied, metered=row.metered, metered_margin=row.metered_margin, unmetered=row.unmetered,
        non_revenue=row.non_revenue, margin=row.margin, share=share, coverage=row.coverage,
        infrastructure=infrastructure,
    )  # fmt: skip


def to_night(row: ZoneNight) -> NightInfo:
    """A zone's night."""
    return NightInfo(
        zone_id=row.zone_id, zone=str(row.zone), day=row.day, hours=row.hours, inflow=row.inflow, metered=row.metered,
        assumed=row.assumed, coverage=row.coverage, leak=row.leak, margin=row.margin, daily_leak=row.daily_leak,
        daily_margin=row.daily_margin,
    )  # fmt: skip
