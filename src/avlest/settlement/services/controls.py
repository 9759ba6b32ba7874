# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls: noted once, and claimed or refunded for each owner's own days by the next runs (rules §1.10)."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from avlest.readings.calendar import derive_local_day
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Installation, MeteringPoint
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_new
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.models import Account, AccuracyClaim, AccuracyControl
from avlest.settlement.settings import Options, get_options


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ControlReport:
    """What a control showed: `error` in per cent, (indicated − true) / true, negative where the meter shows too little.

    `found_on` is the day from which the error is over (the meter was changed or adjusted), exclusive; `starts_on` the
    day from which it is shown to have been there, None where that is not known.
    """

    point_id: int
    error: Decimal
    found_on: date
    reason: str
    starts_on: date | None = None


@transaction.atomic
def do_note_control(actor: Actor, report: ControlReport, *, now: datetime) -> int:
    """Keep a control of the meter at a point, with a claim for every account and year it touches; return its number.

    Beyond the threshold (strictly) the whole error is corrected, both ways; within it the control is kept and nothing
    is claimed.  Where it is not known since when the meter was wrong, it is since the last control, since it was put
    up, or so many years back as the options say, whichever is latest.  Raises `RegistryError` for days that lie ahead,
    or that another control has corrected.
    """
    point = access_row(MeteringPoint, actor, report.point_id, right=Right.RUN_SETTLEMENT)
    options = get_options(actor.organisation_id)
    if report.found_on > derive_local_day(now):
        raise RegistryError(Problem.INVALID, f"found_on: {report.found_on} lies ahead")
    days = Days(report.starts_on or _derive_start(point, report.found_on, options), report.found_on)
    _check_days(point, days)
    control = AccuracyControl(
        organisation_id=actor.organisation_id, point=point, starts_on=days.start, stops_on=days.stop,
        error=report.error, threshold=options.number("accuracy", "threshold_percent"), reason=report.reason.strip(),
        decided_by=actor.name, decided_on=derive_local_day(now),
    )  # fmt: skip
    save_new(actor, control, now=now)
    if abs(control.error) > control.threshold:
        _claim(actor, control, days, now)
    return int(control.pk)


def _derive_start(point: MeteringPoint, found_on: date, options: Options) -> date:
    """The first day an error of unknown age is corrected for."""
    years = int(options.number("accuracy", "most_years"))
    back = date(found_on.year - years, found_on.month, min(found_on.day, 28))
    last = AccuracyControl.objects.filter(point=point, stops_on__lt=found_on).order_by("-stops_on").first()
    hung = Installation.objects.filter(point=point).order_by("-starts_at")
    since = [derive_local_day(row.starts_at) for row in hung if derive_local_day(row.starts_at) < found_on][:1]
    return max([back, *since, *([last.stops_on] if last else [])])


def _check_days(point: MeteringPoint, days: Days) -> None:
    if days.start >= days.stop:
        raise RegistryError(Problem.INVALID, f"starts_on: a day before {days.stop} is expected, not {days.start}")
    same = AccuracyControl.objects.filter(point=point, starts_on__lt=days.stop, stops_on__gt=days.start)
    other = next((row for row in same if abs(row.error) > row.threshold), None)
    if other is not None:
        detail = f"control {other.pk} has corrected {other.starts_on} to {other.stops_on}: choose days outside it"
        raise RegistryError(Problem.INVALID, f"starts_on: {detail}")


def _claim(actor: Actor, control: AccuracyControl, days: Days, now: datetime) -> None:
    """A claim for every account of the place and every year it had the place in those days."""
    point = control.point
    unit = point.unit
    place = point.property_id if unit is None else unit.property_id
    rows = Account.objects.of(actor.organisation_id).filter(property=place, opened_on__lt=days.stop)
    for account in rows.filter(Q(closed_on=None) | Q(closed_on__gt=days.start)).order_by("pk"):
        own = days.overlap(Days(account.opened_on, account.closed_on or days.stop))
        for year in range(own.start.year, own.stop.year + 1) if own else ():
            if own and own.overlap(derive_year(year)):
                claim = AccuracyClaim(
                    organisation_id=actor.organisation_id, control=control, account=account, year=year
                )
                save_new(actor, claim, now=now)
