# SPDX-License-Identifier: Apache-2.0
"""Alarms, zones and coverage for a member of staff: the same as `insight.queries`, after checking the right.

Residents come in through the portal, which knows their windows and gives them to `insight.queries`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from avlest.insight import comparing, queries
from avlest.insight.infos import (
    AlarmBrief,
    AlarmCounts,
    AlarmInfo,
    BalanceInfo,
    ComparisonInfo,
    CoverageInfo,
    NightInfo,
)
from avlest.insight.models import Alarm
from avlest.readings.access import check_series
from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right


def access_alarms(
    actor: Actor,
    *,
    now: datetime,
    point_ids: Collection[int] | None = None,
    kinds: Collection[str] | None = None,
    is_open: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = 500,
) -> list[AlarmInfo]:
    """Return alarms of the actor's organisation; see `queries.get_alarms`."""
    actor.require(Right.VIEW_METERS)
    return queries.get_alarms(
        actor.organisation_id,
        now=now,
        point_ids=point_ids,
        kinds=kinds,
        is_open=is_open,
        since=since,
        until=until,
        limit=limit,
    )


def access_open_briefs(actor: Actor, *, kinds: Collection[str] | None = None) -> list[AlarmBrief]:
    """Return what counts and orders the open alarms of the actor's organisation; see `queries.get_open_briefs`."""
    actor.require(Right.VIEW_METERS)
    return queries.get_open_briefs(actor.organisation_id, kinds=kinds)


def access_these_alarms(actor: Actor, alarm_ids: Collection[int], *, now: datetime) -> dict[int, AlarmInfo]:
    """Return some alarms of the actor's organisation by their number."""
    actor.require(Right.VIEW_METERS)
    return queries.get_these_alarms(actor.organisation_id, alarm_ids, now=now)


def access_alarm(actor: Actor, alarm_id: int, *, now: datetime) -> AlarmInfo:
    """Return one alarm; `AccessDeniedError` where the organisation has none of this number."""
    row = access_row(Alarm, actor, alarm_id, right=Right.VIEW_METERS)
    found = queries.get_alarm(actor.organisation_id, row.pk, now=now)
    assert found is not None
    return found


def access_members(actor: Actor, alarm_id: int, *, now: datetime) -> list[AlarmInfo]:
    """Return the alarms that one stands for."""
    row = access_row(Alarm, actor, alarm_id, right=Right.VIEW_METERS)
    return queries.get_members(actor.organisation_id, row.pk, now=now)


def access_alarm_counts(actor: Actor) -> AlarmCounts:
    """Count what is open."""
    actor.require(Right.VIEW_METERS)
    return queries.count_alarms(actor.organisation_id)


def access_balances(
    actor: Actor,
    *,
    span: str = "month",
    zone_ids: Collection[int] | None = None,
    first: date | None = None,
    until: date | None = None,
) -> list[BalanceInfo]:
    """Return balances of zones; see `queries.get_balances`."""
    actor.require(Right.VIEW_METERS)
    return queries.get_balances(actor.organisation_id, span=span, zone_ids=zone_ids, first=first, until=until)


def access_nights(
    actor: Actor, *, zone_ids: Collection[int] | None = None, first: date | None = None, until: date | None = None
) -> list[NightInfo]:
    """Return nights of zones; see `queries.get_nights`."""
    actor.require(Right.VIEW_METERS)
    return queries.get_nights(actor.organisation_id, zone_ids=zone_ids, first=first, until=until)


def access_coverage(
    actor: Actor, *, first: date, until: date, dimension: str | None = None, key: str | None = None
) -> list[CoverageInfo]:
    """Return coverage day by day; see `queries.get_coverage`."""
    actor.require(Right.VIEW_METERS)
    return queries.get_coverage(actor.organisation_id, first=first, until=until, dimension=dimension, key=key)


def access_comparisons(
    actor: Actor, store: Store, series_ids: Sequence[int], *, first: date, until: date, today: date
) -> list[ComparisonInfo]:
    """Return the use of series against other times and other homes; see `comparing.get_comparisons`."""
    check_series(actor, series_ids)
    return comparing.get_comparisons(store, series_ids, first=first, until=until, today=today)
