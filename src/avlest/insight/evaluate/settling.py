# SPDX-License-Identifier: Apache-2.0
"""Which of a point's alarms is shown, and which have one cause: one thing is said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from avlest.insight.contracts import LEAK_KINDS, Evidence, Severity
from avlest.insight.models import Alarm

_CHUNK: Final = 500
_PRIORITY: Final = (Evidence.SERIES, Evidence.METER, Evidence.SILENCE, Evidence.AGE)
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)
_BEFORE: Final = timedelta(days=1)
"""A meter may say it a day before or after its series shows it: both look back over a day."""
_AFTER: Final = timedelta(days=2)
_LEAK: Final = "leak"
_LEAKS: Final = frozenset(str(kind) for kind in LEAK_KINDS)


def settle_points(point_ids: Iterable[int]) -> None:
    """Choose leads and causes of all alarms of some points; call it inside the transaction that changed them."""
    wanted = sorted(set(point_ids))
    for at in range(0, len(wanted), _CHUNK):
        points: dict[int, list[Alarm]] = {}
        for row in Alarm.objects.filter(point_id__in=wanted[at : at + _CHUNK]).order_by("opened_at", "pk"):
            points.setdefault(row.point_id or 0, []).append(row)
        changed = [row for rows in points.values() for row in _settle(rows)]
        # First those that are hidden: of a point and kind no two are shown at once.
        for is_shown in (False, True):
            chosen = [row for row in changed if row.is_shown is is_shown]
            Alarm.objects.bulk_update(chosen, ["lead", "is_shown", "cause_key"], batch_size=200)


def _settle(rows: Sequence[Alarm]) -> list[Alarm]:
    before = {row.pk: (row.lead_id, row.is_shown, row.cause_key) for row in rows}
    kinds: dict[str, list[Alarm]] = {}
    for row in sorted(rows, key=lambda row: (_PRIORITY.index(Evidence(row.evidence)), row.opened_at, row.pk)):
        shown = kinds.setdefault(row.kind, [])
        lead = next((one for one in shown if _follows(row, one)), None)
        row.lead, row.is_shown = lead, lead is None
        if lead is None:
            shown.append(row)
    _name_causes(rows)
    return [row for row in rows if before[row.pk] != (row.lead_id, row.is_shown, row.cause_key)]


def _follows(row: Alarm, lead: Alarm) -> bool:
    """Whether one says what the other says; the same watcher's second alarm is another matter."""
    if (row.evidence, row.subject) == (lead.evidence, lead.subject):
        return False
    ends, lead_ends = row.cleared_at or _FAR, lead.cleared_at or _FAR
    if row.opened_at > min(lead_ends, _FAR - _BEFORE) + _BEFORE or ends < lead.opened_at - _BEFORE:
        return False
    seen = min(ends, row.last_at)
    return lead.cleared_at is None or seen <= lead.cleared_at + _AFTER


def _name_causes(rows: Sequence[Alarm]) -> None:
    """Leaks at one point at one time have one cause; what is more urgent than what was told has its own."""
    for number, row in enumerate(rows):
        if row.cause_key:
            continue
        earlier = [one for one in rows[:number] if _is_same_cause(row, one)]
        row.cause_key = earlier[-1].cause_key if earlier else f"a{row.pk}"


def _is_same_cause(row: Alarm, earlier: Alarm) -> bool:
    if _family(row) != _family(earlier) or (earlier.cleared_at or _FAR) < row.opened_at:
        return False
    return row.severity != Severity.CRITICAL or earlier.severity == Severity.CRITICAL


def _family(row: Alarm) -> str:
    return _LEAK if row.kind in _LEAKS else row.kind


def settle_others(rows: Iterable[Alarm]) -> None:
    """Show alarms that are of no point, such as a gateway's: each is its own cause."""
    changed = [row for row in rows if row.point_id is None and not (row.is_shown and row.cause_key)]
    for row in changed:
        row.is_shown, row.cause_key = True, f"a{row.pk}"
    Alarm.objects.bulk_update(changed, ["is_shown", "cause_key"], batch_size=200)
