# SPDX-License-Identifier: Apache-2.0
"""Fields are read from the right records, in their unit, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.bind import bind_fields
from avlest.catalogue.evaluate import evaluate_binding, evaluate_formula, scale_number
from avlest.catalogue.formula import parse_formula
from avlest.catalogue.load import parse_family
from avlest.catalogue.model import Family, Value
from avlest.telegrams.records.parse import parse_records


def family(fields: str) -> Family:
    head = 'family = "a"\ntitle = "A"\nsource = "own"\nmeters = ["KAM:1b:16"]\n'
    return parse_family(head + fields, origin="a.toml")


def decode(fields: str, payload: str, *, status: int | None = None) -> dict[str, Value]:
    records = parse_records(bytes.fromhex(payload)).records
    return evaluate_binding(bind_fields(family(fields), records), records, status)


def test_a_volume_in_litres_prints_in_cubic_metres_to_the_last_digit() -> None:
    fields = '[[field]]\nname = "total_m3"\nfrom = { vif = "volume" }\n'
    assert decode(fields, "0413 E9920100") == {"total_m3": 103.145}


def test_energy_in_joules_prints_in_kilowatt_hours_with_six_decimals() -> None:
    fields = '[[field]]\nname = "total_kwh"\nfrom = { vif = "energy" }\n'
    assert decode(fields, "040E 01000000") == {"total_kwh": 0.277778}


def test_the_second_record_of_a_kind_is_taken_only_where_the_file_says_so() -> None:
    fields = (
        '[[field]]\nname = "first_m3"\nfrom = { vif = "volume" }\n'
        '[[field]]\nname = "second_m3"\nfrom = { vif = "volume", nth = 2 }\n'
    )
    assert decode(fields, "0213 0100 0213 0200 0213 0300") == {"first_m3": 0.001, "second_m3": 0.002}


def test_a_record_with_a_direction_does_not_feed_a_field_without_one() -> None:
    fields = (
        '[[field]]\nname = "total_m3"\nfrom = { vif = "volume" }\n'
        '[[field]]\nname = "back_m3"\nfrom = { vif = "volume", with = ["backward_flow"] }\n'
    )
    found = decode(fields, "0293 3C 0500 0213 0900")
    assert found["total_m3"] == 0.009
    assert found["back_m3"] == 0.005


def test_names_carry_the_numbers_of_their_records() -> None:
    fields = '[[field]]\nname = "h_{storage-1}_m3"\nfrom = { vif = "volume", storage = [2, 5] }\n'
    assert decode(fields, "8201 13 0700 C201 13 0800") == {"h_1_m3": 0.007, "h_2_m3": 0.008}


def test_a_required_field_without_a_record_is_null() -> None:
    fields = '[[field]]\nname = "power_kw"\nrequired = true\nfrom = { vif = "power" }\n'
    assert decode(fields, "0213 0100") == {"power_kw": None}


def test_bcd_with_digits_above_nine_is_null() -> None:
    fields = '[[field]]\nname = "total_m3"\nfrom = { vif = "volume" }\n'
    assert decode(fields, "0C13 78563A12") == {"total_m3": None}


def test_a_negative_number_reads_as_large_where_the_file_says_unsigned() -> None:
    fields = '[[field]]\nname = "total_m3"\nunsigned = true\nfrom = { vif = "volume" }\n'
    assert decode(fields, "0213 FFFF") == {"total_m3": 65.535}


def test_the_status_joins_error_flags_hidden_flags_and_the_transport_header() -> None:
    fields = (
        '[[field]]\nname = "status"\nstatus = true\ntransport_status = true\nfrom = { vif = "error_flags" }\n'
        '[[field.lookup]]\nname = "E"\nok = "OK"\nnames = { 0x1 = "DRY" }\n'
        '[[field]]\nname = "extra"\nhidden = true\ninto_status = true\nfrom = { key = "01FF01" }\n'
        '[[field.lookup]]\nname = "X"\nok = "OK"\nnames = { 0x2 = "BURST" }\n'
    )
    assert decode(fields, "02FD17 0100 01FF01 02", status=0x04) == {"status": "BURST DRY POWER_LOW"}
    assert decode(fields, "02FD17 0000", status=0) == {"status": "OK"}


def test_a_formula_uses_hidden_fields_and_is_left_out_when_a_part_is_missing() -> None:
    fields = (
        '[[field]]\nname = "a_m3"\nhidden = true\nfrom = { vif = "volume" }\n'
        '[[field]]\nname = "double_m3"\nformula = "a_m3 * 2"\n'
    )
    assert decode(fields, "0213 0500") == {"double_m3": 0.01}
    assert decode(fields, "022B 0500") == {}


@pytest.mark.parametrize("text", ["__import__('os')", "a.b", "a if b else c", "sqrt(a, b)", "'text'", "a +", "[a]"])
def test_a_formula_holds_arithmetic_only(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        parse_formula(text)


def test_a_division_by_zero_gives_no_value() -> None:
    assert evaluate_formula("a / b", {"a": 1.0, "b": 0}) is None
    assert evaluate_formula("sqrt(a * a + b * b)", {"a": 3, "b": 4.0}) == 5.0


@given(st.integers(-(2**47), 2**47), st.integers(0, 6))
def test_a_decimal_scale_gives_the_nearest_double(number: int, decimals: int) -> None:
    assert scale_number(number, Fraction(1, 10**decimals)) == float(Fraction(number, 10**decimals))


@pytest.mark.parametrize(
    ("payload", "printed"),
    [
        ("026C 2A25", "2017-05-10"),
        ("026C FFFF", None),
        ("026C 0000", "2000-00-00"),
        ("046D 0A0C 2A25", "2017-05-10"),
    ],
)
def test_dates_print_the_fields_as_sent_and_all_ones_as_null(payload: str, printed: str | None) -> None:
    fields = '[[field]]\nname = "meter_date"\nfrom = { vif = ["date", "datetime"] }\n'
    assert decode(fields, payload) == {"meter_date": printed}
