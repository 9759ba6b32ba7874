# SPDX-License-Identifier: Apache-2.0
"""Every DLMS data type reads as the standard writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.han.axdr import MAX_DEPTH, BitString, decode_value
from avlest.telegrams.outcomes import Outcome, TelegramError


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("00", None),
        ("ff", None),
        ("0301", True),
        ("0300", False),
        ("0409a580", BitString(9, b"\xa5\x80")),
        ("05fffffffe", -2),
        ("06fffffffe", 4_294_967_294),
        ("0903010203", b"\x01\x02\x03"),
        ("0a03414243", "ABC"),
        ("0c03c3b841", "øA"),
        ("0d42", 0x42),
        ("0ffd", -3),
        ("10ff9c", -100),
        ("11fd", 253),
        ("12ff9c", 65_436),
        ("14fffffffffffffffe", -2),
        ("15fffffffffffffffe", 2**64 - 2),
        ("161b", 27),
        ("17c1480000", -12.5),
        ("18c029000000000000", -12.5),
        ("19" + "07e80101" + "01" * 8, bytes.fromhex("07e80101" + "01" * 8)),
        ("1a07e8010103", bytes.fromhex("07e8010103")),
        ("1b01020304", b"\x01\x02\x03\x04"),
        ("1cfe", -2),
        ("1dfffe", -2),
        ("1efffffffe", -2),
        ("1ffe", 254),
        ("20fffe", 65_534),
        ("21fffffffe", 4_294_967_294),
        ("0102 1101 1102", [1, 2]),
        ("0202 1101 0a0141", (1, "A")),
        ("0100", []),
        ("13 12 04 00010002", [1, 2]),
        ("13 0202 11 12 06 010002 030004", [(1, 2), (3, 4)]),
        ("13 01 0002 11 04 01020304", [[1, 2], [3, 4]]),
        ("09 8103 010203", b"\x01\x02\x03"),
        ("0a 820001 41", "A"),
    ],
)
def test_each_type_reads_as_the_standard_writes_it(encoded, value):
    data = bytes.fromhex(encoded)
    assert decode_value(data) == (value, len(data))
    for end in range(len(data)):
        with pytest.raises(TelegramError):
            decode_value(data[:end])


@pytest.mark.parametrize(
    "encoded",
    [
        "07",
        "08",
        "1600"[:2],
        "0e00",
        "22",
        "0901",
        "0985" + "00" * 5,
        "0c01ff",
        "0980",
        "13000100",
        "1302000100",
        "13 01ffff11 01 00",
    ],
)
def test_what_is_no_value_is_an_outcome_with_its_place(encoded):
    with pytest.raises(TelegramError) as caught:
        decode_value(bytes.fromhex(encoded))
    assert caught.value.outcome is Outcome.BAD_RECORDS
    assert caught.value.offset is not None


def test_nesting_has_an_end():
    with pytest.raises(TelegramError, match="deeper"):
        decode_value(b"\x01\x01" * (MAX_DEPTH + 1) + b"\x00")
    assert decode_value(b"\x01\x01" * MAX_DEPTH + b"\x11\x05")[1] == 2 * MAX_DEPTH + 2


def test_a_count_larger_than_the_bytes_is_refused_at_once():
    with pytest.raises(TelegramError, match="4294967295 elements"):
        decode_value(bytes.fromhex("0184ffffffff00"))


@given(st.binary(max_size=200))
def test_random_bytes_end_as_value_or_outcome(data):
    try:
        _, end = decode_value(data)
    except TelegramError:
        return
    assert 0 < end <= len(data)
