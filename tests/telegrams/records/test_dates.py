# SPDX-License-Identifier: Apache-2.0
"""Dates and times of types F, G, I and J, valid and not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.records.dates import (
    MeterTime,
    decode_date_g,
    decode_datetime_f,
    decode_datetime_i,
    decode_time_j,
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("812A", date(2020, 10, 1)),
        ("FF2C", date(2023, 12, 31)),
        ("1F31", date(2024, 1, 31)),
        ("0101", date(2000, 1, 1)),
        ("01A1", date(2080, 1, 1)),
        ("21A1", date(1981, 1, 1)),
        ("7FCC", date(1999, 12, 31)),
        ("5D22", None),  # 29 February 2018 does not exist
        ("9D32", date(2028, 2, 29)),
        ("FFFF", None),
        ("0000", None),
        ("0F00", None),  # every month
        ("000C", None),  # every day
        ("E1F1", None),  # year 127, every year
        ("81C1", None),  # year 100 is none
    ],
)
def test_type_g_gives_the_day_or_none(data: str, expected: date | None) -> None:
    assert decode_date_g(bytes.fromhex(data)) == expected


@pytest.mark.parametrize(
    ("data", "text", "summer"),
    [
        ("0A0A 7E2B", "2019-11-30 10:10", False),
        ("0A8A DE26", "2022-06-30 10:10", True),
        ("0A2A BE2B", "2021-11-30 10:10", False),  # hundred-year bits 1: 20xx
        ("3B17 3F6C", "2049-12-31 23:59", False),
        ("0020 21A1", "2081-01-01 00:00", False),  # with the century sent there is no window
        ("0000 21A1", "1981-01-01 00:00", False),
    ],
)
def test_type_f_gives_minutes_summer_time_and_century(data: str, text: str, summer: bool) -> None:
    value = decode_datetime_f(bytes.fromhex(data))
    assert value is not None
    assert (str(value), value.summer_time) == (text, summer)


@pytest.mark.parametrize("data", ["8A0A7E2B", "3C0A7E2B", "0A187E2B", "0A1F7E2B", "3F1F0000", "FFFFFFFF", "00000000"])
def test_type_f_marked_invalid_or_out_of_range_is_none(data: str) -> None:
    assert decode_datetime_f(bytes.fromhex(data)) is None


def test_type_i_gives_seconds_and_summer_time() -> None:
    value = decode_datetime_i(bytes.fromhex("5E120DAF2900"))
    assert value == MeterTime(date(2021, 9, 15), 13, 18, 30, summer_time=True)
    assert str(value) == "2021-09-15 13:18:30"


@pytest.mark.parametrize("data", ["1E920DAF2900", "3C120DAF2900", "1E120DE02900", "FFFFFFFFFFFF", "000000000000"])
def test_type_i_marked_invalid_or_out_of_range_is_none(data: str) -> None:
    assert decode_datetime_i(bytes.fromhex(data)) is None


@pytest.mark.parametrize(("data", "expected"), [("1E120D", time(13, 18, 30)), ("3F3F1F", None), ("003C00", None)])
def test_type_j_gives_a_time_of_day_or_none(data: str, expected: time | None) -> None:
    assert decode_time_j(bytes.fromhex(data)) == expected


def test_the_meters_clock_becomes_an_instant_once_its_zone_is_known() -> None:
    shown = MeterTime(date(2024, 2, 29), 23, 59)
    assert shown.to_datetime(UTC) == datetime(2024, 2, 29, 23, 59, tzinfo=UTC)


@given(day=st.dates(date(2000, 1, 1), date(2080, 12, 31)), hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_every_minute_of_the_window_survives_type_f(day: date, hour: int, minute: int) -> None:
    year = day.year - 2000
    data = bytes([minute, hour, day.day | (year & 7) << 5, day.month | year >> 3 << 4])
    assert decode_datetime_f(data) == MeterTime(day, hour, minute)
    assert decode_date_g(data[2:]) == day


@given(data=st.binary(max_size=8))
def test_any_bytes_give_a_value_or_none(data: bytes) -> None:
    for decode in (decode_date_g, decode_datetime_f, decode_datetime_i, decode_time_j):
        value = decode(data)
        assert value is None or str(value)
