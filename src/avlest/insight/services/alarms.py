# SPDX-License-Identifier: Apache-2.0
"""What people do about alarms; each in one transaction with an audit row."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from avlest.insight.cases import get_parts
from avlest.insight.models import Alarm
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
    values = {"acknowledged_at": now, "acknowledged_by": actor.name[:150]}
    for part in _get_open_parts(row):
        if part.acknowledged_at is None:
            save_changed(actor, part, values, now=now, action="acknowledge")
    kept = {name: getattr(row, name) or value for name, value in values.items()}
    return save_changed(actor, row, kept | {"note": note[:500] or row.note}, now=now, action="acknowledge")


@transaction.atomic
def do_note_fixed(
    actor: Actor, alarm_id: int, *, own_points: Collection[int] | None, now: datetime, note: str = ""
) -> bool:
    """Note that somebody says it is mended.  It is cleared when the series shows it; until then no reminders."""
    row = require_alarm(actor, alarm_id, own_points)
    if row.fixed_at is not None:
        return False
    values = {"fixed_at": now, "fixed_by": actor.name[:150]}
    for part in _get_open_parts(row):
        if part.fixed_at is None:
            save_changed(actor, part, values, now=now, action="fix")
    values["note"] = note[:500] or row.note
    return save_changed(actor, row, values, now=now, action="fix")


@transaction.atomic
def do_snooze(
    actor: Actor, alarm_id: int, *, until: datetime, own_points: Collection[int] | None, now: datetime
) -> bool:
    """Be quiet about it until an instant, 90 days away at most.  `RegistryError` for another one."""
    row = require_alarm(actor, alarm_id, own_points)
    if not now < until <= now + LONGEST_SNOOZE:
        raise RegistryError(Problem.INVALID, f"until: expected a time within {LONGEST_SNOOZE.days} days from now")
    for part in _get_open_parts(row):
        save_changed(actor, part, {"snoozed_until": until}, now=now, action="snooze")
    return save_changed(actor, row, {"snoozed_until": until}, now=now, action="snooze")


def _get_open_parts(row: Alarm) -> list[Alarm]:
    """What else tells of the same leak: whoever says something of one says it of all."""
    among = Alarm.objects.of(row.organisation_id).filter(is_shown=True, cleared_at__isnull=True)
    return get_parts([row], among).get(row.pk, [])
