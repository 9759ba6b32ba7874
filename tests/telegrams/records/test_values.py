# SPDX-License-Identifier: Apache-2.0
"""Numbers and texts: integers, BCD, reals and variable-length data at their edges."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.records.model import Coding, Record
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.records.values import decode_bcd, decode_number, decode_value, scale_number


def read(text: str) -> Record:
    payload = parse_records(bytes.fromhex(text))
    assert payload.error is None
    (record,) = payload.records
    return record


@pytest.mark.parametrize(
    ("text", "coding", "value"),
    [
        ("01 13 FF", Coding.INT, -1),
        ("01 13 7F", Coding.INT, 127),
        ("02 13 0080", Coding.INT, -32768),
        ("03 13 FFFFFF", Coding.INT, -1),
        ("03 13 FFFF7F", Coding.INT, 8388607),
        ("03 13 000080", Coding.INT, -8388608),
        ("04 13 00000080", Coding.INT, -(2**31)),
        ("06 13 000000000080", Coding.INT, -(2**47)),
        ("07 13 FFFFFFFFFFFFFF7F", Coding.INT, 2**63 - 1),
        ("02 FD17 FFFF", Coding.UINT, 65535),
        ("01 FD74 FF", Coding.UINT, 255),
        ("01 93FC11 FF", Coding.UINT, 255),
        ("00 13", Coding.NONE, None),
        ("08 13", Coding.NONE, None),
        ("09 13 42", Coding.BCD, 42),
        ("0A 13 9999", Coding.BCD, 9999),
        ("0B 13 563412", Coding.BCD, 123456),
        ("0C 13 563412F0", Coding.BCD, -123456),
        ("0C 13 000000F0", Coding.BCD, 0),
        ("0E 13 9078563412F1", Coding.BCD, -11234567890),
        ("0C 13 563412E0", Coding.BCD, None),
        ("0C 13 5634120F", Coding.BCD, None),
        ("0C 13 5A341200", Coding.BCD, None),
        ("0C 13 FFFFFFFF", Coding.BCD, None),
        ("0A 13 EEEE", Coding.BCD, None),
        ("05 13 0000C03F", Coding.REAL, 1.5),
        ("05 13 0000C07F", Coding.REAL, None),
        ("05 13 0000807F", Coding.REAL, None),
        ("0D 78 04 34333231", Coding.TEXT, "1234"),
        ("0D 78 04 00003231", Coding.TEXT, "12"),
        ("0D 78 01 E5", Coding.TEXT, "å"),
        ("0D 78 00", Coding.TEXT, ""),
        ("0D 13 C3 563412", Coding.BCD_VAR, 123456),
        ("0D 13 C0", Coding.BCD_VAR, None),
        ("0D 13 D3 563412", Coding.BCD_VAR_NEGATIVE, -123456),
        ("0D 13 D1 1A", Coding.BCD_VAR_NEGATIVE, None),
        ("0D 13 E3 FFFFFF", Coding.BINARY_VAR, 0xFFFFFF),
        ("0D 13 E0", Coding.BINARY_VAR, 0),
        ("04 6C FFFFFFFF", Coding.DATETIME_F, None),
        ("07 6D 1122334455667788", Coding.RAW, bytes.fromhex("1122334455667788")),
        ("0D 93 13 03 620100", Coding.RAW, bytes.fromhex("620100")),
    ],
)
def test_data_is_read_as_its_coding_says(text: str, coding: Coding, value: object) -> None:
    record = read(text)
    assert record.coding is coding
    assert decode_value(record) == value


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        ("02 6C 812A", Coding.DATE_G),
        ("02 6D 812A", Coding.DATE_G),
        ("03 6D 1E120D", Coding.TIME_J),
        ("04 6D 0A0A7E2B", Coding.DATETIME_F),
        ("06 6D 5E120DAF2900", Coding.DATETIME_I),
        ("04 FD30 0A0A7E2B", Coding.DATETIME_F),
        ("02 FD70 812A", Coding.DATE_G),
        ("03 FD65 1E120D", Coding.TIME_J),
        ("02 BB4A 812A", Coding.DATE_G),
        ("42 EC7E 812A", Coding.DATE_G),
        ("0A 6C 1234", Coding.BCD),
    ],
)
def test_the_length_of_an_integer_chooses_the_kind_of_date(text: str, coding: Coding) -> None:
    assert read(text).coding is coding


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0C 13 29240100", Fraction(12429, 1000)),
        ("04 06 01000000", Fraction(1)),
        ("02 5A D3FF", Fraction(-45, 10)),
        ("01 44 01", Fraction(6, 100)),
        ("02 DA7B 6400", Fraction(101, 10)),
        ("05 5B 0000C03F", 1.5),
        ("0C 13 EEEEEEEE", None),
        ("02 6C 812A", None),
    ],
)
def test_a_scaled_number_is_exact_in_its_unit(text: str, expected: Fraction | float | None) -> None:
    assert scale_number(read(text)) == expected


@given(number=st.integers(-(10**7) + 1, 10**8 - 1))
def test_eight_bcd_digits_survive_with_their_sign(number: int) -> None:
    digits = f"F{-number:07}" if number < 0 else f"{number:08}"
    assert decode_bcd(bytes.fromhex(digits)[::-1]) == number


@given(number=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_real_survives(number: float) -> None:
    assert decode_number(read(f"0513{struct.pack('<f', number).hex()}")) == number


@given(text=st.text(st.characters(max_codepoint=255, min_codepoint=1), max_size=0xBF))
def test_any_text_of_the_character_set_survives(text: str) -> None:
    data = text.encode("latin-1")[::-1]
    assert decode_value(read(f"0D78{len(data):02X}{data.hex()}")) == text
