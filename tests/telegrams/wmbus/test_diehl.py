# SPDX-License-Identifier: Apache-2.0
"""Diehl's addresses in another order and its scrambled "real data" frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import diehl
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Sealing, build_telegram
from avlest.telegrams.wmbus.frame import build_frame
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer
from avlest.telegrams.wmbus.stack import decode_stack

RECORDS = bytes.fromhex("0C13000100000B3B0000000A5A2304")
IDENTITY = bytes.fromhex("78563412")
KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")


def _send(maker: str, ci_and_rest: bytes, *, c_field: int = 0x44) -> bytes:
    """A frame with version 21, type 04 before the identity, as Diehl sends it."""
    swapped = bytes((0x21, 0x04)) + IDENTITY
    as_read = Address(encode_manufacturer(maker), swapped[:4], swapped[4], swapped[5])
    return build_frame(c_field=c_field, address=as_read, body=ci_and_rest)


def _real_data(maker: str, records: bytes, *, key: bytes | None) -> bytes:
    config = (sum(records) & diehl.CHECK_BITS | 0x10) if sum(records) & 0x10 == 0 else sum(records) & 0xFF
    telegram = _send(maker, bytes((0x7A, 9, 0, 0x45, config)) + records)
    if key is None:
        return telegram
    header = telegram[: diehl.HEADER]
    return header + diehl.scramble_real_data(records, header=header, key=key)


@pytest.mark.parametrize("maker", ["DME", "EWT", "HYD", "SPL"])
@pytest.mark.parametrize("ci", [0xA0, 0xA7, 0xB1])
def test_the_address_is_put_right_in_their_own_frames(maker: str, ci: int) -> None:
    """Identity, version and type are found in their places; the address as sent stays known."""
    stack = decode_stack(_send(maker, bytes((ci,)) + bytes(14)))
    assert (stack.address.identity, stack.address.version, stack.address.device_type) == (IDENTITY, 0x21, 0x04)
    assert stack.wire_address.link_bytes[2:] == bytes((0x21, 0x04)) + IDENTITY
    assert "12345678" in " ".join(piece.text for piece in stack.layers[0].pieces)


def test_sappel_sends_neither_version_nor_type() -> None:
    """Its two bytes are part of a longer identity; the meter measures water."""
    stack = decode_stack(_send("SAP", b"\xa1" + bytes(14)))
    assert stack.address.identity == stack.wire_address.identity
    assert (stack.address.version, stack.address.medium) == (0, "water")


@pytest.mark.parametrize(
    ("maker", "body", "c_field"),
    [
        ("DME", b"\x78" + RECORDS, 0x44),
        ("DME", b"\x7a\x01\x00\x00\x00" + RECORDS, 0x44),
        ("DME", b"\xa8" + RECORDS, 0x44),
        ("DME", b"\xa0" + RECORDS, 0x08),
        ("DME", b"\xa0", 0x44),
        ("KAM", b"\xa0" + RECORDS, 0x44),
    ],
)
def test_standard_frames_keep_their_address(maker: str, body: bytes, c_field: int) -> None:
    """OMS frames, answers, other makers: the address is read in standard order."""
    stack = decode_stack(_send(maker, body, c_field=c_field))
    assert stack.address == stack.wire_address


@pytest.mark.parametrize("key", [None, *diehl.DEFAULT_KEYS, KEY[:8]])
def test_real_data_are_unscrambled(key: bytes | None) -> None:
    """By the maker's default keys or the meter's own; what is in clear stays so."""
    stack = decode_stack(_real_data("HYD", RECORDS, key=key), keys=[KEY])
    assert stack.payload == RECORDS
    assert (stack.security, stack.state) == ("diehl-lfsr", "stored plain" if key is None else "decrypted")
    assert (stack.address.identity, stack.address.version) == (IDENTITY, 0x21)


def test_real_data_under_an_unknown_key_stay_shut() -> None:
    """A sum of seven bits is not enough: the payload must divide into records too."""
    telegram = _real_data("HYD", RECORDS, key=bytes.fromhex("DEADBEEF00000000"))
    with pytest.raises(TelegramError) as caught:
        decode_stack(telegram)
    assert caught.value.outcome is Outcome.KEY_MISSING


@given(payload=st.binary(max_size=80), key=st.binary(min_size=8, max_size=16))
def test_the_scrambler_is_its_own_inverse(payload: bytes, key: bytes) -> None:
    """Laying the sequence over twice gives the payload back."""
    header = bytes(range(15))
    once = diehl.scramble_real_data(payload, header=header, key=key)
    assert diehl.scramble_real_data(once, header=header, key=key) == payload


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (RECORDS, True),
        (RECORDS[:-1], False),
        (RECORDS + b"\x2f\x2f", True),
        (RECORDS + b"\x0f\x01\x02\x03", True),
        (RECORDS + b"\x3f", False),
        (bytes.fromhex("8C40138002000000"), False),
        (bytes.fromhex("8C401300020000"), True),
        (bytes.fromhex("0D13023132"), True),
        (bytes.fromhex("0D130231"), False),
        (bytes.fromhex("8080"), False),
        (b"", True),
    ],
)
def test_records_are_recognised_by_their_lengths(payload: bytes, expected: bool) -> None:
    """DIF and VIF lengths must lead exactly to the end, or to manufacturer data."""
    assert diehl.looks_like_records(payload) is expected


def test_the_makers_default_key_opens_an_oms_frame() -> None:
    """Without a key of its own a Diehl meter encrypts with the published one."""
    meter = Address(encode_manufacturer("HYD"), IDENTITY, 0x70, 0x07)
    sealing = Sealing("mode5", diehl.DEFAULT_AES_KEY)
    telegram = build_telegram(RECORDS, Envelope(meter, access_number=5), sealing=sealing)
    assert decode_stack(telegram).payload[2 : 2 + len(RECORDS)] == RECORDS


def test_another_key_than_the_default_is_still_missing() -> None:
    """Trying the default does not turn a missing key into a wrong one."""
    meter = Address(encode_manufacturer("HYD"), IDENTITY, 0x70, 0x07)
    telegram = build_telegram(RECORDS, Envelope(meter), sealing=Sealing("mode5", KEY))
    with pytest.raises(TelegramError) as caught:
        decode_stack(telegram)
    assert caught.value.outcome is Outcome.KEY_MISSING
