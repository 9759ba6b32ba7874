# SPDX-License-Identifier: Apache-2.0
"""Status bits become words, unknown ones are kept as hex, and many parts make one status."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.catalogue.lookup import join_words, translate, translate_all, translate_transport_status
from avlest.catalogue.model import Lookup

FLAGS = Lookup("ERROR_FLAGS", "bits", 0xFFFF, ((0x01, "DRY"), (0x10, "BURST")), ok="OK")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "OK"),
        (0x01, "DRY"),
        (0x11, "BURST DRY"),
        (0x800, "ERROR_FLAGS_800"),
        (0x811, "BURST DRY ERROR_FLAGS_800"),
        (0x1_0000, "OK"),
    ],
)
def test_bits_become_sorted_words_and_unknown_bits_of_the_mask_hex(value: int, words: str) -> None:
    assert translate(FLAGS, value) == words


@given(st.integers(0, 2**64 - 1))
def test_no_value_makes_a_lookup_fail_and_a_set_bit_never_reads_as_ok(value: int) -> None:
    words = translate(FLAGS, value)
    assert (words == "OK") == (value & 0xFFFF == 0)


def test_a_bit_that_means_something_when_it_is_zero_is_named() -> None:
    lookup = Lookup("S", "bits", 0x01, (), names_unset=((0x01, "NOT_READY"),), ok="OK")
    assert translate(lookup, 0) == "NOT_READY"
    assert translate(lookup, 1) == "OK"


def test_a_code_is_looked_up_whole_and_its_name_may_hold_blanks() -> None:
    lookup = Lookup("TIME", "index", 0x07, ((0, ""), (7, "22-31 days")))
    assert translate(lookup, 0) == ""
    assert translate(lookup, 7) == "22-31 days"
    assert translate(lookup, 5) == "TIME_5"


def test_decimal_codes_are_taken_off_largest_first() -> None:
    lookup = Lookup("E", "decimal", 0, ((4, "SENSOR"), (20, "DRY")), ok="OK")
    assert translate(lookup, 0x24) == "DRY SENSOR"
    assert translate(lookup, 0x25) == "DRY E_1 SENSOR"
    assert translate(lookup, 0x2F) == "E_2F"


def test_several_rules_give_each_word_once() -> None:
    other = Lookup("INFO", "bits", 0xFF, ((0x02, "DRY"),), ok="OK")
    assert translate_all((FLAGS, other), 0x03) == "DRY ERROR_FLAGS_2 INFO_1"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "OK"),
        (0x01, "BUSY"),
        (0x06, "ERROR POWER_LOW"),
        (0x1B, "ALARM PERMANENT_ERROR TEMPORARY_ERROR"),
        (0xA0, "UNKNOWN_A0"),
    ],
)
def test_the_transport_status_byte_reads_as_the_standard_says(status: int, words: str) -> None:
    assert translate_transport_status(status) == words


def test_a_familys_own_bits_replace_the_standard_names_where_its_mask_covers_them() -> None:
    own = Lookup("S", "bits", 0x24, ((0x20, "LEAK"), (0x04, "BATTERY")))
    assert translate_transport_status(0x2C, own) == "BATTERY LEAK PERMANENT_ERROR"
    assert translate_transport_status(0x80, own) == "UNKNOWN_80"


def test_one_status_out_of_many_says_ok_only_when_nothing_else_is_there() -> None:
    assert join_words(["OK", "OK"]) == "OK"
    assert join_words(["OK", "LEAK DRY", "DRY"]) == "DRY LEAK"
    assert join_words([]) == ""
