# SPDX-License-Identifier: Apache-2.0
"""The stream reader finds the same messages however the bytes arrive."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.encode.han import encode_apdu, encode_han, encode_mbus
from avlest.telegrams.han import HanStreamReader, Maker, decode_han, hdlc
from avlest.telegrams.han.stream import MAX_MESSAGE
from avlest.telegrams.outcomes import Outcome, TelegramError

from .samples import MAKERS, lists, make_list


def _read(stream: bytes, sizes: list[int] | None = None) -> list[bytes]:
    reader, found, at = HanStreamReader(), [], 0
    for size in sizes or []:
        found += reader.feed(stream[at : at + size])
        at += size
    return found + reader.feed(stream[at:])


@given(st.lists(lists, min_size=1, max_size=4), st.data())
def test_the_pieces_do_not_matter(wanted, data):
    stream = b"".join(encode_han(each) for each in wanted)
    sizes = data.draw(st.lists(st.integers(1, 300), max_size=20))
    assert [decode_han(message).values for message in _read(stream, sizes)] == [each.values for each in wanted]


@given(st.lists(st.one_of(st.binary(max_size=60), lists.map(encode_han)), max_size=6), st.data())
def test_garbage_between_frames_gives_the_same_messages_in_any_pieces(parts, data):
    stream = b"".join(parts)
    sizes = data.draw(st.lists(st.integers(1, 40), max_size=60))
    assert _read(stream, sizes) == _read(stream)


@pytest.mark.parametrize("maker", MAKERS)
def test_one_byte_at_a_time(maker):
    frame = encode_han(make_list(maker))
    assert _read(frame * 3, [1] * len(frame * 3)) == [frame] * 3


def test_frames_may_share_the_flag_between_them():
    frame = encode_han(make_list())
    assert _read(frame + frame[1:] + frame[1:]) == [frame] * 3


def test_a_frame_follows_garbage_that_looks_like_a_start():
    frame = encode_han(make_list())
    for garbage in (
        b"\x7e",
        b"\x7e\xa7",
        b"\x7e\xa7\xff",
        b"\x7e\xa7\xff\x41\x08\x83\x13\x00\x00",
        b"\x68\x10\x10",
        b"\x7e" * 9,
    ):
        assert _read(garbage + frame) == [frame], garbage.hex()


def test_a_broken_frame_is_counted_and_the_next_one_found():
    frame = encode_han(make_list())
    broken = frame[:60] + bytes((frame[60] ^ 0xFF,)) + frame[61:]
    reader = HanStreamReader()
    assert reader.feed(broken + frame) == [frame]
    assert (reader.stats.messages, reader.stats.frames, reader.stats.broken_frames) == (1, 1, 1)
    assert 0 < reader.stats.dropped_bytes <= len(broken)


def test_joining_in_the_middle_of_a_frame_loses_only_that_one():
    frame = encode_han(make_list())
    assert _read(frame[100:] + frame + frame) == [frame, frame]


def test_segments_come_out_as_one_message():
    wanted = make_list()
    segments = encode_han(wanted, segment_size=90)
    (message,) = _read(b"\x00" + segments, [7] * 50)
    assert message == segments
    assert decode_han(message) == wanted


def test_a_message_without_its_last_segment_is_given_out_when_the_next_begins():
    whole = encode_han(make_list(), segment_size=120)
    first = whole[: hdlc.parse_frame(whole).end]
    messages = _read(first + whole)
    assert messages == [first, whole]
    with pytest.raises(TelegramError) as caught:
        decode_han(messages[0])
    assert caught.value.outcome is Outcome.FRAGMENT_MISSING


def test_mbus_long_frames_are_found_too():
    wanted = make_list(Maker.KAMSTRUP)
    wrapped = encode_mbus(encode_apdu(wanted), segment_size=100)
    assert wrapped.count(b"\x68") > 2
    messages = _read(b"\xe5" + wrapped + wrapped, [11] * 60)
    assert messages == [wrapped, wrapped]
    assert decode_han(messages[0]) == wanted


@given(st.lists(st.binary(max_size=700), max_size=12))
def test_memory_is_bounded_whatever_comes(chunks):
    reader = HanStreamReader()
    for chunk in chunks:
        reader.feed(chunk)
        assert reader.held_bytes <= hdlc.MAX_FRAME + MAX_MESSAGE


def test_endless_segments_do_not_grow_the_memory():
    whole = encode_han(make_list(), segment_size=120)
    first = hdlc.parse_frame(whole).end
    second = whole[first : hdlc.parse_frame(whole, start=first).end]
    reader, given_out = HanStreamReader(), 0
    for _ in range(500):
        given_out += len(reader.feed(second))
        assert reader.held_bytes <= hdlc.MAX_FRAME + MAX_MESSAGE
    assert given_out > 0


def test_noise_full_of_starts_does_not_hide_the_frame_behind_it():
    noise = random.Random(7).choices((0x7E, 0xA7, 0xFF, 0x68, 0x01), k=40_000)
    frame = encode_han(make_list())
    reader = HanStreamReader()
    assert frame in reader.feed(bytes(noise) + b"\x00" * hdlc.MAX_FRAME + frame)
