# SPDX-License-Identifier: Apache-2.0
"""One leak, said once: alarms of the kinds of a leak at one point with one cause are a case.

A cistern that runs shows as flow at night, for a day and for a week.  Settling gives them one `cause_key`, and people
one message (`evaluate.settling`); here one of them leads for the reader, and the others are its parts.  The open ones
come before those that are over, then the gravest, then the latest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from avlest.insight.contracts import LEAK_KINDS, Severity
from avlest.insight.infos import AlarmInfo
from avlest.insight.models import Alarm

_LEAKS: Final = frozenset(str(kind) for kind in LEAK_KINDS)
_RANKS: Final = {str(severity): rank for rank, severity in enumerate(Severity)}
_OVER: Final = 10


def join_cases(alarms: Sequence[AlarmInfo]) -> list[AlarmInfo]:
    """Return those that lead, with their parts, in the order given.  Pure."""
    cases: dict[tuple[object, ...], list[AlarmInfo]] = {}
    for alarm in alarms:
        is_leak = alarm.kind in LEAK_KINDS and alarm.point_id is not None and alarm.cause_key
        key = (alarm.point_id, alarm.cause_key) if is_leak else (alarm.id,)
        cases.setdefault(key, []).append(alarm)
    leads = []
    for members in cases.values():
        lead, *parts = sorted(members, key=_order)
        leads.append(dataclasses.replace(lead, parts=tuple(parts)))
    return leads


def _order(alarm: AlarmInfo) -> tuple[bool, int, int]:
    return (not alarm.is_open, _RANKS[alarm.severity], -alarm.id)


def keep_leads(rows: QuerySet[Alarm]) -> QuerySet[Alarm]:
    """Return the rows that lead their case, in the database.

    Asked of all shown alarms, whatever narrows `rows`: who may know of a leak may know of all its kinds, and a part is
    not another matter because somebody has seen to the one that leads.
    """
    # A cause is of one point: by its key alone the database finds the few at once.
    alike = Alarm.objects.filter(is_shown=True, kind__in=_LEAKS, cause_key=OuterRef("cause_key"))
    same = alike.annotate(case_rank=_rank())
    before = Q(case_rank__lt=OuterRef("case_rank")) | Q(case_rank=OuterRef("case_rank"), pk__gt=OuterRef("pk"))
    is_leak = Q(kind__in=_LEAKS, point__isnull=False) & ~Q(cause_key="")
    return rows.annotate(case_rank=_rank()).exclude(is_leak & Exists(same.filter(before)))


def _rank() -> Case:
    whens = [
        When(severity=name, cleared_at__isnull=is_open, then=Value(rank + (0 if is_open else _OVER)))
        for name, rank in _RANKS.items()
        for is_open in (True, False)
    ]
    return Case(*whens, default=Value(2 * _OVER), output_field=IntegerField())


def get_parts(leads: Iterable[Alarm], among: QuerySet[Alarm]) -> dict[int, list[Alarm]]:
    """Return the parts that each of some leads speaks for, of those in `among`: one query."""
    keys = {(row.point_id, row.cause_key): row.pk for row in leads if row.kind in _LEAKS and row.cause_key}
    points = {point for point, _ in keys if point is not None}
    found: dict[int, list[Alarm]] = {}
    if not points:
        return found
    causes = {cause for _, cause in keys}
    for row in among.filter(kind__in=_LEAKS, point_id__in=points, cause_key__in=causes).order_by("-opened_at", "-pk"):
        lead = keys.get((row.point_id, row.cause_key))
        if lead is not None and lead != row.pk:
            found.setdefault(lead, []).append(row)
    return found
