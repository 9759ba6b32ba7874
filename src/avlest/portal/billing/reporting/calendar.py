# SPDX-License-Identifier: Apache-2.0
"""When a report is due and which days it is about.  Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

OSLO: Final = ZoneInfo("Europe/Oslo")
_DAY: Final = timedelta(days=1)


def derive_next(every: str, hour: int, *, after: datetime) -> datetime:
    """Return the first instant after `after` at which a report is due: at `hour` local time, whatever clocks do."""
    day = after.astimezone(OSLO).date()
    while True:
        due = datetime.combine(day, time(hour), tzinfo=OSLO).astimezone(UTC)
        if due > after and _is_due(every, day):
            return due
        day += _DAY


def _is_due(every: str, day: date) -> bool:
    return {"day": True, "week": day.weekday() == 0, "month": day.day == 1}[every]


def derive_days(every: str, due_at: datetime) -> tuple[date, date]:
    """Return the whole days `[start, stop)` that a report due then is about: the day, week or month that is over."""
    day = due_at.astimezone(OSLO).date()
    if every == "day":
        return day - _DAY, day
    if every == "week":
        stop = day - timedelta(days=day.weekday())
        return stop - timedelta(days=7), stop
    stop = day.replace(day=1)
    return (stop - _DAY).replace(day=1), stop
