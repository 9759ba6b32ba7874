# SPDX-License-Identifier: Apache-2.0
"""Readers that date the monthly registers of MicroClima and IUWS meters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.payloads.uiws import format_litres
from tests.catalogue.payloads.made import decode

# An invented IUWS: 2027-03-01 with 20 m³, then 15 m³, nothing and 12 m³ going back by months.
PROFILE = "82 0F6C 6133 840F13 204E0000 8D0F9313 0E 34FE 983A0000 00000080 E02E0000"


def decode_plain(model: str, records: str) -> dict[str, object]:
    """What is printed of a telegram of that model with a plain short header and these records."""
    return dict(decode(model, "7A 01000000" + records))


def test_microclima_registers_are_dated_back_from_the_first() -> None:
    """Storage 1 has the date, storage 3 is two month ends older; water volumes are not dated."""
    values = decode_plain("MAD:00:04", "426C 9F2C 4406 10000000 C40106 0E000000 C40213 01000000")
    assert {name: value for name, value in values.items() if name != "status"} == {
        "consumption_at_set_date_1_kwh": 16,
        "consumption_at_set_date_3_kwh": 14,
        "set_date_1_date": "2020-12-31",
        "set_date_3_date": "2020-10-31",
    }


def test_microclima_registers_without_a_date_have_null_dates() -> None:
    """The registers are printed, and that their day is not known is printed too."""
    values = decode_plain("MAD:00:04", "426C FFFF C40106 0E000000")
    assert values["consumption_at_set_date_3_kwh"] == 14
    assert values["set_date_3_date"] is None


def test_iuws_months_go_back_from_the_base_date() -> None:
    """The first value of the inverse profile is one month before the base date; no value is null."""
    values = decode_plain("ZRI:99:07", PROFILE)
    assert (values["target_date"], values["target_m3"]) == ("2027-03-01", 20)
    months = [(values[f"target_{n}_date"], values[f"target_{n}_m3"]) for n in (1, 2, 3)]
    assert months == [("2027-02-01", 15), ("2027-01-01", None), ("2026-12-01", 12)]
    assert "target_4_m3" not in values


def test_iuws_without_a_base_date_prints_no_months() -> None:
    """Values that cannot be dated are left out."""
    values = decode_plain("ZRI:99:07", PROFILE.replace("6133", "FFFF"))
    assert "target_1_m3" not in values


@pytest.mark.parametrize(("data", "expected"), [("00000080", None), ("FFFFFF7F", 2147483.647), ("E8030000", 1)])
def test_the_most_negative_number_of_litres_is_none(data: str, expected: float | None) -> None:
    """Only the one number that annex A reserves means that there is no value."""
    assert format_litres(bytes.fromhex(data)) == expected


@given(profile=st.binary(max_size=60))
def test_any_profile_gives_values_or_none(profile: bytes) -> None:
    """Whatever stands in the profile record, the other records are printed."""
    head = bytes.fromhex("7A01000000 820F6C6133 0413E8030000 8D0F9313") + bytes([len(profile)])
    assert decode("ZRI:99:07", head + profile)["total_m3"] == 1
