# SPDX-License-Identifier: Apache-2.0
"""Freezing what has been billed, and settling what changed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.derive.classes import load_freezes
from avlest.readings.derive.directory import read_of
from avlest.readings.models import Correction, Freeze
from avlest.registry.access import make_system_actor
from avlest.registry.models import MeteringPoint, Series
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.registry.services.audit import Change, record, save_changed, save_new, snapshot

_CHUNK = 500


@transaction.atomic
def do_freeze(actor: Actor, series_ids: Sequence[int], until: datetime, *, reason: str, now: datetime) -> int:
    """Freeze series before `until` because they are billed; return how many moved.  A freeze only ever moves on.

    What changes before `until` from now on becomes a correction.  Raises `AccessDeniedError` for a series of another
    organisation; then none is frozen.
    """
    actor.require(Right.DECIDE_VALUES)
    wanted = sorted(set(series_ids))
    _check_own(actor, wanted)
    standing = {pk: row_id for row_id, pk in read_of(Freeze, wanted, Q(), "id", "series_id")}
    new = [
        Freeze(organisation_id=actor.organisation_id, series_id=pk, until=until, frozen_at=now, reason=reason)
        for pk in wanted
        if pk not in standing
    ]
    Freeze.objects.bulk_create(new, batch_size=_CHUNK)
    record(actor, *(Change("freeze", row, None, snapshot(row)) for row in new), now=now)
    return len(new) + _move(actor, list(standing.values()), until, reason, now=now)


def _move(actor: Actor, numbers: Sequence[int], until: datetime, reason: str, *, now: datetime) -> int:
    moved: list[Change] = []
    for at in range(0, len(numbers), _CHUNK):
        rows = list(Freeze.objects.filter(pk__in=numbers[at : at + _CHUNK], until__lt=until).select_for_update())
        for row in rows:
            before = snapshot(row)
            row.until, row.frozen_at, row.reason = until, now, reason
            moved.append(Change("freeze", row, before, snapshot(row)))
        Freeze.objects.bulk_update(rows, ["until", "frozen_at", "reason"])
    record(actor, *moved, now=now)
    return len(moved)


def _check_own(actor: Actor, series_ids: Sequence[int]) -> None:
    owned: set[int] = set()
    for at in range(0, len(series_ids), _CHUNK):
        rows = Series.objects.of(actor.organisation_id).filter(pk__in=series_ids[at : at + _CHUNK])
        owned.update(rows.values_list("pk", flat=True))
    for series_id in series_ids:
        if series_id not in owned:
            raise AccessDeniedError(f"no series {series_id} in this organisation")


def do_freeze_due(*, now: datetime) -> int:
    """Freeze what the media's own rules say is billed by now, in every organisation; return how many moved."""
    today = derive_local_day(now)
    moved = 0
    for rule in load_freezes():
        if rule["valid_from"] <= today < rule.get("valid_to", date.max):
            until = derive_day_start(today - timedelta(days=rule["days"] - 1))
            points = MeteringPoint.objects.filter(medium=rule["medium"])
            for organisation in points.order_by().values_list("organisation_id", flat=True).distinct():
                actor = make_system_actor(organisation, name="freeze")
                moved += _freeze_medium(actor, rule["medium"], until, f"D+{rule['days']}", now=now)
    return moved


@transaction.atomic
def _freeze_medium(actor: Actor, medium: str, until: datetime, reason: str, *, now: datetime) -> bool:
    rows = Freeze.objects.of(actor.organisation_id).filter(medium=medium)
    row = rows.select_for_update().first()
    values = {"until": until, "frozen_at": now, "reason": reason}
    if row is None:
        save_new(
            actor, Freeze(organisation_id=actor.organisation_id, medium=medium, **values), now=now, action="freeze"
        )
        return True
    return row.until < until and save_changed(actor, row, values, now=now, action="freeze")


@transaction.atomic
def do_settle_corrections(actor: Actor, correction_ids: Sequence[int], *, run: str, now: datetime) -> int:
    """Note that a settlement run has taken corrections up, each once; return how many were open."""
    actor.require(Right.DECIDE_VALUES)
    settled = 0
    wanted = sorted(set(correction_ids))
    for at in range(0, len(wanted), _CHUNK):
        rows = Correction.objects.of(actor.organisation_id).filter(pk__in=wanted[at : at + _CHUNK], settled_by="")
        chosen = list(rows.select_for_update())
        before = [snapshot(row) for row in chosen]
        rows.filter(pk__in=[row.pk for row in chosen]).update(settled_by=run)
        changes = [
            Change("settle", row, old, {**old, "settled_by": run}) for row, old in zip(chosen, before, strict=True)
        ]
        record(actor, *changes, now=now)
        settled += len(chosen)
    return settled
