# SPDX-License-Identifier: Apache-2.0
"""What people say of their points: who uses them, when nobody is there, own limits.  With audit; looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import transaction

from avlest.insight.contracts import CustomerClass
from avlest.insight.models import Absence, EvaluationRequest, OwnLimit, PointUse
from avlest.insight.services.rights import require_point
from avlest.readings.calendar import derive_day_start
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import MeteringPoint, Series
from avlest.registry.rights import AccessDeniedError, Actor
from avlest.registry.services.audit import save_changed, save_new


@transaction.atomic
def do_set_use(
    actor: Actor, point_id: int, *, customer_class: str, is_occupied: bool, starts_on: date, now: datetime
) -> None:
    """Set whose thresholds a point follows from a local day on: a `CustomerClass`, or "" for not watched."""
    if customer_class not in {"", *CustomerClass}:
        known = ", ".join(CustomerClass)
        raise RegistryError(Problem.INVALID, f"customer_class: {customer_class!r}, expected one of {known} or nothing")
    point = require_point(actor, point_id, None)
    values = {"customer_class": customer_class, "is_occupied": is_occupied}
    row = PointUse.objects.of(actor.organisation_id).filter(point=point, starts_on=starts_on).first()
    if row is None:
        save_new(
            actor, PointUse(organisation_id=actor.organisation_id, point=point, starts_on=starts_on, **values), now=now
        )
    else:
        save_changed(actor, row, values, now=now, action="update")
    _ask(point, derive_day_start(starts_on))


def do_set_uses(actor: Actor, uses: Iterable[tuple[int, str, bool]], *, starts_on: date, now: datetime) -> None:
    """Set the use of many points: `(point, class, occupied)` each."""
    with transaction.atomic():
        for point, customer_class, is_occupied in uses:
            do_set_use(
                actor, point, customer_class=customer_class, is_occupied=is_occupied, starts_on=starts_on, now=now
            )


@transaction.atomic
def do_note_absence(
    actor: Actor,
    point_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    own_points: Collection[int] | None,
    now: datetime,
) -> int:
    """Note that nobody is there: any flow is an alarm.  Returns the number of the row."""
    point = require_point(actor, point_id, own_points)
    row = Absence(
        organisation_id=actor.organisation_id, point=point, starts_at=starts_at, ends_at=ends_at,
        said_by=actor.name[:150],
    )  # fmt: skip
    save_new(actor, row, now=now)
    _ask(point, starts_at)
    return row.pk


@transaction.atomic
def do_end_absence(actor: Actor, absence_id: int, *, own_points: Collection[int] | None, now: datetime) -> bool:
    """Note that somebody is there again; an absence that has not begun is removed in effect."""
    row = Absence.objects.of(actor.organisation_id).filter(pk=absence_id).first()
    if row is None:
        raise AccessDeniedError(f"no absence {absence_id} in this organisation")
    point = require_point(actor, row.point_id, own_points)
    if row.ends_at is not None and row.ends_at <= now:
        return False
    if row.starts_at >= now:
        row.delete()
        return True
    _ask(point, now)
    return save_changed(actor, row, {"ends_at": now}, now=now, action="end")


@transaction.atomic
def do_set_limit(
    actor: Actor, series_id: int, *, span: str, limit: int, own_points: Collection[int] | None, now: datetime
) -> int:
    """Set an own limit (thousandths of the series' unit in an hour, day or month) from now on; it replaces the former.

    Returns the number of the row.
    """
    series = _require_series(actor, series_id, own_points)
    open_rows = OwnLimit.objects.of(actor.organisation_id).filter(series=series, span=span, ends_at__isnull=True)
    for former in open_rows.filter(starts_at__lt=now):
        save_changed(actor, former, {"ends_at": now}, now=now, action="end")
    row = OwnLimit(
        organisation_id=actor.organisation_id, series=series, span=span, limit=limit, starts_at=now,
        set_by=actor.name[:150],
    )  # fmt: skip
    save_new(actor, row, now=now)
    _ask(series.point, now)
    return row.pk


@transaction.atomic
def do_end_limit(actor: Actor, limit_id: int, *, own_points: Collection[int] | None, now: datetime) -> bool:
    """End an own limit; its alarms stay as they are."""
    row = OwnLimit.objects.of(actor.organisation_id).filter(pk=limit_id).first()
    if row is None:
        raise AccessDeniedError(f"no limit {limit_id} in this organisation")
    _require_series(actor, row.series_id, own_points)
    if row.ends_at is not None or row.starts_at >= now:
        return False
    return save_changed(actor, row, {"ends_at": now}, now=now, action="end")


def _require_series(actor: Actor, series_id: int, own_points: Collection[int] | None) -> Series:
    row = Series.objects.of(actor.organisation_id).filter(pk=series_id).first()
    if row is None:
        raise AccessDeniedError(f"no series {series_id} in this organisation")
    require_point(actor, row.point_id, own_points)
    return row


def _ask(point: MeteringPoint, since: datetime) -> None:
    EvaluationRequest.objects.create(point=point, since=since)
