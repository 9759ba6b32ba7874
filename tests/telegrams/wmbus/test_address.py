# SPDX-License-Identifier: Apache-2.0
"""Addresses, manufacturer letters and device types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.address import Address, parse_header_address, parse_link_address
from avlest.telegrams.wmbus.device_types import decode_medium
from avlest.telegrams.wmbus.manufacturer import decode_manufacturer, encode_manufacturer

LETTERS = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
addresses = st.builds(
    Address,
    manufacturer=st.integers(0, 0xFFFF),
    identity=st.binary(min_size=4, max_size=4),
    version=st.integers(0, 255),
    device_type=st.integers(0, 255),
)


@given(LETTERS)
def test_letters_survive_coding_and_decoding(code: str) -> None:
    """Three letters become 15 bits and come back, with or without the soft-address bit."""
    value = encode_manufacturer(code)
    assert value < 0x8000
    assert decode_manufacturer(value) == code == decode_manufacturer(value | 0x8000)


def test_a_known_manufacturer_has_its_known_number() -> None:
    """KAM is 2C2D in the list of the FLAG association."""
    assert encode_manufacturer("KAM") == 0x2C2D


@pytest.mark.parametrize("code", ["", "KA", "KAMS", "kam", "K1M", "ÆØÅ"])
def test_what_is_no_manufacturer_code_is_refused(code: str) -> None:
    """Anything but three capital letters is an error that names the text."""
    with pytest.raises(TelegramError) as caught:
        encode_manufacturer(code)
    assert caught.value.outcome is Outcome.BAD_PAYLOAD
    assert repr(code) in caught.value.detail


@given(addresses)
def test_an_address_reads_back_from_both_orders(address: Address) -> None:
    """Link layer and long header order the same fields differently."""
    assert parse_link_address(b"\0" + address.link_bytes, 1) == address
    assert parse_header_address(b"\0" + address.header_bytes, 1) == address


def test_the_identity_is_printed_as_on_the_meter() -> None:
    """The identity is sent least significant byte first; digits beyond 9 show as letters."""
    assert Address(0x2C2D, bytes.fromhex("78563412"), 1, 7).id == "12345678"
    assert Address(0x2C2D, bytes.fromhex("F3000020"), 1, 7).id == "200000f3"


@pytest.mark.parametrize(
    ("device_type", "medium"),
    [
        (0x02, "electricity"),
        (0x04, "heat"),
        (0x06, "warm water"),
        (0x07, "water"),
        (0x08, "heat cost allocation"),
        (0x0C, "heat volume at inlet"),
        (0x16, "cold water"),
        (0x1A, "smoke detector"),
        (0x1D, "reserved"),
        (0x37, "radio converter (meter side)"),
        (0x0F, "unknown"),
        (0x62, "unknown"),
    ],
)
def test_a_device_type_has_its_standard_word(device_type: int, medium: str) -> None:
    """The words are those of EN 13757-7; beyond the table a type is unknown."""
    assert decode_medium(device_type) == medium


def test_types_above_the_table_belong_to_their_manufacturer() -> None:
    """Type 62 is warm water for Techem, soft address or not, and for nobody else."""
    techem = encode_manufacturer("TCH")
    assert decode_medium(0x62, manufacturer=techem) == "warm water"
    assert Address(techem | 0x8000, bytes(4), 0, 0x62).medium == "warm water"
    assert decode_medium(0x62, manufacturer=encode_manufacturer("KAM")) == "unknown"


def test_every_device_type_has_a_word() -> None:
    """No byte is left without a medium."""
    assert all(decode_medium(number) for number in range(256))
