# SPDX-License-Identifier: Apache-2.0
"""Techem's radio modules: water, heat, allocators and smoke detectors."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.payloads.mkradio3a import derive_months
from avlest.catalogue.payloads.techem import format_billing_date, format_current_date, format_lenient_date
from tests.catalogue.payloads.made import decode

DAYS = st.dates(datetime.date(2000, 1, 1), datetime.date(2090, 12, 31))


def pack_billing(day: datetime.date) -> bytes:
    """A billing date as Techem packs it."""
    return (day.year - 2000 << 9 | day.month << 5 | day.day).to_bytes(2, "little")


def pack_today(day: datetime.date) -> bytes:
    """Day and month of today as Techem packs them; the low four bits mean something else."""
    return (day.month << 9 | day.day << 4 | 0x0B).to_bytes(2, "little")


@given(DAYS, st.integers(1, 365))
def test_today_is_the_first_such_day_after_the_billing_date(billing: datetime.date, passed: int) -> None:
    """Whatever day of the following year it is, its year is found again."""
    today = billing + datetime.timedelta(days=passed)
    if (today.month, today.day) == (billing.month, billing.day) and today.year > billing.year + 1:
        return
    data = pack_billing(billing) + b"\x12\x34" + pack_today(today)
    assert format_billing_date(data) == billing.isoformat()
    leap_day_passed = passed == 365 and (today.month, today.day) < (billing.month, billing.day)
    if not leap_day_passed:
        assert format_current_date(data) == today.isoformat()


def test_a_date_that_the_calendar_does_not_have_is_none() -> None:
    """Zero bytes, or the thirtieth of February, are no date."""
    assert format_billing_date(b"\x00\x00") is None
    assert format_billing_date((24 << 9 | 2 << 5 | 30).to_bytes(2, "little")) is None
    assert format_current_date(b"\x9f\x33\x00\x00\x00\x00") is None


def test_an_allocator_that_was_just_started_has_a_december_first() -> None:
    """A missing day counts as the first, a missing month as December."""
    billing = pack_billing(datetime.date(2025, 3, 31))
    assert format_lenient_date(billing + b"\x00\x00" + b"\x00\x00") == "2025-12-01"


def test_mk_radio_3_prints_register_and_dates() -> None:
    """The register is the sum of the billed and the present volume."""
    assert decode("TCH:74:62", "A2 06 9F33 6400 B028 1900 0000") == {
        "target_m3": 10,
        "total_m3": 12.5,
        "current_date": "2026-04-11",
        "prev_date": "2025-12-31",
    }


def test_mk_radio_4_prints_the_register() -> None:
    """Only two volumes are understood."""
    assert decode("TCH:95:72", "A2 060000 0A00 0000 1400 00") == {"target_m3": 1.0, "total_m3": 3.0}


HALVES = "".join(f"00{10 + number:02X}{20 + number:02X}" for number in range(12))


@pytest.mark.parametrize(
    ("day", "newest", "second", "oldest"), [(28, 30, 32, 52), (15, 10, 31, 51)], ids=["late", "early"]
)
def test_mk_radio_3a_puts_half_months_together(day: int, newest: int, second: int, oldest: int) -> None:
    """In the second half of a month its halves are a pair; in the first, pairs straddle the separators."""
    date = pack_billing(datetime.date(2025, 2, day)).hex()
    values = decode("TCH:50:72", f"A2 0C00 {date} 983A00 {HALVES} 00")
    assert values["total_m3"] == 1500
    assert values["target_date"] == f"2025-02-{day}"
    assert (values["target_m3"], values["last_feb_m3"]) == (newest / 10, newest / 10)
    assert (values["last_jan_m3"], values["last_mar_m3"]) == (second / 10, oldest / 10)
    assert sum(name.startswith("last_") for name in values) == 12


@given(st.binary(min_size=44, max_size=60))
def test_half_months_are_never_counted_twice(payload: bytes) -> None:
    """In the second half of the month all halves are in exactly one month, in the first all but the newest's rest."""
    halves = [payload[8 + 3 * number + part] for number in range(12) for part in (0, 1)]
    assert sum(derive_months(payload, early=False)) == sum(halves)
    assert sum(derive_months(payload, early=True)) == sum(halves[:-1])


def test_heat_meters_print_present_previous_and_total_energy() -> None:
    """Compact V counts kilowatt hours, vario 4 megajoules."""
    assert decode("TCH:45:43", "A2 100000 E80300 18 F40100 00") == {
        "current_kwh": 500,
        "previous_kwh": 1000,
        "total_kwh": 1500,
    }
    assert decode("TCH:27:C3", "A2 120000 6810 0000 1027 00") == {
        "current_kwh": 2777.777778,
        "previous_kwh": 1166.666667,
        "total_kwh": 3944.444444,
    }


@pytest.mark.parametrize(("version", "extra"), [("69", ""), ("94", "11")])
def test_allocators_of_both_versions_print_the_same(version: str, extra: str) -> None:
    """The newer version has one byte more in front of the temperatures; below zero is no trouble."""
    assert decode(f"TCH:{version}:80", f"A0 11 9F33 2003 8004 6400 {extra} D007 9CFF 00") == {
        "current_hca": 100,
        "current_date": "2026-02-08",
        "previous_hca": 800,
        "previous_date": "2025-12-31",
        "temp_room_c": 20,
        "temp_radiator_c": -1,
    }


@pytest.mark.parametrize(
    ("payload", "status", "date"),
    [
        ("00 9F33 00", "OK", "2025-12-31"),
        ("01 9F33", "SMOKE", "2025-12-31"),
        ("80 9F33", "DEFECT", "2025-12-31"),
        ("42 9F33", "STATUS_42", "2025-12-31"),
        ("01 9F", "DECODING_ERROR_payload", None),
    ],
)
def test_smoke_detectors_say_what_is_wrong(payload: str, status: str, date: str | None) -> None:
    """Unknown states keep their number; a telegram that breaks off is no all-clear."""
    assert decode("TCH:76:F0", f"A0 {payload}") == {"status": status, "prev_date": date}
