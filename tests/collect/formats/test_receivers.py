# SPDX-License-Identifier: Apache-2.0
"""The framings of receivers: whole frames out of any pieces, noise costs no frame, memory is bounded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.formats.framing import LONGEST_LINE, Frame, LineReader
from avlest.collect.formats.model import Problem
from avlest.collect.formats.receivers import (
    Amb8465Reader,
    Im871aReader,
    Iu891aReader,
    derive_amb8465_rssi,
    derive_im871a_rssi,
    stuff_slip,
    unstuff_slip,
)
from avlest.collect.mbus_frames import measure_answer
from avlest.telegrams.han.hdlc import compute_crc
from tests.collect.sources.support import make_long_frame, make_telegram
from tests.collect.sources.test_streams import frame_amb8465, frame_im871a, frame_iu891a

READERS: dict[str, Any] = {
    "im871a": (Im871aReader, frame_im871a, 270),
    "amb8465": (Amb8465Reader, frame_amb8465, 262),
    "iu891a": (Iu891aReader, frame_iu891a, 1024),
    "lines": (LineReader, lambda telegram: telegram.hex().encode() + b"\n", LONGEST_LINE),
}
TELEGRAMS = [make_telegram(n) for n in (192, 219, 255, 165)]


def feed(reader: Any, data: bytes, sizes: list[int]) -> list[Frame | Problem]:
    found, at = [], 0
    for size in [*sizes, len(data)]:
        found += reader.feed(data[at : at + size])
        at += size
    return found


def telegrams(found: list[Frame | Problem]) -> list[bytes]:
    return [one.payload for one in found if isinstance(one, Frame)]


@pytest.mark.parametrize("name", READERS)
@given(sizes=st.lists(st.integers(1, 40), max_size=20))
def test_the_pieces_do_not_matter(name: str, sizes: list[int]) -> None:
    """However the bytes are cut, the same telegrams come out."""
    make, frame, _ = READERS[name]
    found = feed(make(), b"".join(map(frame, TELEGRAMS)), sizes)
    wanted = [t.hex().encode() for t in TELEGRAMS] if name == "lines" else TELEGRAMS
    assert telegrams(found) == wanted
    assert not [one for one in found if isinstance(one, Problem)]


@pytest.mark.parametrize("name", READERS)
@given(noise=st.binary(max_size=3000))
def test_noise_holds_little_and_raises_nothing(name: str, noise: bytes) -> None:
    """Any bytes at all: nothing is raised, and no more than one frame is held."""
    make, _, most = READERS[name]
    reader = make()
    feed(reader, noise, [100] * 30)
    assert reader.held_bytes <= most


@pytest.mark.parametrize("name", ["im871a", "iu891a"])
@given(noise=st.binary(max_size=60).filter(lambda data: not set(data) & {0xA5, 0xC0}))
def test_noise_between_frames_is_told_and_costs_none(name: str, noise: bytes) -> None:
    """What lies between two frames does not take the second one with it."""
    make, frame, _ = READERS[name]
    found = feed(make(), frame(TELEGRAMS[0]) + noise + frame(TELEGRAMS[1]), [])
    assert telegrams(found) == TELEGRAMS[:2]
    assert len(found) == 2 + bool(noise)


@pytest.mark.parametrize("name", ["im871a", "amb8465", "iu891a"])
@given(at=st.integers(0, 200), flip=st.integers(1, 255))
def test_a_frame_with_a_wrong_check_is_not_taken_in(name: str, at: int, flip: int) -> None:
    """A byte turned over in a frame: that telegram is never handed on changed."""
    make, frame, _ = READERS[name]
    data = bytearray(frame(TELEGRAMS[0]))
    data[at % len(data)] ^= flip
    found = telegrams(feed(make(), bytes(data) + frame(TELEGRAMS[1]) * 20, []))
    assert set(found) <= {TELEGRAMS[0], TELEGRAMS[1]} or name == "amb8465"
    assert found.count(TELEGRAMS[1]) >= 10


def test_answers_to_commands_are_no_telegrams() -> None:
    """The stick confirms its set-up; nothing of that goes on."""
    assert Im871aReader().feed(bytes.fromhex("A5010400") + bytes.fromhex("A5811000") + b"\x00\x00") == []
    confirmed = b"\x09\x04\x00"
    assert Iu891aReader().feed(stuff_slip(confirmed + compute_crc(confirmed).to_bytes(2, "little"))) == []
    assert Amb8465Reader().feed(bytes.fromhex("FF84010072"[:8]) + bytes((0xFF ^ 0x84 ^ 0x01,))) == []


def test_bare_telegrams_of_the_amb8465_are_read() -> None:
    """Transparent mode: the telegram as it is, with or without a byte of strength behind it."""
    with_strength = Amb8465Reader().feed(b"".join(t + b"\x80" for t in TELEGRAMS))
    assert with_strength == [Frame(telegram, -138.0) for telegram in TELEGRAMS]
    assert Amb8465Reader(with_rssi=False).feed(b"".join(TELEGRAMS)) == [Frame(t) for t in TELEGRAMS]


@pytest.mark.parametrize(("strength", "dbm"), [(45, -100.0), (205, -20.0), (255, 0.0)])
def test_the_strength_of_the_im871a(strength: int, dbm: float) -> None:
    """Two points of the data sheet's line, and never above 0 dBm."""
    assert derive_im871a_rssi(strength) == dbm


@pytest.mark.parametrize(("strength", "dbm"), [(0, -74.0), (128, -138.0), (255, -74.5), (40, -54.0)])
def test_the_strength_of_the_amb8465(strength: int, dbm: float) -> None:
    """Half decibels in two's complement, 74 below."""
    assert derive_amb8465_rssi(strength) == dbm


@given(st.binary(max_size=300))
def test_slip_comes_back(content: bytes) -> None:
    """Stuffed and unstuffed is the same, and no end mark is left inside."""
    stuffed = stuff_slip(content)
    assert stuffed[0] == stuffed[-1] == 0xC0
    assert 0xC0 not in stuffed[1:-1]
    assert unstuff_slip(stuffed[1:-1]) == content


def test_a_line_without_end_is_given_up() -> None:
    """A sender that never ends its line is told of; the next line is read."""
    reader = LineReader()
    found = reader.feed(b"4" * (LONGEST_LINE + 1))
    assert [type(one) for one in found] == [Problem]
    assert reader.feed(b"4" * 1000) == []
    assert telegrams(reader.feed(b"4\nABCD\n")) == [b"ABCD"]


@given(st.binary(max_size=300))
def test_an_answer_on_the_bus_is_measured_or_refused(data: bytes) -> None:
    """Any bytes: a size within them, 0, or more to wait for."""
    size = measure_answer(data)
    assert size is None or 0 <= size <= len(data)


@given(st.integers(1, 10**8 - 1), st.integers(1, 200))
def test_a_cut_frame_is_waited_for(number: int, missing: int) -> None:
    """A long frame is whole when its last byte is there, not before."""
    frame = make_long_frame(number)
    assert measure_answer(frame) == len(frame)
    assert measure_answer(frame[: -min(missing, len(frame) - 1)]) is None
