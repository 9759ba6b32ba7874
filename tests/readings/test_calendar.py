# SPDX-License-Identifier: Apache-2.0
"""Civil days of 23, 24 and 25 hours, months and years as periods of instants."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.readings import calendar

_FIRST, _LAST = dt.datetime(2001, 1, 2), dt.datetime(2098, 12, 30)  # noqa: DTZ001 - Hypothesis adds the zone
DAYS = st.dates(dt.date(2001, 1, 2), dt.date(2098, 12, 30))
INSTANTS = st.datetimes(_FIRST, _LAST, timezones=st.just(dt.UTC))
ZONES = st.sampled_from([calendar.OSLO, ZoneInfo("Europe/Lisbon"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("UTC")])


def utc(*members: int) -> dt.datetime:
    return dt.datetime(*members, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("day", "hours"), [(dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25), (dt.date(2026, 11, 23), 24)]
)
def test_a_local_day_has_23_24_or_25_hours(day: dt.date, hours: int) -> None:
    assert calendar.count_hours(day) == hours


def test_a_day_begins_at_local_midnight_summer_and_winter() -> None:
    assert calendar.derive_day_start(dt.date(2026, 7, 1)) == utc(2026, 6, 30, 22)
    assert calendar.derive_day_start(dt.date(2027, 1, 1)) == utc(2026, 12, 31, 23)


def test_a_day_without_midnight_begins_when_the_clock_first_shows_it() -> None:
    zone = ZoneInfo("America/Sao_Paulo")  # 4 November 2018: 00:00 became 01:00
    assert calendar.derive_day_start(dt.date(2018, 11, 4), zone=zone) == utc(2018, 11, 4, 3)
    assert calendar.count_hours(dt.date(2018, 11, 4), zone=zone) == 23


def test_a_year_end_reading_belongs_to_the_year_that_ended() -> None:
    """Stamped 00:00 on 1 January it closes the half-open year before (rules §0.4)."""
    stamped = calendar.derive_day_start(dt.date(2027, 1, 1))
    assert calendar.derive_year(2026).stop == stamped == calendar.derive_year(2027).start
    assert not calendar.derive_year(2026).contains(stamped)
    assert calendar.derive_year(2026).hours == 8760


def test_months_follow_each_other() -> None:
    months = [calendar.derive_month(2026, month) for month in range(1, 13)]
    assert [a.stop for a in months[:-1]] == [b.start for b in months[1:]]
    assert calendar.Period(months[0].start, months[-1].stop) == calendar.derive_year(2026)
    assert [month.hours for month in months[2:4]] == [743, 720]


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        calendar.derive_local_day(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


@given(day=DAYS, zone=ZONES)
def test_days_meet_and_hold_exactly_their_instants(day: dt.date, zone: ZoneInfo) -> None:
    period = calendar.derive_day(day, zone=zone)
    assert period.stop == calendar.derive_day_start(day + dt.timedelta(days=1), zone=zone)
    assert period.hours in (23, 24, 25)
    moment = dt.timedelta(microseconds=1)
    assert calendar.derive_local_day(period.start, zone=zone) == day
    assert calendar.derive_local_day(period.stop - moment, zone=zone) == day
    assert calendar.derive_local_day(period.start - moment, zone=zone) == day - dt.timedelta(days=1)


@given(start=INSTANTS, hours=st.integers(-5, 2000))
def test_days_of_a_period_are_those_of_its_instants(start: dt.datetime, hours: int) -> None:
    stop = start + dt.timedelta(hours=hours)
    days = calendar.derive_days(start, stop)
    instants = [start + dt.timedelta(hours=n) for n in range(max(hours, 0))]
    assert {calendar.derive_local_day(i) for i in instants} <= set(days)
    assert days == sorted(set(days))
    assert bool(days) == (hours > 0)


@given(instants=st.lists(INSTANTS, min_size=1, max_size=20), days=st.lists(DAYS, min_size=1, max_size=20))
def test_columns_agree_with_single_values(instants: list[dt.datetime], days: list[dt.date]) -> None:
    column = pl.DataFrame({"at": pl.Series(instants, dtype=pl.Datetime("us", "UTC"))})
    found = column.select(day=calendar.local_day("at"), hour=calendar.local_hour("at"))
    assert found["day"].to_list() == [calendar.derive_local_day(i) for i in instants]
    assert found["hour"].to_list() == [i.astimezone(calendar.OSLO).hour for i in instants]
    starts = pl.DataFrame({"day": days}).select(calendar.day_start("day"))["day"].to_list()
    assert starts == [calendar.derive_day_start(day) for day in days]
    stamps = np.array([int(i.timestamp()) * 1000 for i in instants])
    expected = [i.astimezone(calendar.OSLO).utcoffset() for i in instants]
    assert calendar.derive_offsets(stamps).tolist() == [int(o.total_seconds() * 1000) for o in expected]
