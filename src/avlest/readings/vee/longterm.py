# SPDX-License-Identifier: Apache-2.0
"""Estimates far from any reading: last year's days, and the expected use of a year.  Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from avlest.readings.vee.arrays import MS_HOUR, Floats, Integers, Mask
from avlest.readings.vee.history import History, Sources, derive_local_hours, go_back

_HOURS_A_YEAR: Final = 8766
_YEAR_WEEKS: Final = 52
_DAYS_A_YEAR: Final = 365
_RECENT: Final = 30 * 24
_LEAST: Final = 24
_ENOUGH_DAYS: Final = 300
_LEVELS: Final = (0.1, 10.0)


def derive_last_year(sources: Sources, series: Integers, hours: Integers, gap_start: Integers) -> tuple[Mask, Floats]:
    """Use of each hour as 52 weeks before, times this year's last 30 days against last year's (rules E3).

    Returns which hours have one, and the use of a full hour. What follows the weather is compared per degree day.
    """
    first = gap_start // MS_HOUR
    per_hour, found = np.zeros(len(hours)), np.zeros(len(hours), np.bool_)
    starts = np.unique(np.stack([series, first]), axis=1)
    low = int(first.min()) - _RECENT - _YEAR_WEEKS * 168 - 2
    history = sources.read(np.unique(series), start=low, stop=int(hours.max()) - _YEAR_WEEKS * 168 + 2)
    recent = sources.read(np.unique(series), start=int(first.min()) - _RECENT, stop=int(first.max()) + 1)
    level, sure = _compare_years(history, recent, sources, starts[0], starts[1])
    place = np.searchsorted(starts[0] * 2**32 + starts[1], series * 2**32 + first)
    rows = history.rows_of(series)
    weeks = np.full(len(hours), _YEAR_WEEKS)
    value, known = history.look(rows, go_back(hours, weeks, zone=sources.zone))
    found = known & sure[place]
    per_hour = value * level[place] * _weather(sources, series, hours)
    return found, per_hour


def _compare_years(
    history: History, recent: History, sources: Sources, series: Integers, first: Integers
) -> tuple[Floats, Mask]:
    """What the 30 days before each gap used against the same days of last year; only hours known in both."""
    now, then = np.zeros(len(series), np.int64), np.zeros(len(series), np.int64)
    count = np.zeros(len(series), np.int64)
    rows_then, rows_now = history.rows_of(series), recent.rows_of(series)
    for back in range(1, _RECENT + 1):
        hours = first - back
        before = go_back(hours, np.full(len(hours), _YEAR_WEEKS), zone=sources.zone)
        value, known = recent.look(rows_now, hours)
        earlier, had = history.look(rows_then, before)
        both = known & had
        now += np.where(both, value, 0)
        then += np.where(both, earlier, 0)
        count += both
    sure = (count >= _LEAST) & (then > 0)
    return np.clip(np.where(sure, now / np.where(sure, then, 1), 1.0), *_LEVELS), sure


def _weather(sources: Sources, series: Integers, hours: Integers) -> Floats:
    """What normalised values of hours are multiplied by: their degree days and base, in 1024ths."""
    days = derive_local_hours(hours, zone=sources.zone) // 24
    low = int(days.min())
    factors = sources.weather.normalise(sources.book, np.unique(series), np.arange(low, int(days.max()) + 1))
    found: Floats = factors[np.searchsorted(np.unique(series), series), days - low]
    return found / 1024


def derive_expected(sources: Sources, series: Integers, hours: Integers) -> Floats:
    """A full hour's share of the expected use of a year: by hours, or by degree days where a year of them is known."""
    flat = sources.book.per_year[series] / _HOURS_A_YEAR
    climate = sources.book.climate[series]
    weather = sources.weather
    if not len(weather.climates) or (climate < 0).all():
        return flat
    row = np.minimum(np.searchsorted(weather.climates, climate), len(weather.climates) - 1)
    days = derive_local_hours(hours, zone=sources.zone) // 24 - weather.first_day
    base = sources.book.limits["degree_base"][series]
    given = ~np.isnan(weather.degrees)
    total = np.concatenate([np.zeros((len(given), 1)), np.cumsum(np.where(given, weather.degrees, 0), axis=1)], axis=1)
    count = np.concatenate([np.zeros((len(given), 1)), np.cumsum(given, axis=1)], axis=1)
    columns = weather.degrees.shape[1]
    high, low = np.clip(days + 1, 0, columns), np.clip(days + 1 - _DAYS_A_YEAR, 0, columns)
    known = count[row, high] - count[row, low]
    mean = (total[row, high] - total[row, low]) / np.maximum(known, 1)
    today = weather.degrees[row, np.clip(days, 0, columns - 1)]
    usable = (weather.climates[row] == climate) & (known >= _ENOUGH_DAYS) & (days >= 0) & (days < columns)
    usable &= ~np.isnan(today)
    return np.where(usable, flat * (today + base) / (mean + base), flat)
