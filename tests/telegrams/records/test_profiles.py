# SPDX-License-Identifier: Apache-2.0
"""Compact profiles of annex F, worked through by hand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.model import Record
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.records.profiles import (
    IncrementMode,
    Spacing,
    decode_profile,
    derive_entry_times,
    find_profile_base,
    parse_spacing,
    shift_time,
)
from avlest.telegrams.records.values import decode_number, decode_value


def read(text: str) -> tuple[Record, ...]:
    payload = parse_records(bytes.fromhex(text))
    assert payload.error is None
    return payload.records


def profile_record(data: str, vife: str = "13") -> Record:
    length = len(bytes.fromhex(data))
    (record,) = read(f"4D 93{vife} {length:02X} {data}")
    return record


def test_hourly_increments_backwards_from_the_newest_reading() -> None:
    """2025-07-24 20:00 shows 1000 litres; the hour before used 5, the ones before 7 and 0."""
    records = read("446D 00143837 4413 E8030000 4D9313 08 6201 0500 0700 0000")
    value, moment = find_profile_base(records[2], records)
    assert value is records[1]
    assert moment is records[0]
    profile = decode_profile(records[2], decode_number(records[1]))
    assert profile.values == (995, 988, 988)
    assert (profile.spacing, profile.mode, profile.inverse) == (Spacing(1, "h"), IncrementMode.INCREMENT, True)
    assert profile.first_storage == 2
    base = decode_value(records[0])
    assert isinstance(base, MeterTime)
    assert [str(at) for at in derive_entry_times(profile, base)] == [
        "2025-07-24 19:00", "2025-07-24 18:00", "2025-07-24 17:00",
    ]  # fmt: skip


def test_daily_increments_forward_from_the_oldest_reading() -> None:
    records = read("82046C 3E33 8B0413 000010 8D04931F 05 7901 02 03 FF")
    value, moment = find_profile_base(records[2], records)
    assert value is records[1]
    assert moment is records[0]
    profile = decode_profile(records[2], decode_number(records[1]))
    assert profile.values == (100002, 100005, None)
    day = decode_value(records[0])
    assert day == date(2025, 3, 30)
    assert derive_entry_times(profile, date(2025, 3, 30)) == (date(2025, 3, 31), date(2025, 4, 1), date(2025, 4, 2))
    assert profile.first_storage == 9


def test_registers_of_months_hold_the_values_themselves() -> None:
    """Profile with register numbers: BCD values a month apart, an unset one between."""
    record = profile_record("3AFE 3412 FFFF 7856", vife="1E")
    profile = decode_profile(record, None)
    assert profile.values == (1234, None, 5678)
    assert profile.spacing == Spacing(1, "month")
    assert derive_entry_times(profile, date(2024, 12, 31)) == (date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31))


@pytest.mark.parametrize(
    ("data", "vife", "base", "values"),
    [
        ("21 01 05 FE 80 7F", "1F", None, (5, -2, None, 127)),
        ("22 01 FFFF 0080", "13", 100, (-1, None)),
        ("61 01 05 02", "1F", 100, (105, 107)),
        ("61 01 05 02", "13", 100, (95, 93)),
        ("A1 01 05 02", "1F", 100, (95, 93)),
        ("A1 01 05 02", "13", 100, (105, 107)),
        ("E1 01 05 FE", "1F", 100, (105, 103)),
        ("E1 01 05 FE", "13", 100, (95, 97)),
        ("61 01 05 FF 02", "1F", 100, (105, None, None)),
        ("E1 01 80 02", "1F", 100, (None, None)),
        ("61 01 05", "1F", None, (None,)),
        ("69 01 05 12", "1F", 100, (105, 117)),
        ("25 01 0000C03F 0000C07F", "13", None, (1.5, None)),
        ("61 01", "13", 1, ()),
    ],
)
def test_each_increment_mode_counts_its_own_way(
    data: str, vife: str, base: int | None, values: tuple[int | float | None, ...]
) -> None:
    assert decode_profile(profile_record(data, vife), base).values == values


@pytest.mark.parametrize(
    ("control", "value", "spacing"),
    [
        (0x02, 1, Spacing(1, "s")),
        (0x12, 15, Spacing(15, "min")),
        (0x22, 250, Spacing(250, "h")),
        (0x32, 7, Spacing(7, "d")),
        (0x32, 253, Spacing(1, "half_month")),
        (0x32, 254, Spacing(1, "month")),
        (0x22, 254, Spacing(3, "month")),
        (0x12, 254, Spacing(6, "month")),
        (0x02, 254, Spacing(254, "reserved")),
        (0x02, 251, Spacing(251, "reserved")),
        (0x32, 255, Spacing(255, "reserved")),
        (0x12, 0, Spacing(2, "array")),
    ],
)
def test_spacings_are_those_of_annex_f(control: int, value: int, spacing: Spacing) -> None:
    assert parse_spacing(control, value) == spacing


@pytest.mark.parametrize("data", ["", "62", "60 01 00", "68 01 00", "6D 01 00", "6F 01 00", "62 01 05"])
def test_data_that_is_no_profile_is_told(data: str) -> None:
    with pytest.raises(TelegramError) as caught:
        decode_profile(profile_record(data), 0)
    assert caught.value.outcome is Outcome.BAD_RECORDS


def test_a_plain_record_is_no_profile() -> None:
    (record,) = read("0413 01000000")
    with pytest.raises(TelegramError, match="no compact profile"):
        decode_profile(record, 0)


def test_the_base_is_of_the_same_storage_tariff_and_unit() -> None:
    records = read("0413 01000000 841013 02000000 0414 03000000 02933B 0400 8D109313 03 610105 8410933C 05000000")
    assert find_profile_base(records[4], records) == (records[1], None)


@pytest.mark.parametrize(
    ("moment", "spacing", "steps", "expected"),
    [
        (MeterTime(date(2024, 12, 31), 23, 50), Spacing(15, "min"), 1, "2025-01-01 00:05"),
        (MeterTime(date(2024, 12, 31), 0, 0), Spacing(1, "h"), -1, "2024-12-30 23:00"),
        (MeterTime(date(2024, 12, 31), 0, 0), Spacing(30, "s"), 1, "2024-12-31 00:00:30"),
        (MeterTime(date(2024, 2, 29), 12, 0), Spacing(1, "month"), 12, "2025-02-28 12:00"),
        (date(2024, 1, 30), Spacing(1, "month"), 1, "2024-02-29"),
        (date(2024, 1, 15), Spacing(3, "month"), -1, "2023-10-15"),
        (date(2024, 1, 15), Spacing(24, "h"), 1, "2024-01-16"),
        (date(2024, 1, 15), Spacing(1, "h"), 1, "None"),
        (date(2024, 1, 15), Spacing(1, "half_month"), 1, "None"),
        (date(2024, 1, 15), Spacing(2, "array"), 1, "None"),
        (date(9999, 12, 31), Spacing(1, "d"), 1, "None"),
        (date(1, 1, 1), Spacing(1, "month"), -1, "None"),
    ],
)
def test_the_meters_clock_is_moved_by_spacings(
    moment: MeterTime | date, spacing: Spacing, steps: int, expected: str
) -> None:
    assert str(shift_time(moment, spacing, steps)) == expected


@given(steps=st.lists(st.integers(0, 254), max_size=40), vife=st.sampled_from(["1F", "13"]), base=st.integers(0, 10**6))
def test_increments_add_up_from_the_base_and_back(steps: list[int], vife: str, base: int) -> None:
    values = decode_profile(profile_record("6101" + bytes(steps).hex(), vife), base).values
    total = sum(steps) if vife == "1F" else -sum(steps)
    assert len(values) == len(steps)
    assert not values or values[-1] == base + total


@given(data=st.binary(max_size=40), vife=st.sampled_from(["13", "1E", "1F"]), base=st.integers() | st.none())
def test_any_profile_data_gives_entries_or_an_error_with_a_code(data: bytes, vife: str, base: int | None) -> None:
    try:
        profile = decode_profile(profile_record(data.hex(), vife), base)
    except TelegramError as error:
        assert error.outcome is Outcome.BAD_RECORDS
        return
    assert len(derive_entry_times(profile, date(2024, 1, 1))) == len(profile.values)
