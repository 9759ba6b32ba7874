# SPDX-License-Identifier: Apache-2.0
"""Who may act on an alarm or a point: staff with the right, or the person whose point it is."""

from __future__ import annotations

from collections.abc import Collection

from avlest.insight.models import Alarm
from avlest.registry.models import MeteringPoint
from avlest.registry.rights import AccessDeniedError, Actor, Right


def require_alarm(actor: Actor, alarm_id: int, own_points: Collection[int] | None) -> Alarm:
    """Return an alarm of the actor's organisation, locked.

    `own_points`: the points of a resident, checked by the portal; None: staff, who need the right.  A row that is not
    theirs is refused in the same words as one that does not exist.
    """
    if own_points is None:
        actor.require(Right.HANDLE_ALARMS)
    row = Alarm.objects.of(actor.organisation_id).select_for_update().filter(pk=alarm_id).first()
    if row is None or (own_points is not None and row.point_id not in own_points):
        raise AccessDeniedError(f"no alarm {alarm_id} in this organisation")
    return row


def require_point(actor: Actor, point_id: int, own_points: Collection[int] | None) -> MeteringPoint:
    """Return a point of the actor's organisation; as `require_alarm`."""
    if own_points is None:
        actor.require(Right.HANDLE_ALARMS)
    row = MeteringPoint.objects.of(actor.organisation_id).filter(pk=point_id).first()
    if row is None or (own_points is not None and point_id not in own_points):
        raise AccessDeniedError(f"no metering point {point_id} in this organisation")
    return row
