# SPDX-License-Identifier: Apache-2.0
"""Measured hours of the series that have something to estimate, and what they say of a usual hour.  Pure.

Everything here is in whole numbers or computed element by element, so that a window of hours gives bit for bit what
all hours give.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from avlest.readings.calendar import derive_offsets
from avlest.readings.quality import READ
from avlest.readings.vee.arrays import MS_HOUR, Floats, Integers, Mask, to_integers, to_ms
from avlest.readings.vee.book import Book, find_places
from avlest.readings.vee.contracts import HistoryReader
from avlest.readings.vee.grid import Grid

WEEK: Final = 168
WEEKS: Final = 8
FADE: Final = 0.85
"""Weight of a week for the profile against the week after it."""

_UNIT: Final = 1024
"""Normalised hours are kept in 1024ths, so that dividing by degree days loses nothing that counts."""


@dataclass(frozen=True, slots=True)
class History:
    """Hours of some series from `first_hour` (hours since 1970) on.

    `place`: index of each row in the book; `value`: measured hours divided by `weather` (1024ths of the unit), valid
    where `known`; `local`: the local hour of each column, counted on; `weather`: degree days and base of each column
    for each row, or ones.
    """

    place: Integers
    first_hour: int
    value: Integers
    known: Mask
    local: Integers
    weather: Floats

    def rows_of(self, series: Integers) -> Integers:
        """The row of each series; all must be there."""
        return np.searchsorted(self.place, series)

    def look(self, rows: Integers, hours: Integers) -> tuple[Integers, Mask]:
        """Normalised values at hours since 1970, and whether they are known."""
        column = hours - self.first_hour
        inside = (column >= 0) & (column < self.value.shape[1])
        column = np.where(inside, column, 0)
        return self.value[rows, column], inside & self.known[rows, column]

    def weather_at(self, rows: Integers, hours: Integers) -> Floats:
        """What a normalised value is multiplied by at these hours; outside of the columns that of the nearest."""
        column = np.clip(hours - self.first_hour, 0, self.value.shape[1] - 1)
        found: Floats = self.weather[rows % self.weather.shape[0], column]
        return found / _UNIT


@dataclass(frozen=True, slots=True)
class Weather:
    """Degree days by climate and day (days since 1970), over a base for what does not follow the weather."""

    climates: Integers
    first_day: int
    degrees: Floats

    def normalise(self, book: Book, place: Integers, days: Integers) -> Floats:
        """Factor of each series (rows) and day (columns): 1 where it does not follow the weather or is not known."""
        climate = book.climate[place]
        row, known = find_places(self.climates, climate)
        factors = np.ones((len(place), len(days)))
        column = days - self.first_day
        inside = (column >= 0) & (column < self.degrees.shape[1])
        if not known.any() or not inside.any():
            return factors
        base = book.limits["degree_base"][place]
        found = self.degrees[row[:, None], np.where(inside, column, 0)[None, :]] + base[:, None]
        usable: Floats = np.where(known[:, None] & inside & ~np.isnan(found), found, 1.0)
        return usable


def make_weather(frame: pl.DataFrame) -> Weather:
    """Degree days as a rectangle; days that are not given are unknown."""
    rows = frame.filter(pl.all_horizontal(pl.all().is_not_null()))
    if not rows.height:
        return Weather(np.zeros(0, np.int64), 0, np.zeros((0, 0)))
    climates, where = np.unique(rows["climate"].to_numpy(), return_inverse=True)
    day = rows["day"].cast(pl.Int32).to_numpy().astype(np.int64)
    degrees = np.full((len(climates), int(day.max() - day.min()) + 1), np.nan)
    degrees[where, day - day.min()] = rows["value"].to_numpy()
    return Weather(climates, int(day.min()), degrees)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where measured hours come from: this call's grid inside `trusted` (hours since 1970), else what is stored.

    `decided`: hours of the grid that a person's decision replaces, whatever was measured; they shape no estimate.
    """

    book: Book
    grid: Grid
    reader: HistoryReader
    weather: Weather
    zone: ZoneInfo
    trusted: tuple[int, int]
    decided: Mask | None = None

    def read(self, series: Integers, *, start: int, stop: int) -> History:
        """History of the series (indexes, ascending) in `[start, stop)`, hours since 1970."""
        value = np.zeros((len(series), stop - start), np.int64)
        known = np.zeros(value.shape, np.bool_)
        told = self._add_stored(series, value, known, start=start)
        self._add_own(series, value, known, told, start=start)
        hours = np.arange(start, stop)
        local = derive_local_hours(hours, zone=self.zone)
        weather = self._make_factors(series, local)
        if weather.shape[0] == 1:
            value *= _UNIT
        else:
            value = np.rint(value * (_UNIT / weather)).astype(np.int64)
        return History(series, start, value, known, local, weather)

    def _make_factors(self, series: Integers, local: Integers) -> Floats:
        """One row for all where no series follows the weather."""
        if not len(self.weather.climates) or (self.book.climate[series] < 0).all():
            return np.ones((1, len(local)))
        days, column = np.unique(local // 24, return_inverse=True)
        return self.weather.normalise(self.book, series, days)[:, column]

    def _add_stored(self, series: Integers, value: Integers, known: Mask, *, start: int) -> Mask:
        """Fill in stored hours; returns which were there, as read or as estimated."""
        told = np.zeros(value.shape, np.bool_)
        low, high = start, start + value.shape[1]
        for begin, end in ((low, min(high, self.trusted[0])), (max(low, self.trusted[1]), high)):
            if begin >= end:
                continue
            rows = self.reader(self.book.ids[series].tolist(), _to_instant(begin), _to_instant(end))
            place, listed = find_places(self.book.ids[series], to_integers(rows["series"]))
            column = to_ms(rows["hour"]) // MS_HOUR - start
            listed &= (column >= begin - start) & (column < end - start)
            where = (place[listed], column[listed])
            told[where] = True
            value[where] = to_integers(rows["value"])[listed]
            known[where] = (
                rows.select((pl.col("quality") >= int(READ)) & pl.col("rule").is_null()).to_series().to_numpy()[listed]
            )
        return told

    def _add_own(self, series: Integers, value: Integers, known: Mask, told: Mask, *, start: int) -> None:
        """Fill in hours of this call where none are stored: near the ends of what was loaded verdicts may be wrong."""
        own = self.grid.first // MS_HOUR
        low, high = max(start, own), min(start + value.shape[1], own + self.grid.columns)
        if low >= high:
            return
        there, here = slice(low - own, high - own), slice(low - start, high - start)
        fill = self.grid.is_read()[series, there] & ~told[:, here]
        if self.decided is not None:
            fill &= ~self.decided[series, there]
        value[:, here] = np.where(fill, self.grid.value[series, there], value[:, here])
        known[:, here] |= fill


def _to_instant(hours: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(hours * 3600, dt.UTC)


def derive_local_hours(hours: Integers, *, zone: ZoneInfo) -> Integers:
    """Hours since 1970 on the local clock."""
    local: Integers = hours + derive_offsets(hours * MS_HOUR, zone=zone) // MS_HOUR
    return local


def go_back(hours: Integers, weeks: Integers, *, zone: ZoneInfo) -> Integers:
    """The same hour of the local week so many weeks earlier."""
    earlier = hours - WEEK * weeks
    shift = derive_local_hours(hours, zone=zone) - hours - (derive_local_hours(earlier, zone=zone) - earlier)
    return earlier + shift


def go_back_columns(history: History, hours: Integers, weeks: int) -> Integers:
    """As `go_back` for hours that lie in the history; others are not known there anyway."""
    shift = history.local - history.first_hour - np.arange(len(history.local))
    last = len(shift) - 1
    now = np.clip(hours - history.first_hour, 0, last)
    earlier = np.clip(hours - history.first_hour - WEEK * weeks, 0, last)
    back: Integers = hours - WEEK * weeks + shift[now] - shift[earlier]
    return back


def derive_usual(history: History, *, weeks: int = WEEKS, fade: float = FADE) -> tuple[Integers, Mask]:
    """The usual normalised use of every hour: the mean of the same hours of the week 1 to `weeks` weeks back.

    The week before weighs most, each earlier one `fade` times the one after it. False where none of them is known.
    """
    columns = history.value.shape[1]
    hours = np.arange(columns)
    shift = history.local - history.local[:1] - hours
    total, weight = np.zeros(history.value.shape), np.zeros(history.value.shape)
    for week in range(1, weeks + 1):
        earlier = np.maximum(hours - WEEK * week, 0)
        source = hours - WEEK * week + shift - shift[earlier]
        first = int(np.argmax(source >= 0)) if (source >= 0).any() else columns
        source = source[first:]
        share = np.where(history.known[:, source], fade ** (week - 1), 0.0)
        total[:, first:] += share * history.value[:, source]
        weight[:, first:] += share
    usual = np.rint(total / np.where(weight > 0, weight, 1.0)).astype(np.int64)
    return usual, weight > 0
