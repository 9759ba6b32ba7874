# SPDX-License-Identifier: Apache-2.0
"""HDLC frames: where they end, whether they are whole, what they carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.encode.han import encode_apdu, encode_han, encode_hdlc
from avlest.telegrams.han import Maker, decode_han, hdlc
from avlest.telegrams.outcomes import Outcome, TelegramError

from .samples import make_list

ADDRESS = bytes.fromhex("41088313")


def _reference_crc(data: bytes) -> int:
    """CRC-16/X-25 bit by bit, straight from its definition."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xFFFF


def test_the_crc_has_its_published_check_value():
    assert hdlc.compute_crc(b"123456789") == 0x906E


@given(st.binary(max_size=64))
def test_the_crc_is_that_of_the_definition(data):
    assert hdlc.compute_crc(data) == _reference_crc(data)
    assert hdlc.is_intact(data + _reference_crc(data).to_bytes(2, "little"))


def test_flag_and_escape_bytes_in_the_data_are_data():
    for power in (0x7E, 0x7D, 0x7E7E7E7E, 0x7D5E7D5D):
        frame = encode_han(make_list(list_id=1, active_power_import=power))
        assert decode_han(frame).values[0].value == power


def test_addresses_of_one_two_and_four_bytes_are_kept_as_sent():
    frame = hdlc.parse_frame(encode_hdlc(b"\x01\x02", address=bytes.fromhex("03 020005 21 13")[:5]))
    assert (frame.destination, frame.source, frame.control) == (b"\x03", b"\x02\x00\x05", 0x21)
    long = hdlc.parse_frame(encode_hdlc(b"\x01\x02", address=bytes.fromhex("02040609 21 13")))
    assert (long.destination, long.source, long.control) == (bytes.fromhex("02040609"), b"\x21", 0x13)
    assert long.information == b"\x01\x02"


@pytest.mark.parametrize(
    ("spoil", "outcome"),
    [
        (lambda frame: frame[:2], Outcome.TOO_SHORT),
        (lambda frame: frame[:20], Outcome.TOO_SHORT),
        (lambda frame: frame[:-1] + b"\x00", Outcome.BAD_LENGTH),
        (lambda frame: frame[:2] + b"\x03" + frame[3:], Outcome.BAD_LENGTH),
        (lambda frame: frame[:20] + bytes((frame[20] ^ 1,)) + frame[21:], Outcome.LINK_CRC),
        (lambda frame: b"\x7e\x30" + frame[2:], Outcome.UNKNOWN_CI),
    ],
)
def test_a_spoilt_frame_is_named_by_its_outcome(spoil, outcome):
    with pytest.raises(TelegramError) as caught:
        decode_han(spoil(encode_han(make_list())))
    assert caught.value.outcome is outcome


def test_a_wrong_header_check_is_found_though_the_frame_check_is_right():
    frame = bytearray(encode_han(make_list()))
    frame[7] ^= 0x55
    frame[-3:-1] = hdlc.compute_crc(bytes(frame[1:-3])).to_bytes(2, "little")
    with pytest.raises(TelegramError, match="header check") as caught:
        decode_han(bytes(frame))
    assert caught.value.outcome is Outcome.LINK_CRC


def test_frames_without_information_carry_no_data():
    """A supervisory frame (here RR) is whole and says nothing."""
    with pytest.raises(TelegramError) as caught:
        decode_han(encode_hdlc(b"\x00", address=bytes.fromhex("41088311")))
    assert caught.value.outcome is Outcome.NO_DATA


@pytest.mark.parametrize("size", [40, 100, 1000])
def test_segments_join_to_the_message(size):
    wanted = make_list()
    segments = encode_han(wanted, segment_size=size)
    assert decode_han(segments) == wanted
    assert decode_han(segments.replace(b"\x7e\x7e", b"\x7e")) == wanted  # one flag between two frames


def test_a_missing_last_segment_is_named():
    first = encode_han(make_list(), segment_size=100)
    with pytest.raises(TelegramError) as caught:
        decode_han(first[: hdlc.parse_frame(first).end])
    assert caught.value.outcome is Outcome.FRAGMENT_MISSING


@pytest.mark.parametrize("maker", [Maker.AIDON, Maker.KAIFA, Maker.KAMSTRUP])
def test_every_layer_may_be_missing(maker):
    """Adapters hand over the frame, the frame without flags, the LLC PDU or the APDU."""
    wanted = make_list(maker)
    frame, apdu = encode_han(wanted), encode_apdu(wanted)
    for form in (frame, b"\x7e\x7e" + frame, frame[1:-1], b"\xe6\xe7\x00" + apdu, apdu):
        assert decode_han(form) == wanted


def test_a_ciphered_apdu_is_named_as_such():
    with pytest.raises(TelegramError) as caught:
        decode_han(encode_hdlc(bytes.fromhex("e6e700db08") + bytes(30), address=ADDRESS))
    assert caught.value.outcome is Outcome.UNSUPPORTED_SECURITY


def test_nothing_and_unknown_beginnings_are_outcomes():
    for data, outcome in (
        (b"", Outcome.EMPTY),
        (b"\x01\x02", Outcome.UNKNOWN_CI),
        (b"\xe6\xe7\x00", Outcome.UNKNOWN_CI),
    ):
        with pytest.raises(TelegramError) as caught:
            decode_han(data)
        assert caught.value.outcome is outcome
