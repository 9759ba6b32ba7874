# SPDX-License-Identifier: Apache-2.0
"""Telling people of alarms: each step of each alarm once, one message per cause."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from avlest.insight.infos import AlarmState
from avlest.insight.links import make_link
from avlest.insight.mapping import derive_state
from avlest.insight.models import Alarm
from avlest.insight.notify.contracts import AlarmNotice, Audience, Recipient, Step
from avlest.insight.notify.outbox import do_notify_alarms
from avlest.insight.notify.people import get_recipients, get_staff
from avlest.insight.places import name_places

_CHUNK: Final = 300
_NEVER_AGAIN: Final = "history"


@cache
def load_telling() -> Mapping[str, Any]:
    """The table `telling.toml`."""
    return tomllib.loads(files("avlest.insight").joinpath("telling.toml").read_text(encoding="utf-8"))


def do_tell_alarms(*, now: datetime, address: str = "") -> int:
    """Keep the messages that are due for alarms of all organisations; returns how many are new.

    `address`: where the pages are, for links.  Idempotent: a step is told once, whoever runs this how often.
    """
    told = 0
    for organisation in sorted(set(_get_waiting(now).values_list("organisation_id", flat=True))):
        rows = list(_get_waiting(now).filter(organisation_id=organisation).order_by("opened_at", "pk"))
        for at in range(0, len(rows), _CHUNK):
            told += _tell(organisation, rows[at : at + _CHUNK], now=now, address=address)
    return told


def _get_waiting(now: datetime) -> Any:
    """Alarms with a step that may be due: all that are open, and those that ended after people were told."""
    fresh = now - timedelta(hours=load_telling()["fresh_hours"])
    is_over = Q(step__in=["", *_REMIND], cleared_at__isnull=False) & (~Q(step="") | Q(cleared_at__gte=fresh))
    return Alarm.objects.filter(Q(cleared_at__isnull=True, is_shown=True) | is_over).exclude(step=_NEVER_AGAIN)


_REMIND: Final = (Step.OPENED.value, Step.STILL_OPEN.value, Step.LONG_OPEN.value)


def derive_step(row: Alarm, *, now: datetime) -> Step | None:
    """The step that is due of an alarm; None: none.  Reminders stop once somebody has taken it on."""
    table = load_telling()
    if row.cleared_at is not None:
        return Step.CLEARED if row.step in _REMIND else (Step.OPENED if not row.step and row.is_shown else None)
    if not row.step:
        return Step.OPENED
    if derive_state(row, now=now) is not AlarmState.OPEN:
        return None
    age = now - max(row.opened_at, row.found_at)
    if row.step == Step.STILL_OPEN and age >= timedelta(hours=table["long_open_hours"]):
        return Step.LONG_OPEN
    if row.step == Step.OPENED and age >= timedelta(hours=table["still_open_hours"]):
        return Step.STILL_OPEN
    return None


@transaction.atomic
def _tell(organisation: int, rows: Sequence[Alarm], *, now: datetime, address: str) -> int:
    due = [(row, step) for row in rows if (step := derive_step(row, now=now)) is not None]
    others = _find_open_causes(row.cause_key for row, step in due if step is Step.CLEARED)
    people = get_recipients(organisation, {row.point_id for row, _ in due if row.point_id is not None}, now=now)
    staff, places = get_staff(organisation), name_places([row for row, _ in due])
    notices = [
        _make_notice(row, step, people.get(row.point_id or 0, staff), places[row.pk], address)
        for row, step in due
        # A cause is over when all that came of it is.
        if not (step is Step.CLEARED and row.cause_key in others)
    ]
    kept = do_notify_alarms(organisation, notices, now=now)
    for row, step in due:
        # An event that was over when it was found has been told with its opening.
        is_done = step is Step.CLEARED or row.cleared_at is not None
        row.step = Step.CLEARED.value if is_done else step.value
    Alarm.objects.bulk_update([row for row, _ in due], ["step"], batch_size=200)
    return kept


def _find_open_causes(keys: Iterable[str]) -> set[str]:
    rows = Alarm.objects.filter(cause_key__in=set(keys), cleared_at__isnull=True, is_shown=True)
    return set(rows.values_list("cause_key", flat=True))


def _make_notice(row: Alarm, step: Step, recipients: Sequence[Recipient], place: str, address: str) -> AlarmNotice:
    return AlarmNotice(
        alarm_id=row.pk, cause_key=row.cause_key, step=step, kind=row.kind, severity=row.severity, cause=row.cause,
        advice=tuple(row.advice), since=row.since, place=place, unit=row.unit or "l", rate=row.rate, amount=row.amount,
        cost=row.cost, cost_per_year=row.cost_per_year, count=row.count, link=make_link(address, row.pk),
        recipients=tuple(one for one in recipients if _concerns(row.kind, one)),
    )  # fmt: skip


def _concerns(kind: str, recipient: Recipient) -> bool:
    table = load_telling()
    return kind in table["residents" if recipient.audience is Audience.RESIDENT else "staff"]
