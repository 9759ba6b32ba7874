# SPDX-License-Identifier: Apache-2.0
"""The earlier readings of EMH meters, sent as one reading and the increases after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.payload_reader import get_reader
from avlest.telegrams.records.parse import parse_records
from tests.catalogue.payloads.made import decode

BASE = "C401 03 10270000"  # storage 3: 10,000 Wh
BASE_BACKWARD = "C401 833C 64000000"  # 100 Wh produced
# Increases of two bytes each, one hour apart: 1000 Wh, 500 Wh and one that is invalid.
PROFILE = "CD01 831F 08 6201 E803 F401 FFFF"
PROFILE_BACKWARD = "CD01 83BC1F 06 6201 0100 0200"


def decode_plain(records: str) -> dict[str, object]:
    """What is printed of a telegram of the meter with a plain short header and these records."""
    return dict(decode("EMH:02:02", "7A 01000000" + records))


def test_readings_after_the_base_add_up_the_increases() -> None:
    """Reading 1 is the register of storage 3, reading 2 that plus the first increase; what follows a gap is null."""
    values = decode_plain("0403 F82A0000" + BASE + PROFILE)
    assert values["total_energy_consumption_kwh"] == 11
    readings = [values[f"total_energy_consumption_at_{n}_kwh"] for n in (1, 2, 3, 4)]
    assert readings == [10, 11, 11.5, None]


def test_consumed_and_produced_energy_have_their_own_readings() -> None:
    """The profile of the backward flow goes on from the register of the backward flow."""
    values = decode_plain(BASE + PROFILE + BASE_BACKWARD + PROFILE_BACKWARD)
    assert [values[f"total_energy_production_at_{n}_kwh"] for n in (1, 2, 3)] == [0.1, 0.101, 0.103]
    assert values["total_energy_consumption_at_2_kwh"] == 11


def test_increases_without_a_base_are_null() -> None:
    """Without the register there is nothing to add to."""
    assert decode_plain(PROFILE)["total_energy_consumption_at_2_kwh"] is None


@pytest.mark.parametrize("profile", ["CD01 831F 01 62", "CD01 831F 00"])
def test_a_profile_that_is_too_short_leaves_the_rest_standing(profile: str) -> None:
    """The register is printed all the same."""
    values = decode_plain(BASE + profile)
    assert values["total_energy_consumption_at_1_kwh"] == 10
    assert "total_energy_consumption_at_2_kwh" not in values


def test_the_readings_depend_on_the_register_and_the_profile_alone() -> None:
    """The present register is not among the bytes that decide."""
    data = bytes.fromhex("0403 F82A0000" + BASE + PROFILE)
    find = get_reader("ehzp").find_deciding_spans
    assert find is not None
    spans = find(parse_records(data).records)
    assert [data[start:end].hex() for start, end in spans] == ["10270000", "6201e803f401ffff"]


@given(st.binary(max_size=40))
def test_no_profile_bytes_break_the_reader(data: bytes) -> None:
    """Any profile content gives numbers, nulls or nothing."""
    values = decode_plain(BASE + "CD01 831F" + bytes([len(data)]).hex() + data.hex())
    assert values["total_energy_consumption_at_1_kwh"] == 10
