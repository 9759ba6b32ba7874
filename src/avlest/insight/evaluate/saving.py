# SPDX-License-Identifier: Apache-2.0
"""Keeping what was found: rows stay the same rows when late values move them, with all that people did to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from avlest.insight.models import Alarm

_CHUNK: Final = 900
_SEEN: Final = (
    "severity", "since", "opened_at", "last_at", "cleared_at", "rate", "amount", "count", "cause", "advice", "detail",
    "cost", "yearly_amount", "cost_per_year",
)  # fmt: skip
_TIMES: Final = ("opened_at", "cleared_at", "severity")
_OF: Final = ("organisation", "point", "series", "meter", "gateway", "zone")


@dataclasses.dataclass(slots=True)
class Saved:
    """What one portion did; `points` are those whose alarms began, ended or moved."""

    opened: int = 0
    cleared: int = 0
    withdrawn: int = 0
    points: set[int] = dataclasses.field(default_factory=set)

    def add(self, other: Saved) -> None:
        """Count another portion in."""
        self.opened += other.opened
        self.cleared += other.cleared
        self.withdrawn += other.withdrawn
        self.points |= other.points


def read_alarms(scope: str, evidence: str, subjects: Iterable[int]) -> list[Alarm]:
    """The stored alarms of some subjects, by subject, kind and opening."""
    wanted = sorted(set(subjects))
    rows = Alarm.objects.filter(scope=scope, evidence=evidence)
    found = [row for at in range(0, len(wanted), _CHUNK) for row in rows.filter(subject__in=wanted[at : at + _CHUNK])]
    return sorted(found, key=lambda row: (row.subject, row.kind, row.opened_at))


def save_found(found: pl.DataFrame, stored: Sequence[Alarm], *, now: datetime) -> Saved:
    """Make `stored` alarms what was `found`; call it inside a transaction, and settle the points afterwards.

    `found`: `contracts.ALARMS` and `LEAK_COLUMNS` with `unit` and whose and where it is (`organisation`, `point`,
    `series`, `meter`, `gateway`, `zone`; null where it is not).  `stored`: all that the found ones replace.  A stored
    alarm is the one found that opened at the same hour, or else overlaps it.  One that is not found again is removed;
    or, where people were told, kept as cleared.
    """
    waiting: dict[tuple[int, str], list[Alarm]] = {}
    for row in stored:
        waiting.setdefault((row.subject, row.kind), []).append(row)
    saved = Saved()
    fresh: list[Alarm] = []
    changed: list[Alarm] = []
    for values in found.iter_rows(named=True):  # alarms, not measurements
        same = _take(waiting.get((values["subject"], values["kind"]), []), values)
        if same is None:
            fresh.append(_make(values, now))
        elif _change(same, values, saved):
            changed.append(same)
    for row in fresh:
        saved.opened += 1
        _note_point(saved, row)
    _withdraw([row for rows in waiting.values() for row in rows], saved)
    # An alarm that is open anew must not meet another that is shown at its point: settling shows one again.
    Alarm.objects.bulk_update(changed, [*_SEEN, "is_shown"], batch_size=200)
    Alarm.objects.bulk_create(fresh, batch_size=200)
    return saved


def _take(rows: list[Alarm], values: Mapping[str, Any]) -> Alarm | None:
    same = next((row for row in rows if row.opened_at == values["opened_at"]), None)
    row = same or next((row for row in rows if _overlaps(row, values)), None)
    if row is not None:
        rows.remove(row)
    return row


def _overlaps(row: Alarm, values: Mapping[str, Any]) -> bool:
    ends = row.cleared_at or row.last_at
    others = values["cleared_at"] or values["last_at"]
    return bool(row.since < others and values["since"] < ends)


def _make(values: Mapping[str, Any], now: datetime) -> Alarm:
    owners = {f"{name}_id": values[name] for name in _OF}
    seen = {name: values[_COLUMNS.get(name, name)] for name in _SEEN}
    return Alarm(
        scope=values["scope"], subject=values["subject"], kind=values["kind"], evidence=values["evidence"],
        unit=values["unit"] or "", found_at=now, **owners, **_fit(seen),
    )  # fmt: skip


_COLUMNS: Final[Mapping[str, str]] = {"cost": "cost_so_far"}


def _fit(seen: dict[str, Any]) -> dict[str, Any]:
    return {**seen, "advice": list(seen["advice"] or []), "detail": (seen["detail"] or "")[:300]}


def _change(row: Alarm, values: Mapping[str, Any], saved: Saved) -> bool:
    seen = _fit({name: values[_COLUMNS.get(name, name)] for name in _SEEN})
    different = [name for name in _SEEN if getattr(row, name) != seen[name]]
    if not different:
        return False
    if row.cleared_at is None and seen["cleared_at"] is not None:
        saved.cleared += 1
    if set(different) & set(_TIMES):
        _note_point(saved, row)
        row.is_shown = row.is_shown and row.point_id is None
    for name in different:
        setattr(row, name, seen[name])
    return True


def _withdraw(rows: Sequence[Alarm], saved: Saved) -> None:
    told = [row for row in rows if row.step and row.cleared_at is None]
    for row in told:
        row.cleared_at = max(row.last_at, row.opened_at)
        _note_point(saved, row)
    Alarm.objects.bulk_update(told, ["cleared_at"], batch_size=200)
    gone = [row for row in rows if not row.step]
    for row in gone:
        _note_point(saved, row)
    for at in range(0, len(gone), _CHUNK):
        Alarm.objects.filter(pk__in=[row.pk for row in gone[at : at + _CHUNK]]).delete()
    saved.withdrawn += len(gone) + len(told)


def _note_point(saved: Saved, row: Alarm) -> None:
    if row.point_id is not None:
        saved.points.add(row.point_id)
