# SPDX-License-Identifier: Apache-2.0
"""Dates and times as meters send them: types F, G, I and J (EN 13757-3:2018, annex A).

A meter says what its own clock shows and not which zone it keeps, so a date with a time
is a `MeterTime`: calendar fields plus the summer-time flag, never a datetime without a
zone.  Whoever knows the meter's zone makes an instant of it with `to_datetime`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, tzinfo
from typing import Final

CENTURY_WINDOW: Final = 81
"""Two-digit years from here on are 19xx where no century is sent, below it 20xx."""


@dataclass(frozen=True, slots=True, order=True)
class MeterTime:
    """What a meter's clock showed: `str()` gives "2021-11-30 10:06", with seconds if sent.

    `summer_time` is the meter's own flag; many meters never set it.
    """

    day: date
    hour: int
    minute: int
    second: int | None = None
    summer_time: bool = False

    def __str__(self) -> str:
        text = f"{self.day.isoformat()} {self.hour:02}:{self.minute:02}"
        return text if self.second is None else f"{text}:{self.second:02}"

    def to_datetime(self, zone: tzinfo) -> datetime:
        """The instant, if the meter's clock keeps `zone`."""
        clock = time(self.hour, self.minute, self.second or 0)
        return datetime.combine(self.day, clock, tzinfo=zone)


def _derive_year(two_digits: int, century: int = 0) -> int | None:
    if two_digits > 99:
        return None
    if century:
        return 1900 + 100 * century + two_digits
    return two_digits + (1900 if two_digits >= CENTURY_WINDOW else 2000)


def _build_date(low: int, high: int, century: int = 0) -> date | None:
    """Day in the low five bits, month in the high byte's low four, year in the rest."""
    year = _derive_year(low >> 5 | (high & 0xF0) >> 1, century)
    if year is None or year > MAXYEAR:
        return None
    try:
        return date(year, high & 0x0F, low & 0x1F)
    except ValueError:  # "every day", "every month", or no such day
        return None


def decode_date_g(data: bytes) -> date | None:
    """Type G, two bytes: a day, or None when invalid or "every day/month/year"."""
    return _build_date(data[0], data[1]) if len(data) == 2 else None


def decode_datetime_f(data: bytes) -> MeterTime | None:
    """Type F, four bytes: minute resolution, invalid flag, summer time, century.

    None when the invalid bit is set, or a field is out of range or says "every".
    """
    if len(data) != 4 or data[0] & 0x80:
        return None
    day = _build_date(data[2], data[3], data[1] >> 5 & 0x03)
    minute, hour = data[0] & 0x3F, data[1] & 0x1F
    if day is None or minute > 59 or hour > 23:
        return None
    return MeterTime(day, hour, minute, None, bool(data[1] & 0x80))


def decode_datetime_i(data: bytes) -> MeterTime | None:
    """Type I, six bytes: second resolution; None when invalid, as for type F.

    The week, day of the week and daylight-saving deviation it also carries follow from
    the date or belong to the meter's set-up, and are left in the record's raw bytes.
    """
    if len(data) != 6 or data[1] & 0x80:
        return None
    day = _build_date(data[3], data[4])
    second, minute, hour = data[0] & 0x3F, data[1] & 0x3F, data[2] & 0x1F
    if day is None or second > 59 or minute > 59 or hour > 23:
        return None
    return MeterTime(day, hour, minute, second, bool(data[0] & 0x40))


def decode_time_j(data: bytes) -> time | None:
    """Type J, three bytes: a time of day, or None when invalid or "every hour"."""
    if len(data) != 3:
        return None
    second, minute, hour = data[0] & 0x3F, data[1] & 0x3F, data[2] & 0x1F
    if second > 59 or minute > 59 or hour > 23:
        return None
    return time(hour, minute, second)
