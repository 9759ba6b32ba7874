# SPDX-License-Identifier: Apache-2.0
"""Qundis walk-by telegrams: the block 0D FF 5F taken apart into records."""

from __future__ import annotations

import pytest

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.qundis import parse_payload
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus.security import derive_mode5_iv, encrypt_mode5
from tests.catalogue.payloads.made import decode, make_address

KEY = bytes(range(16))
DELTAS = "".join(f"{number:02X}00" for number in range(1, 12)) + "FFFF"
CLOCK = "046D 05072933"


def make_block(vif: str, *, encrypted: str = "00") -> str:
    """A walk-by block: registers 987.654, 123.456 and 876.543 in thousandths, ends of 2024 and of November 2025."""
    registers = "54769800 3F3C 56341200 7E3B 43658700"
    return f"0DFF5F 35 0082 10 00 {encrypted} 0100 07C1 {vif} FFFF {registers} {DELTAS} 2F"


def test_water_registers_and_differences_are_read() -> None:
    """Three registers, their dates, and twelve signed differences from storage 2 on."""
    values = decode("QDS:16:06", f"78 {make_block('13')} {CLOCK}")
    assert values["total_m3"] == 987.654
    assert (values["target_year_date"], values["target_year_m3"]) == ("2025-12-31", 123.456)
    assert (values["target_date"], values["target_m3"]) == ("2027-11-30", 876.543)
    assert (values["volume_delta_2_m3"], values["volume_delta_13_m3"]) == (0.001, -0.001)
    assert sum(name.startswith("volume_delta") for name in values) == 12
    assert (values["meter_datetime"], values["status"]) == ("2025-03-09 07:05", "OK")


def test_the_vif_of_the_block_scales_all_registers() -> None:
    """The same digits as megajoules and as allocation units."""
    heat = decode("QDS:48:04", f"78 {make_block('0E')}")
    assert (heat["total_kwh"], heat["energy_delta_2_kwh"]) == (274348.333333, 0.277778)
    allocator = decode("QDS:34:08", f"78 {make_block('6E')}")
    assert allocator["current_consumption_hca"] == 987654
    assert allocator["set_date"] == allocator["set_date_1"] == "2025-12-31"
    assert allocator["consumption_at_set_date_17_hca"] == 876543


def test_an_encrypted_block_is_left_alone() -> None:
    """What stands around it is still read, and the payload says what is missing."""
    assert decode("QDS:34:08", f"78 {make_block('6E', encrypted='35')} {CLOCK}") == {
        "status": "OK",
        "device_datetime": "2025-03-09 07:05",
    }


def test_an_encrypted_block_is_read_with_the_meters_key() -> None:
    """The access number of the block makes the initial vector; a wrong key opens nothing."""
    plain = bytes.fromhex(make_block("6E"))
    iv = derive_mode5_iv(make_address("QDS:34:08"), plain[6])
    sealed = plain[:8] + b"\x35" + encrypt_mode5(KEY, iv, plain[9:])
    body = b"\x78" + sealed + bytes.fromhex(CLOCK)
    assert decode("QDS:34:08", body, KEY) == decode("QDS:34:08", f"78 {plain.hex()} {CLOCK}")
    assert decode("QDS:34:08", body, bytes(16)) == decode("QDS:34:08", body)


def test_normal_telegrams_of_the_same_meters_need_no_block() -> None:
    """The long form has all but the differences, and a null for an error that never was."""
    body = "7A 01 00 0020 0C13 54769800 4C13 56341200 426C 3F3C CC0813 43658700 C2086C 7E3B 326C FFFF"
    assert decode("QDS:18:07", body) == {
        "total_m3": 987.654,
        "target_year_m3": 123.456,
        "target_year_date": "2025-12-31",
        "target_m3": 876.543,
        "target_date": "2027-11-30",
        "device_error_date": None,
        "status": "OK",
    }


@pytest.mark.parametrize("vif", ["13", "0D", "6E"])
def test_the_records_of_the_block_are_spans_of_the_payload(vif: str) -> None:
    """Each record's bytes stand in the payload where it says: the columnar decoder slices them there."""
    payload = bytes.fromhex(make_block(vif) + CLOCK)
    address = make_address("QDS:16:06")
    parsed = parse_payload(Clear(address, address, 0x78, payload, None, parse_records(payload)))
    assert len(parsed.records) == 1 + 3 + 2 + 12
    for record in parsed.records:
        assert payload[record.data_offset : record.data_offset + record.data_length] == record.data


@pytest.mark.parametrize("encrypted", ["00", "35"])
def test_the_mark_and_the_vif_decide_the_skeleton(encrypted: str) -> None:
    """A plain and an encrypted block must never be taken for the same skeleton."""
    payload = bytes.fromhex(make_block("13", encrypted=encrypted))
    address = make_address("QDS:16:06")
    parsed = parse_payload(Clear(address, address, 0x78, payload, None, parse_records(payload)))
    assert {(8, 9), (13, 14)} <= set(parsed.structure)
