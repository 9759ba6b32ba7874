# SPDX-License-Identifier: Apache-2.0
"""Frame formats A and B, captures without CRC, wrong length fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.crc import compute_crc, has_crc
from avlest.telegrams.wmbus.frame import build_format_a, build_format_b, build_frame, parse_frame, trim_frame

METER = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x16)
bodies = st.binary(min_size=1, max_size=246)


def _frame(body: bytes) -> bytes:
    return build_frame(c_field=0x44, address=METER, body=body)


def _outcome(telegram: bytes) -> Outcome:
    with pytest.raises(TelegramError) as caught:
        parse_frame(telegram)
    return caught.value.outcome


def test_the_crc_has_the_published_check_value() -> None:
    """The catalogue of CRCs gives C2B7 for the digits 1 to 9."""
    assert compute_crc(b"123456789") == 0xC2B7
    assert has_crc(b"123456789\xc2\xb7")
    assert not has_crc(b"123456789\xb7\xc2")


@given(bodies)
def test_format_a_is_built_and_stripped_without_loss(body: bytes) -> None:
    """A CRC after 10 bytes and after every 16 more is checked and taken out again."""
    data = _frame(body)
    telegram = build_format_a(data)
    assert len(telegram) == len(data) + 2 * (1 + -(-len(body) // 16))
    frame = parse_frame(telegram)
    assert (frame.format, frame.data, frame.warnings) == ("A", data, ())
    assert frame.address == METER
    assert frame.data[frame.ci_offset :] == body


@given(st.binary(min_size=1, max_size=242))
def test_format_b_is_built_and_stripped_without_loss(body: bytes) -> None:
    """The length field of format B counts its CRCs; stripped, it counts what is left."""
    data = _frame(body)
    telegram = build_format_b(data)
    assert telegram[0] == len(telegram) - 1
    frame = parse_frame(telegram)
    assert (frame.format, frame.data, frame.warnings) == ("B", data, ())


def test_format_b_may_be_left_with_its_crc() -> None:
    """When two data bytes happen to look like a CRC, the frame can be read again with them."""
    telegram = build_format_b(_frame(b"\x78\x01"))
    assert parse_frame(telegram, strip=False).data == telegram


def test_a_broken_block_of_format_a_is_named() -> None:
    """Any wrong byte in a frame of several blocks ends in LINK_CRC with the block's number."""
    telegram = build_format_a(_frame(bytes(range(0x70, 0xA0))))
    for at in range(1, len(telegram)):
        broken = telegram[:at] + bytes((telegram[at] ^ 0x01,)) + telegram[at + 1 :]
        with pytest.raises(TelegramError) as caught:
            parse_frame(broken)
        block = 1 if at < 12 else 2 + (at - 12) // 18
        assert caught.value.outcome is Outcome.LINK_CRC
        assert f"block {block} of 4" in caught.value.detail


def test_a_frame_of_format_a_that_breaks_off_is_too_short() -> None:
    """The first block proves the format; the missing rest is said in bytes."""
    telegram = build_format_a(_frame(bytes(40)))
    assert _outcome(telegram[:-3]) is Outcome.TOO_SHORT


def test_bytes_appended_by_a_receiver_do_not_disturb_format_a() -> None:
    """A signal strength after the frame is left out, since the length field is proven by CRCs."""
    data = _frame(bytes(20))
    assert parse_frame(build_format_a(data) + b"\x55\x66").data == data


def test_a_wrong_length_field_is_accepted_with_a_warning() -> None:
    """A capture without CRC whose length does not fit is read whole, and can be cut to its length."""
    data = _frame(b"\x78\x04\x13\x01\x00\x00\x00")
    frame = parse_frame(data + b"\xfe\xd0")
    assert frame.data == data + b"\xfe\xd0"
    assert "says 17 bytes, 19 are there" in frame.warnings[0]
    trimmed = trim_frame(frame)
    assert trimmed is not None
    assert trimmed.data == data
    assert len(trimmed.warnings) == 2


def test_a_frame_that_fits_its_length_is_not_trimmed() -> None:
    """There is nothing to cut from a frame as long as it says, nor from one that is cut short."""
    assert trim_frame(parse_frame(_frame(b"\x78\x00"))) is None
    assert trim_frame(parse_frame(_frame(bytes(9))[:-3])) is None


@pytest.mark.parametrize(
    ("telegram", "outcome"),
    [(b"", Outcome.EMPTY), (b"\x05\x44", Outcome.TOO_SHORT), (bytes(400), Outcome.TOO_LONG)],
)
def test_impossible_lengths_have_their_outcomes(telegram: bytes, outcome: Outcome) -> None:
    """Nothing, less than a link header, and more than any frame."""
    assert _outcome(telegram) is outcome


@pytest.mark.parametrize(("build", "size"), [(_frame, 247), (lambda body: build_format_b(_frame(body)), 246)])
def test_a_body_that_fits_no_frame_is_refused(build: object, size: int) -> None:
    """The length field is one byte."""
    with pytest.raises(TelegramError) as caught:
        build(bytes(size))  # type: ignore[operator]
    assert caught.value.outcome is Outcome.TOO_LONG


@given(st.binary(max_size=320))
def test_noise_raises_nothing_but_a_telegram_error(noise: bytes) -> None:
    """Whatever bytes come, parsing ends in a frame or in an outcome."""
    try:
        frame = parse_frame(noise)
    except TelegramError as error:
        assert error.detail
    else:
        assert frame.end >= 10
