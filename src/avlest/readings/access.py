# SPDX-License-Identifier: Apache-2.0
"""Values for a person: the same frames as `readings.queries`, after checking organisation and right.

Residents come in through the portal, which narrows series and time to their tenancies before it asks here as their
organisation's reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from avlest.readings import queries
from avlest.readings.contracts import CorrectionInfo, DecisionInfo, FindingInfo
from avlest.readings.models import Finding
from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.models import Series
from avlest.registry.rights import AccessDeniedError, Actor, Right

_CHUNK = 900


def check_series(actor: Actor, series_ids: Sequence[int]) -> None:
    """Raise `AccessDeniedError` unless the actor may see values and every series is its organisation's."""
    actor.require(Right.VIEW_METERS)
    wanted = sorted(set(series_ids))
    for at in range(0, len(wanted), _CHUNK):
        some = wanted[at : at + _CHUNK]
        owned = set(Series.objects.of(actor.organisation_id).filter(pk__in=some).values_list("pk", flat=True))
        for series_id in some:
            if series_id not in owned:
                raise AccessDeniedError(f"no series {series_id} in this organisation")


def access_hourly(
    actor: Actor,
    store: Store,
    series_ids: Sequence[int],
    start: datetime,
    stop: datetime,
    *,
    as_known_at: datetime | None = None,
) -> pl.DataFrame:
    """Return hours; see `queries.get_hourly`."""
    check_series(actor, series_ids)
    return queries.get_hourly(store, series_ids, start, stop, as_known_at=as_known_at)


def access_daily(
    actor: Actor, store: Store, series_ids: Sequence[int], first_day: date, stop_day: date
) -> pl.DataFrame:
    """Return local days; see `queries.get_daily`."""
    check_series(actor, series_ids)
    return queries.get_daily(store, series_ids, first_day, stop_day)


def access_quarters(
    actor: Actor, store: Store, series_ids: Sequence[int], start: datetime, stop: datetime
) -> pl.DataFrame:
    """Return quarters of hours; see `queries.get_quarters`."""
    check_series(actor, series_ids)
    return queries.get_quarters(store, series_ids, start, stop)


def access_totals(
    actor: Actor, store: Store, series_ids: Sequence[int], periods: Sequence[tuple[datetime, datetime]]
) -> pl.DataFrame:
    """Return totals of periods; see `queries.get_totals`."""
    check_series(actor, series_ids)
    return queries.get_totals(store, series_ids, periods)


def access_latest_values(actor: Actor, store: Store, series_ids: Sequence[int]) -> pl.DataFrame:
    """Return the latest reading of each series; see `queries.get_latest_values`."""
    check_series(actor, series_ids)
    return queries.get_latest_values(store, series_ids)


def access_completeness(
    actor: Actor, store: Store, series_ids: Sequence[int], first_day: date, stop_day: date
) -> pl.DataFrame:
    """Return how complete days are; see `queries.get_completeness`."""
    check_series(actor, series_ids)
    return queries.get_completeness(store, series_ids, first_day, stop_day)


def access_findings(actor: Actor, *, open_only: bool = True) -> list[FindingInfo]:
    """Return the findings of the actor's organisation: the queue."""
    actor.require(Right.VIEW_METERS)
    return queries.get_findings(organisation_id=actor.organisation_id, open_only=open_only)


def access_finding(actor: Actor, finding_id: int) -> FindingInfo:
    """Return one finding."""
    return queries.to_finding(access_row(Finding, actor, finding_id, right=Right.VIEW_METERS))


def access_decisions(actor: Actor, series_ids: Sequence[int]) -> list[DecisionInfo]:
    """Return what people decided about some series."""
    check_series(actor, series_ids)
    return queries.get_decisions(series_ids)


def access_corrections(actor: Actor, *, open_only: bool = True) -> list[CorrectionInfo]:
    """Return what changed after it was frozen."""
    actor.require(Right.VIEW_METERS)
    return queries.get_corrections(organisation_id=actor.organisation_id, open_only=open_only)
