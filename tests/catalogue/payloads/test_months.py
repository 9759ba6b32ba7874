# SPDX-License-Identifier: Apache-2.0
"""Monthly history: stepping through months, profiles spaced by months, and the readers that use them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.clear import Clear
from avlest.catalogue.payload_reader import get_reader
from avlest.catalogue.payloads.months import find_day, find_month_profile, find_profile_spans, step_months
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus.address import Address

METER = Address(manufacturer=0x0421, identity=bytes.fromhex("78563412"), version=1, device_type=8)
READERS = ("caltose", "fhkvdataiv", "evo868", "waterstarm")
# Storage 8 of an invented allocator: 2024-03-01, base 30, then 20, 10 and an unused place going back by months.
BACKWARDS = "82046C 0133  8B046E 300000  8D04EE13 0B 3BFE 200000 100000 FFFFFF"
# Storage 8 of another: 2023-12-31, base 5, then increments 1, 2, 3 going forward by months.
FORWARDS = "82046C FF2C  83046E 050000  8D04EE1F 08 72FE 0100 0200 0300"


def read(payload: str | bytes) -> Clear:
    """A telegram in clear with this payload of standard records."""
    data = bytes.fromhex(payload) if isinstance(payload, str) else payload
    return Clear(METER, METER, 0x7A, data, 0, parse_records(data))


def derive(reader: str, payload: str | bytes) -> dict[str, object]:
    """What a reader derives from a payload."""
    function = get_reader(reader).derive_values
    assert function is not None
    return dict(function(read(payload)))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-03-15", 1, "2024-04-15"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 1, "2024-03-31"),
        ("2023-12-31", 2, "2024-02-29"),
        ("2024-03-30", -1, "2024-02-29"),
        ("2024-01-01", -1, "2023-12-01"),
    ],
)
def test_a_step_of_months_keeps_the_day_and_a_month_end_stays_one(day: str, months: int, expected: str) -> None:
    """The last day of a month steps to last days; other days are cut to the shorter month."""
    assert step_months(date.fromisoformat(day), months) == expected


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-200, 200))
def test_steps_of_months_count_months_exactly(day: date, months: int) -> None:
    """A step changes the month index by just its number, whatever the day."""
    moved = date.fromisoformat(step_months(day, months) or "")
    assert (moved.year - day.year) * 12 + moved.month - day.month == months


def test_the_day_of_a_storage_number_is_its_first_date_if_that_is_valid() -> None:
    """Dates of other storage numbers do not count, a placeholder date gives none."""
    records = read("426C 9F2C 046D 0A0B 6133 02FD17 0000 826C 0000").records.records
    assert find_day(records, 1) == date(2020, 12, 31)
    assert find_day(records, 0) == date(2027, 3, 1)
    assert find_day(records, 7) is None
    assert find_day(read("426C FFFF").records.records, 1) is None


def test_a_profile_gives_its_base_day_and_numbers_with_gaps() -> None:
    """BCD places filled with F are missing numbers, not zeros."""
    profile = find_month_profile(read(BACKWARDS).records.records, "inverse_compact_profile")
    assert profile is not None
    assert profile.base == date(2024, 3, 1)
    assert profile.entries == (20, 10, None)


def test_a_profile_is_decided_by_its_base_day_and_its_bytes_alone() -> None:
    """The spans name the bytes of storage 8's date and of the profile, not the meter's clock."""
    data = bytes.fromhex("046D 0A0B 6133" + BACKWARDS)
    spans = find_profile_spans(parse_records(data).records, "inverse_compact_profile")
    assert [data[start:end].hex() for start, end in spans] == ["0133", "3bfe200000100000ffffff"]


@pytest.mark.parametrize("spacing", ["3BFD", "3B01", "2BFE", "0BFE"])
def test_a_profile_of_another_step_is_no_month_profile(spacing: str) -> None:
    """Half months, days and hours are left alone rather than dated wrongly."""
    payload = BACKWARDS.replace("3BFE", spacing)
    assert find_month_profile(read(payload).records.records, "inverse_compact_profile") is None
    assert derive("caltose", payload) == {}


def test_caltos_values_go_back_from_the_base_date() -> None:
    """The first number of the inverse profile is one month before the base date; unused places print nothing."""
    assert derive("caltose", BACKWARDS) == {
        "consumption_1_hca": 20,
        "consumption_1": "2024-02-01",
        "consumption_2_hca": 10,
        "consumption_2": "2024-01-01",
    }


def test_fhkv_increments_belong_to_the_month_ends_after_the_base_date() -> None:
    """The months run forward with their numbers; the established names pair them crosswise."""
    values = derive("fhkvdataiv", FORWARDS)
    assert [(values[f"month_{n}_date"], values[f"month_{n}_hca"]) for n in (1, 2, 3)] == [
        ("2024-01-31", 1),
        ("2024-02-29", 2),
        ("2024-03-31", 3),
    ]
    assert [values[f"consumption_at_set_date_{n}_hca"] for n in (1, 2, 3)] == [3, 2, 1]
    assert values["consumption_at_set_date_1"] == "2024-01-31"


def test_evo_registers_are_dated_back_from_the_reference_date() -> None:
    """Storage 8 has the reference date, storage 9 the month end before it."""
    values = derive("evo868", "82046C 3F33 840413 E8030000 C40413 E7030000 4413 01000000")
    assert values == {"history_1_date": "2025-03-31", "history_2_date": "2025-02-28"}


def test_evo_registers_without_a_reference_date_have_null_dates() -> None:
    """A register is still listed where its date cannot be told."""
    assert derive("evo868", "840413 E8030000") == {"history_1_date": None}


def test_waterstar_registers_are_dated_back_from_the_clock() -> None:
    """Storage 2 is one month older than the meter's date and time."""
    values = derive("waterstarm", "046D 0A0B 6133 840113 01000000 C40113 02000000")
    assert values == {"history_1_date": "2027-02-01", "history_2_date": "2027-01-01"}


@pytest.mark.parametrize("reader", READERS)
@given(st.binary(max_size=80))
def test_readers_take_any_payload(reader: str, payload: bytes) -> None:
    """Whatever the bytes, a reader gives printed values and raises nothing."""
    for value in derive(reader, payload).values():
        assert value is None or isinstance(value, int | float | str)


@pytest.mark.parametrize("reader", READERS)
@given(st.binary(max_size=60))
def test_readers_take_any_profile(reader: str, data: bytes) -> None:
    """The same for any bytes inside a profile record behind a valid base date."""
    for vife in ("13", "1F"):
        derive(reader, bytes.fromhex(f"82046C FF2C 8D04EE{vife}") + bytes([len(data)]) + data)
