# SPDX-License-Identifier: Apache-2.0
"""What adapters put around the frames: M-Bus, hexadecimal text, the protobuf envelope."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.encode.han import encode_apdu, encode_envelope, encode_han, encode_mbus
from avlest.telegrams.han import HanList, Maker, decode_han, decode_payload, unwrap_payload
from avlest.telegrams.han.tibber import MAX_INFLATED
from avlest.telegrams.outcomes import Outcome, TelegramError

from .samples import MAKERS, make_list


def _outcome(payload: bytes) -> Outcome:
    with pytest.raises(TelegramError) as caught:
        decode_payload(payload)
    return caught.value.outcome


@pytest.mark.parametrize("size", [60, 240])
@pytest.mark.parametrize("maker", MAKERS)
def test_mbus_segments_join_to_the_message(maker, size):
    wanted = make_list(maker)
    assert decode_han(encode_mbus(encode_apdu(wanted), segment_size=size)) == wanted


def test_a_single_mbus_frame_without_the_last_mark_counts_as_whole():
    wanted = make_list(Maker.KAIFA, 1)
    frame = bytearray(encode_mbus(encode_apdu(wanted)))
    frame[6] ^= 0x10
    frame[-2] = sum(frame[4:-2]) & 0xFF
    assert decode_han(bytes(frame)) == wanted


def test_an_llc_pdu_may_stand_straight_after_the_mbus_ci():
    wanted = make_list(Maker.KAMSTRUP, 1)
    body = b"\x53\xff\x10" + b"\xe6\xe7\x00" + encode_apdu(wanted)
    frame = bytes((0x68, len(body), len(body), 0x68)) + body + bytes((sum(body) & 0xFF, 0x16))
    assert decode_han(frame) == wanted


@pytest.mark.parametrize(
    ("at", "value", "outcome"),
    [
        (1, 0x33, Outcome.BAD_LENGTH),
        (20, 0xAA, Outcome.BAD_CHECKSUM),
        (-1, 0x17, Outcome.BAD_LENGTH),
        (-2, None, Outcome.BAD_CHECKSUM),
    ],
)
def test_a_spoilt_mbus_frame_is_named_by_its_outcome(at, value, outcome):
    frame = bytearray(encode_mbus(encode_apdu(make_list(Maker.KAIFA, 1))))
    frame[at] = value if value is not None else frame[at] ^ 0xFF
    with pytest.raises(TelegramError) as caught:
        decode_han(bytes(frame))
    assert caught.value.outcome is outcome


def test_missing_mbus_segments_are_named():
    whole = encode_mbus(encode_apdu(make_list()), segment_size=100)
    first, second = whole[:111], whole[111:222]
    for parts in (first + second, first + whole[222:]):
        with pytest.raises(TelegramError) as caught:
            decode_han(parts)
        assert caught.value.outcome is Outcome.FRAGMENT_MISSING


def test_an_ordinary_mbus_answer_is_not_taken_for_a_list():
    body = bytes.fromhex("0801 72 12345678 24408006 01000000 0413 00000000")
    frame = bytes((0x68, len(body), len(body), 0x68)) + body + bytes((sum(body) & 0xFF, 0x16))
    with pytest.raises(TelegramError) as caught:
        decode_han(frame)
    assert caught.value.outcome is Outcome.UNKNOWN_CI


def test_hexadecimal_text_is_a_frame():
    wanted = make_list(Maker.KAMSTRUP)
    text = encode_han(wanted).hex(" ").upper() + "\r\n"
    assert decode_payload(text.encode()) == (wanted,)
    assert _outcome(b"7ea0e") is Outcome.NOT_HEX


def test_debug_text_and_status_are_no_data():
    for noise in (b"Debug: WiFi ps disable", b'{"status":{"rssi":-71,"Build":"1.2.3"}}', b"\r\n"):
        assert _outcome(noise) in (Outcome.NO_DATA, Outcome.NOT_HEX)
    assert _outcome(b"") is Outcome.EMPTY


@pytest.mark.parametrize("compress", [False, True])
def test_an_envelope_gives_its_frames_in_order(compress):
    wanted = tuple(make_list(maker, list_id) for list_id in (1, 2, 3) for maker in MAKERS)
    payload = encode_envelope([encode_han(each) for each in wanted], compress=compress)
    assert decode_payload(payload) == wanted


def test_a_broken_frame_in_an_envelope_leaves_the_others():
    good = encode_han(make_list())
    results = decode_payload(encode_envelope([good, good[:50] + b"\x00" + good[51:], good]))
    assert [type(result) for result in results] == [HanList, TelegramError, HanList]
    assert isinstance(results[1], TelegramError)
    assert results[1].outcome is Outcome.LINK_CRC


def test_an_envelope_of_another_kind_holds_no_list():
    assert _outcome(encode_envelope([b"/LGF5E360\r\n"], kind="P1", compress=True)) is Outcome.NO_DATA


def test_an_envelope_that_unpacks_to_far_more_than_it_may_is_refused():
    bomb = encode_envelope([bytes(MAX_INFLATED * 4)], compress=True)
    assert len(bomb) < 1000
    assert _outcome(bomb) is Outcome.BAD_PAYLOAD


def test_a_torn_envelope_is_an_outcome_at_every_length():
    whole = encode_envelope([encode_han(make_list(list_id=1))] * 2, compress=True)
    for end in range(1, len(whole)):
        try:
            results = decode_payload(whole[:end])
        except TelegramError as error:
            assert error.outcome in (Outcome.BAD_PAYLOAD, Outcome.NO_DATA, Outcome.NOT_HEX)
        else:
            assert all(isinstance(result, HanList | TelegramError) for result in results)


@given(st.binary(max_size=120))
def test_random_envelopes_end_as_frames_or_outcome(rest):
    for payload in (b"\x08" + rest, b"\x08\x01\x18\x01\x12" + bytes((len(rest),)) + rest, zlib.compress(rest)):
        try:
            unwrap_payload(payload)
        except TelegramError:
            continue
