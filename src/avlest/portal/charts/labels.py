# SPDX-License-Identifier: Apache-2.0
"""What stands under a bar and in the first column of the table: hours, days, months, years of local time.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from avlest.portal.charts.contracts import Bar, Interval
from avlest.portal.charts.words import get_words
from avlest.wording import format_date, format_month, format_weekday
from avlest.wording.dates import to_local


def label_interval(bar: Bar, interval: Interval, language: str) -> str:
    """Return the interval in full, as in the table: "søndag 22. november 2026 kl. 12–13", "november 2026"."""
    return _label(bar.start, bar.stop, interval, language)


@lru_cache(maxsize=8192)
def _label(begin: datetime, end: datetime, interval: Interval, language: str) -> str:
    """Everybody's bars stand under the same days: they are written once."""
    start = to_local(begin)
    day = f"{format_weekday(start.date(), language=language)} {format_date(start.date(), language=language)}"
    if interval == "hour":
        return f"{day} {_label_hours(begin, end, language)}"
    if interval == "day":
        return day
    return format_month(start.date(), language=language) if interval == "month" else str(start.year)


def _label_hours(begin: datetime, end: datetime, language: str) -> str:
    """ "kl. 02–03"; the hour that comes twice says which it is."""
    start = to_local(begin)
    words = get_words(language)
    first, last = start.hour, (start.hour + max(1, round((end - begin) / timedelta(hours=1))))
    text = words.hour.format(f"{first:02}–{min(last, 24):02}")
    return f"{text} ({words.second})" if start.fold else text


def tick_texts(bars: Sequence[Bar], interval: Interval, language: str) -> list[str]:
    """Return the short text under each bar, empty where there is none: 00, 06, 12 … ; 1, 8, 15 … ; jan, feb …"""
    starts = [to_local(bar.start) for bar in bars]
    if interval == "hour":
        # Twenty-three or twenty-five bars: the label is the clock's, so that 02 stands twice or not at all.
        near_change = len({start.utcoffset() for start in starts}) > 1
        return [f"{s.hour:02}" if s.hour % 6 == 0 or (near_change and s.hour == 2) else "" for s in starts]
    if interval == "day":
        if len(bars) <= 7:
            return [format_weekday(start.date(), language=language)[:3] for start in starts]
        return [str(s.day) if s.weekday() == 0 or _is_free_first(s.date()) else "" for s in starts]
    if interval == "month":
        step = 1 if len(bars) <= 12 else 3
        names = [format_month(start.date(), language=language)[:3] for start in starts]
        return [name if at % step == 0 else "" for at, name in enumerate(names)]
    return [str(start.year) for start in starts]


def _is_free_first(day: date) -> bool:
    """The first of a month, where no Monday is so near that the two would run together."""
    return day.day == 1 and day.weekday() < 5


def week_number(bar: Bar, language: str) -> str:
    """Return the ISO week of a bar: "uke 47"."""
    return get_words(language).week.format(to_local(bar.start).isocalendar().week)
