# SPDX-License-Identifier: Apache-2.0
"""Wired frames: framing, checksum, and what carries no data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams import mbus
from avlest.telegrams.outcomes import Outcome, TelegramError

BODY = bytes.fromhex("78") + bytes.fromhex("0413E8030000")


def _outcome(telegram: bytes) -> Outcome:
    with pytest.raises(TelegramError) as caught:
        mbus.parse_long_frame(telegram)
    return caught.value.outcome


@given(body=st.binary(min_size=1, max_size=253), c_field=st.integers(0, 255), address=st.integers(0, 255))
def test_a_built_frame_is_parsed_to_what_went_in(body: bytes, c_field: int, address: int) -> None:
    """Building and parsing a long frame keeps control field, address and body."""
    frame = mbus.parse_long_frame(mbus.build_long_frame(c_field=c_field, primary_address=address, body=body))
    assert (frame.c_field, frame.primary_address) == (c_field, address)
    assert frame.data[frame.ci_offset : frame.end] == body
    assert frame.warnings == ()


def test_every_changed_byte_of_a_frame_is_noticed() -> None:
    """The checksum, the doubled length, start and stop bytes catch any single wrong byte."""
    telegram = mbus.build_long_frame(c_field=0x08, primary_address=1, body=BODY)
    for at in range(len(telegram)):
        broken = telegram[:at] + bytes((telegram[at] ^ 0x40,)) + telegram[at + 1 :]
        assert _outcome(broken) in (Outcome.BAD_CHECKSUM, Outcome.BAD_LENGTH)


def test_bytes_after_the_stop_byte_are_left_out_with_a_warning() -> None:
    """A converter that adds bytes does not spoil the frame, and the reader is told."""
    telegram = mbus.build_long_frame(c_field=0x08, primary_address=1, body=BODY)
    frame = mbus.parse_long_frame(telegram + b"\x00\x00")
    assert frame.data == telegram
    assert "2 bytes after the stop byte" in frame.warnings[0]


@pytest.mark.parametrize(
    ("telegram", "outcome"),
    [
        ("", Outcome.EMPTY),
        ("E5", Outcome.NO_DATA),
        ("105B015C16", Outcome.NO_DATA),
        ("105B015D16", Outcome.BAD_CHECKSUM),
        ("6803036808017281", Outcome.TOO_SHORT),
        ("68020268080109160000", Outcome.BAD_LENGTH),
        ("680A0A68080172811600", Outcome.BAD_LENGTH),
        ("1234", Outcome.BAD_LENGTH),
    ],
)
def test_other_frames_end_in_their_own_outcome(telegram: str, outcome: Outcome) -> None:
    """Acknowledges and short frames carry no data; broken frames say how they are broken."""
    assert _outcome(bytes.fromhex(telegram)) is outcome


def test_a_body_too_long_for_the_length_byte_is_refused() -> None:
    """A long frame holds 255 bytes from the control field to the checksum."""
    with pytest.raises(TelegramError) as caught:
        mbus.build_long_frame(c_field=8, primary_address=1, body=bytes(254))
    assert caught.value.outcome is Outcome.TOO_LONG


@given(st.binary(max_size=300))
def test_noise_raises_nothing_but_a_telegram_error(noise: bytes) -> None:
    """Whatever bytes come, parsing ends in a frame or in an outcome."""
    for telegram in (noise, b"\x68" + noise, b"\x10" + noise):
        mbus.is_wired(telegram)
        try:
            mbus.parse_long_frame(telegram)
        except TelegramError as error:
            assert error.detail
