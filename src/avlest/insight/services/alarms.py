# SPDX-License-Identifier: Apache-2.0
"""What people do about alarms; each in one transaction with an audit row."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from avlest.insight.services.rights import require_alarm
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor
from avlest.registry.services.audit import save_changed

LONGEST_SNOOZE: Final = timedelta(days=90)


@transaction.atomic
def do_acknowledge(actor: Actor, alarm_id: int, *, now: datetime, note: str = "") -> bool:
    """Note that somebody of the staff has seen it: no more reminders.  Says whether anything changed."""
    row = require_alarm(actor, alarm_id, None)
    if row.acknowledged_at is not None and not note:
        return False
    values = {"acknowledged_at": row.acknowledged_at or now, "acknowledged_by": row.acknowledged_by or actor.name[:150]}
    return save_changed(actor, row, values | {"note": note[:500] or row.note}, now=now, action="acknowledge")


@transaction.atomic
def do_note_fixed(
    actor: Actor, alarm_id: int, *, own_points: Collection[int] | None, now: datetime, note: str = ""
) -> bool:
    """Note that somebody says it is mended.  It is cleared when the series shows it; until then no reminders."""
    row = require_alarm(actor, alarm_id, own_points)
    if row.fixed_at is not None:
        return False
    values = {"fixed_at": now, "fixed_by": actor.name[:150], "note": note[:500] or row.note}
    return save_changed(actor, row, values, now=now, action="fix")


@transaction.atomic
def do_snooze(
    actor: Actor, alarm_id: int, *, until: datetime, own_points: Collection[int] | None, now: datetime
) -> bool:
    """Be quiet about it until an instant, 90 days away at most.  `RegistryError` for another one."""
    row = require_alarm(actor, alarm_id, own_points)
    if not now < until <= now + LONGEST_SNOOZE:
        raise RegistryError(Problem.INVALID, f"until: expected a time within {LONGEST_SNOOZE.days} days from now")
    return save_changed(actor, row, {"snoozed_until": until}, now=now, action="snooze")
