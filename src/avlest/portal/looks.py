# SPDX-License-Identifier: Apache-2.0
"""Who has looked at a household's values: written when staff looks, shown to whoever lives there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from avlest.portal.models import AccessLog
from avlest.portal.points import access_points
from avlest.portal.viewer import Viewer, get_places
from avlest.portal.windows import Window
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Party
from avlest.registry.services.audit import Change, record


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """One point whose values were looked at; `what` is `hours`, `days`, `totals`, `readings` or `seen_as`."""

    point_id: int
    what: str


@dataclasses.dataclass(frozen=True, slots=True)
class LookInfo:
    """A look as shown to the resident."""

    at: datetime
    name: str
    roles: tuple[str, ...]
    point_code: str
    what: str
    reason: str


def do_record_looks(viewer: Viewer, looks: Sequence[Look], *, now: datetime) -> None:
    """Write down what somebody other than the household looks at; the same on one day is one row."""
    if not looks or viewer.organisation_id is None or viewer.user_id is None:
        return
    seen_as = viewer.seen_as
    rows = [
        AccessLog(
            organisation_id=viewer.organisation_id,
            at=now,
            day=derive_local_day(now),
            user_id=seen_as.user_id if seen_as else viewer.user_id,
            name=(seen_as.name if seen_as else viewer.name)[:150],
            roles="seen_as" if seen_as else " ".join(sorted(viewer.roles)),
            point_id=look.point_id,
            what=look.what,
            reason=(seen_as.reason if seen_as else viewer.reason)[:200],
        )
        for look in looks
    ]
    AccessLog.objects.bulk_create(rows, ignore_conflicts=True)


def access_looks(viewer: Viewer, *, limit: int = 200) -> list[LookInfo]:
    """Return who has looked at the resident's own points while they lived there, the latest first."""
    wanted = Q(pk__in=())
    for each in access_points(viewer):
        for window in each.totals:
            wanted |= Q(point_id=each.point.id) & _within(window)
    rows = AccessLog.objects.filter(wanted, organisation_id=viewer.scope).order_by("-at", "-pk")
    return [
        LookInfo(row.at, row.name, tuple(row.roles.split()), row.point.code, row.what, row.reason)
        for row in rows.select_related("point")[:limit]
    ]


def _within(window: Window) -> Q:
    inside = Q(at__gte=window.start)
    return inside if window.stop is None else inside & Q(at__lt=window.stop)


@transaction.atomic
def do_begin_seeing_as(viewer: Viewer, party: Party, reason: str, *, now: datetime) -> None:
    """Write down, for the organisation and for the resident, that staff sees the portal as a resident."""
    seen = dataclasses.replace(viewer, places=get_places(party.pk), reason=reason)
    do_record_looks(seen, [Look(each.point.id, "seen_as") for each in access_points(seen)], now=now)
    record(viewer.actor, Change("see_as", party, None, {"reason": reason}), now=now)
