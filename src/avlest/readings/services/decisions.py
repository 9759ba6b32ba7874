# SPDX-License-Identifier: Apache-2.0
"""What people decide about values: accept, edit, verify, estimate, set by discretion, release.

A decision is a row of its own and never changed; readings stay as received.  It is part of what the series is derived
from, so the days it touches are derived again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from avlest.readings.calendar import derive_local_day
from avlest.readings.derive.plan import do_request
from avlest.readings.models import Decision, Finding
from avlest.readings.vee.contracts import MARGIN
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Series
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new

_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_WITH_VALUE: Final = frozenset({"edit", "verify", "discretion"})
_REASONS: Final = "a reason of at least three letters"


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """A decision about one series in `[starts_at, ends_at)`, UTC; `value` is the amount of the whole period.

    With a value the period begins and ends at full hours.
    """

    series_id: int
    starts_at: datetime
    ends_at: datetime
    action: str
    reason: str
    value: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """What became of many findings: decisions made, and why others were not (finding, sentence)."""

    decisions: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]


@transaction.atomic
def do_decide(actor: Actor, choice: Choice, *, now: datetime, finding_ids: Sequence[int] = ()) -> int:
    """Write a decision, close the findings it answers, and have the days derived again; return its number.

    Raises `AccessDeniedError`, or `RegistryError` for a choice that cannot be: no reason, a value where none belongs
    or none where one does, a period that is empty or not on full hours, or one that is locked by discretion.
    """
    series = access_row(Series, actor, choice.series_id, right=Right.DECIDE_VALUES)
    _check(choice, now=now)
    _check_lock(choice)
    row = Decision(
        organisation_id=actor.organisation_id,
        series=series,
        starts_at=choice.starts_at,
        ends_at=choice.ends_at,
        action=choice.action,
        value=choice.value,
        reason=choice.reason.strip(),
        author=actor.name[:150],
        user_id=actor.user_id,
        known_at=now,
    )
    save_new(actor, row, now=now, action="decide")
    for finding_id in finding_ids:
        finding = access_row(Finding, actor, finding_id, right=Right.DECIDE_VALUES, for_update=True)
        closed = {"state": Finding.State.DECIDED.value, "closed_at": now, "decision_id": row.pk}
        save_changed(actor, finding, closed, now=now, action="decide")
    do_request(
        actor.organisation_id,
        series_id=series.pk,
        first_day=derive_local_day(choice.starts_at - MARGIN),
        stop_day=derive_local_day(choice.ends_at + MARGIN) + _DAY,
    )
    return int(row.pk)


def do_decide_findings(
    actor: Actor,
    finding_ids: Sequence[int],
    *,
    action: str,
    reason: str,
    now: datetime,
    values: Mapping[int, int] | None = None,
) -> Decided:
    """Decide many findings alike, each in a transaction of its own; what cannot be is told and left.

    `values`: the amount for each finding, where the action has one.  Raises `AccessDeniedError` without the right.
    """
    actor.require(Right.DECIDE_VALUES)
    made: list[int] = []
    refused: list[tuple[int, str]] = []
    for finding_id in dict.fromkeys(finding_ids):
        try:
            made.append(_decide_one(actor, finding_id, action, reason, (values or {}).get(finding_id), now=now))
        except (RegistryError, PermissionError) as error:
            refused.append((finding_id, str(error)))
    return Decided(tuple(made), tuple(refused))


@transaction.atomic
def _decide_one(actor: Actor, finding_id: int, action: str, reason: str, value: int | None, *, now: datetime) -> int:
    finding = access_row(Finding, actor, finding_id, right=Right.DECIDE_VALUES, for_update=True)
    if finding.state != Finding.State.OPEN:
        raise RegistryError(
            Problem.ENDED, f"the finding is {finding.get_state_display()}: nothing waits for a decision"
        )
    start, stop = derive_decision_period(finding.starts_at, finding.ends_at, action=action)
    choice = Choice(finding.series_id, start, stop, action, reason, value)
    return do_decide(actor, choice, now=now, finding_ids=[finding_id])


def derive_decision_period(starts_at: datetime, ends_at: datetime | None, *, action: str) -> tuple[datetime, datetime]:
    """The period a decision about a finding covers: full hours where a value is spread over it, else its readings."""
    stop = ends_at or starts_at
    if action not in _WITH_VALUE:
        return starts_at, stop + _SECOND
    first = _floor(starts_at)
    last = _floor(stop) if stop == _floor(stop) else _floor(stop) + _HOUR
    return first, max(last, first + _HOUR)


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _check(choice: Choice, *, now: datetime) -> None:
    if choice.action not in Decision.Action.values:
        raise RegistryError(Problem.INVALID, f"{choice.action}: expected one of {', '.join(Decision.Action.values)}")
    if len(choice.reason.strip()) < 3:
        raise RegistryError(Problem.INVALID, f"reason: expected {_REASONS}")
    if choice.ends_at <= choice.starts_at:
        raise RegistryError(Problem.INVALID, "the period is empty: its end must come after its beginning")
    if choice.ends_at > now + _DAY:
        raise RegistryError(Problem.INVALID, "the period lies ahead: only what has been used can be decided")
    _check_value(choice)


def _check_value(choice: Choice) -> None:
    if (choice.action in _WITH_VALUE) != (choice.value is not None):
        expected = "a value" if choice.action in _WITH_VALUE else "no value"
        raise RegistryError(Problem.INVALID, f"{choice.action}: expected {expected}")
    on_hours = choice.starts_at == _floor(choice.starts_at) and choice.ends_at == _floor(choice.ends_at)
    if choice.value is not None and not on_hours:
        raise RegistryError(Problem.INVALID, "a value is for full hours: begin and end the period at one")


def _check_lock(choice: Choice) -> None:
    """Refuse what would go round a case worker's discretion: it is released first, for exactly its period."""
    rows = Decision.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=choice.starts_at),
        series_id=choice.series_id,
        starts_at__lt=choice.ends_at,
        action__in=("discretion", "release"),
    ).order_by("known_at", "pk")
    locked: dict[tuple[datetime, datetime | None], bool] = {}
    for row in rows:
        locked[row.starts_at, row.ends_at] = row.action == Decision.Action.DISCRETION
    standing = [period for period, stands in locked.items() if stands]
    own = (choice.starts_at, choice.ends_at)
    if choice.action == Decision.Action.RELEASE:
        if own not in standing:
            raise RegistryError(Problem.INVALID, "release: no discretion stands for exactly this period")
    elif standing and not (choice.action == Decision.Action.DISCRETION and standing == [own]):
        first, last = standing[0]
        detail = f"set by discretion from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC: release it first"
        raise RegistryError(Problem.OVERLAP, detail)
