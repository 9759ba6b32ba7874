# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes come, the answer is a list or a `TelegramError` with an outcome."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.telegrams.encode.han import encode_apdu, encode_envelope, encode_han, encode_hdlc, encode_mbus
from avlest.telegrams.han import HanList, decode_han, decode_payload, summarise_values
from avlest.telegrams.outcomes import Outcome, TelegramError

from .samples import lists


def _decode(data: bytes) -> HanList | TelegramError:
    try:
        decoded = decode_han(data)
    except TelegramError as error:
        assert isinstance(error.outcome, Outcome)
        assert error.outcome is not Outcome.OK
        assert error.detail
        return error
    summarise_values(decoded)
    return decoded


@given(st.binary(max_size=300))
def test_random_bytes(data):
    _decode(data)


@given(
    st.sampled_from((b"\x7e\xa0", b"\x68", b"\xe6\xe7\x00\x0f", b"\x0f\x40\0\0\0\x00\x01", b"\x0f\0\0\0\0\x00\x02")),
    st.binary(),
)
def test_random_bytes_behind_a_right_beginning(start, rest):
    _decode(start + rest)


@given(lists, st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=200)
def test_bytes_changed_inside_a_valid_frame(wanted, changes):
    """With the check sequences made right again, so that every layer above is reached."""
    apdu = bytearray(encode_apdu(wanted))
    for at, value in changes:
        apdu[at % len(apdu)] = value
    information = b"\xe6\xe7\x00" + bytes(apdu)
    _decode(encode_hdlc(information, address=bytes.fromhex("41088313")))
    _decode(encode_mbus(bytes(apdu)))


@given(lists, st.sets(st.integers(0, 4000), min_size=1, max_size=3))
def test_up_to_three_wrong_bits_never_pass_as_a_reading(wanted, places):
    """The check has Hamming distance 4 at these lengths (length field and flags left alone)."""
    frame = bytearray(encode_han(wanted))
    bits = 8 * (len(frame) - 4)
    for place in {place % bits for place in places}:
        frame[3 + place // 8] ^= 1 << place % 8
    result = _decode(bytes(frame))
    assert isinstance(result, TelegramError)
    assert result.outcome is Outcome.LINK_CRC


@given(lists, st.integers(0, 500))
def test_cut_frames(wanted, end):
    frame = encode_han(wanted)
    assert isinstance(_decode(frame[: end % len(frame)]), TelegramError)


@given(
    st.lists(lists, max_size=3),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4),
)
def test_changed_envelopes(wanted, compress, changes):
    payload = bytearray(encode_envelope([encode_han(each) for each in wanted], compress=compress))
    for at, value in changes:
        payload[at % len(payload)] = value
    try:
        results = decode_payload(bytes(payload))
    except TelegramError:
        return
    assert all(isinstance(result, HanList | TelegramError) for result in results)
