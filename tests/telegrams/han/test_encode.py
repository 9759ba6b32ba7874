# SPDX-License-Identifier: Apache-2.0
"""Encoding is the inverse of decoding; what does not fit is refused with its name."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.encode.han import build_list, encode_apdu, encode_han, encode_hdlc
from avlest.telegrams.han import Maker, decode_han

from .samples import MAKERS, NOON, lists, make_list


@given(lists, st.one_of(st.none(), st.integers(20, 400)))
def test_decoding_gives_back_what_was_encoded(wanted, segment_size):
    arrived = wanted.clock
    assert decode_han(encode_han(wanted, segment_size=segment_size), received_at=arrived) == wanted


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("list_id", [1, 2, 3])
def test_every_list_of_every_maker_comes_back(maker, list_id):
    wanted = make_list(maker, list_id)
    assert decode_han(encode_han(wanted)) == wanted


def test_readings_are_rounded_to_what_the_meter_sends():
    readings = {
        "active_power_import": Decimal("99.6"),
        "voltage_l1": Decimal("230.26"),
        "current_l1": Decimal("1.2345"),
    }
    values = {
        maker: {value.name: value.value for value in build_list(maker, 2, readings=readings, clock=NOON).values}
        for maker in MAKERS
    }
    assert [values[maker]["active_power_import"] for maker in MAKERS] == [100, 100, 100]
    assert [values[maker]["voltage_l1"] for maker in MAKERS] == [Decimal("230.3"), Decimal("230.3"), 230]
    assert [values[maker]["current_l1"] for maker in MAKERS] == [Decimal("1.2"), Decimal("1.234"), Decimal("1.23")]


def test_kaifa_sends_zero_for_what_is_missing():
    made = build_list(Maker.KAIFA, 3, readings={"active_power_import": 5, "voltage_l3": 230}, clock=NOON)
    voltage = decode_han(encode_han(made)).get("voltage_l2")
    assert voltage is not None
    assert voltage.value == 0


def test_names_that_no_list_has_are_refused():
    with pytest.raises(ValueError, match="water"):
        build_list(Maker.AIDON, 3, readings={"water": 1}, clock=NOON)
    with pytest.raises(ValueError, match="list 4"):
        build_list(Maker.AIDON, 4, readings={}, clock=NOON)


def test_numbers_too_large_for_the_register_are_refused_by_name():
    with pytest.raises(ValueError, match="active_power_import: 4294967296"):
        encode_han(make_list(active_power_import=2**32))


def test_a_maker_without_layout_is_refused():
    with pytest.raises(ValueError, match="unknown"):
        encode_apdu(replace(make_list(), maker=Maker.UNKNOWN))


def test_information_too_long_for_one_frame_asks_for_segments():
    with pytest.raises(ValueError, match="segment size"):
        encode_hdlc(bytes(3000), address=b"\x41\x21\x13")
