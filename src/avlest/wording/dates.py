# SPDX-License-Identifier: Apache-2.0
"""Dates, times and periods.  Pure: instants are UTC or any zone, written in the zone given (Europe/Oslo)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from avlest.wording.languages import WordingError, get_language

OSLO: Final = ZoneInfo("Europe/Oslo")
_DAY: Final = timedelta(days=1)


def to_local(instant: datetime, zone: tzinfo = OSLO) -> datetime:
    """Return the instant in `zone`; `WordingError` for one without a zone of its own."""
    if instant.tzinfo is None:
        raise WordingError(f"an instant needs a zone: {instant.isoformat()}")
    return instant.astimezone(zone)


def format_date(day: date, *, language: str = "nb", style: str = "long") -> str:
    """Write a date: "22. november 2026" (`long`) or "22.11.2026" (`short`); English "22 November 2026".

    An instant is taken in Europe/Oslo.
    """
    words = get_language(language)
    day = to_local(day) if isinstance(day, datetime) else day
    pattern = words.short_date if style == "short" else words.date
    return pattern.format(day=day.day, number=day.month, month=words.months[day.month - 1], year=day.year)


def format_month(day: date, *, language: str = "nb") -> str:
    """Write the month of a date: "november 2026"."""
    day = to_local(day) if isinstance(day, datetime) else day
    return f"{get_language(language).months[day.month - 1]} {day.year}"


def format_weekday(day: date, *, language: str = "nb") -> str:
    """Write the day of the week: "tirsdag"."""
    day = to_local(day) if isinstance(day, datetime) else day
    return get_language(language).weekdays[day.weekday()]


def format_clock(instant: datetime, *, language: str = "nb", zone: tzinfo = OSLO) -> str:
    """Write the time of day: "kl. 14.05" (nb, nn), "14:05" (en)."""
    words, local = get_language(language), to_local(instant, zone)
    return words.clock.format(f"{local.hour:02}{words.clock_join}{local.minute:02}")


def format_instant(instant: datetime, *, language: str = "nb", zone: tzinfo = OSLO, style: str = "long") -> str:
    """Write an instant: "22. november 2026 kl. 14.05"; English "22 November 2026 14:05"."""
    day = format_date(to_local(instant, zone).date(), language=language, style=style)
    return f"{day} {format_clock(instant, language=language, zone=zone)}"


def format_period(
    start: date | datetime,
    stop: date | datetime,
    *,
    language: str = "nb",
    zone: tzinfo = OSLO,
) -> str:
    """Write the half-open period `[start, stop)`, dates or instants, as people say it.

    Whole days: "1.–30. november 2026", "1. november – 5. desember 2026"; hours of one day:
    "22. november 2026 kl. 12–13"; anything else: both instants with an en dash between.
    """
    if start >= stop:
        raise WordingError(f"a period must end after it begins: {start} to {stop}")
    if not isinstance(start, datetime) or not isinstance(stop, datetime):
        return _format_days(start, stop - _DAY, language)
    first, last = to_local(start, zone), to_local(stop, zone)
    if _is_midnight(first) and _is_midnight(last):
        return _format_days(first.date(), last.date() - _DAY, language)
    return _format_hours(first, last, language)


def _is_midnight(local: datetime) -> bool:
    return (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)


def _format_days(first: date, last: date, language: str) -> str:
    words = get_language(language)
    final = format_date(last, language=language)
    if first == last:
        return final
    dot = "." if words.date.startswith("{day}.") else ""
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{dot}–{final}"
    begin = f"{first.day}{dot} {words.months[first.month - 1]}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{begin}{year} – {final}"


def _format_hours(first: datetime, last: datetime, language: str) -> str:
    words = get_language(language)
    ends_at_midnight = _is_midnight(last) and last.date() - first.date() == _DAY
    if first.date() != last.date() and not ends_at_midnight:
        zone = first.tzinfo or OSLO
        return " – ".join(format_instant(moment, language=language, zone=zone) for moment in (first, last))
    times = [(first.hour, first.minute), (24 if ends_at_midnight else last.hour, last.minute)]
    is_whole = all(minute == 0 for _, minute in times) and words.clock_join == "."
    written = [f"{hour:02}" if is_whole else f"{hour:02}{words.clock_join}{minute:02}" for hour, minute in times]
    return f"{format_date(first.date(), language=language)} {words.clock.format('–'.join(written))}"
