# SPDX-License-Identifier: Apache-2.0
"""DLMS date-times, and the instant each maker's wall clock stands for.

The date-time has a field for the deviation from UTC, but Norwegian meters leave it
unspecified, or zero when it is not.  So the maker decides:

* Aidon and Kamstrup keep the zone's standard time (UTC+1) all year; Kamstrup's
  summer-time status bit is information only.  Aidon writes deviation 0 and means UTC+1.
* Kaifa shows civil time, summer time included.
* A deviation that is given otherwise counts: UTC = local time + deviation
  (IEC 62056-6-2, date_time; minutes).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from struct import Struct
from typing import Final
from zoneinfo import ZoneInfo

from avlest.telegrams.han.model import ClockRule, Maker, MeterClock
from avlest.telegrams.outcomes import Outcome, TelegramError

CIVIL_ZONE: Final = ZoneInfo("Europe/Oslo")
STANDARD_TIME: Final = timezone(timedelta(hours=1))
SUMMER_BIT: Final = 0x80
NO_DEVIATION: Final = -0x8000
_MAX_DEVIATION: Final = 840
_LAYOUT: Final = Struct(">HBBBBBBBhB")


def decode_clock(data: bytes, maker: Maker, *, received_at: datetime | None = None) -> MeterClock:
    """Read a date-time of 12 bytes as `maker` means it.

    `received_at` (aware) settles which of two the repeated hour in autumn is; without it
    the first is taken and `ambiguous` set.  Raises `TelegramError` BAD_RECORDS for a
    date-time that is not 12 bytes.
    """
    if len(data) != _LAYOUT.size:
        raise TelegramError(Outcome.BAD_RECORDS, f"a date-time has {_LAYOUT.size} bytes, this one has {len(data)}")
    *fields, hundredths, minutes, status = _LAYOUT.unpack(data)
    deviation = minutes if abs(minutes) <= _MAX_DEVIATION else None
    wall = _build_wall(fields, hundredths)
    if wall is None:
        return MeterClock("", deviation, status, None, ClockRule.NONE)
    rule = _choose_rule(maker, deviation)
    instant, ambiguous = _resolve(wall, rule, deviation or 0, status, received_at)
    local = wall.replace(tzinfo=None, microsecond=0).isoformat()
    return MeterClock(local, deviation, status, instant, rule, ambiguous)


def _build_wall(fields: list[int], hundredths: int) -> datetime | None:
    """The wall clock, marked UTC until its zone is known; None when not fully specified."""
    year, month, day, _weekday, hour, minute, second = fields
    if not 1970 <= year <= 9998:  # room for the offset at both ends
        return None
    second = 0 if second == 0xFF else second
    micros = hundredths * 10_000 if hundredths < 100 else 0
    try:
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
    except ValueError:
        return None


def _choose_rule(maker: Maker, deviation: int | None) -> ClockRule:
    if deviation is not None and not (maker is Maker.AIDON and deviation == 0):
        return ClockRule.DEVIATION
    return _RULES[maker]


_RULES: Final = {
    Maker.AIDON: ClockRule.STANDARD_TIME,
    Maker.KAMSTRUP: ClockRule.STANDARD_TIME,
    Maker.KAIFA: ClockRule.CIVIL_TIME,
    Maker.UNKNOWN: ClockRule.NONE,
}


def _resolve(
    wall: datetime, rule: ClockRule, deviation: int, status: int, received_at: datetime | None
) -> tuple[datetime | None, bool]:
    if rule is ClockRule.DEVIATION:
        return wall + timedelta(minutes=deviation), False
    if rule is ClockRule.STANDARD_TIME:
        return wall.replace(tzinfo=STANDARD_TIME).astimezone(UTC), False
    if rule is ClockRule.CIVIL_TIME:
        return _resolve_civil(wall, status, received_at)
    return None, False


def _resolve_civil(wall: datetime, status: int, received_at: datetime | None) -> tuple[datetime, bool]:
    """Civil time to UTC.

    In the repeated hour the summer-time bit decides if set (never set by most firmware,
    so clear says nothing), then the time of arrival.  In the hour that is skipped in
    spring the clock has not been put forward yet.
    """
    first = wall.replace(tzinfo=CIVIL_ZONE, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=CIVIL_ZONE, fold=1).astimezone(UTC)
    if first >= second:  # equal on ordinary days, later in the skipped hour
        return first, False
    if status != 0xFF and status & SUMMER_BIT:
        return first, False
    if received_at is None:
        return first, True
    return min(first, second, key=lambda instant: abs(received_at - instant)), False
