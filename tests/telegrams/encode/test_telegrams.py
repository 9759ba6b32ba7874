# SPDX-License-Identifier: Apache-2.0
"""Whole telegrams, in every frame and under every security mode, are read back by the stack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.encode.records import RecordSpec, encode_records
from avlest.telegrams.encode.telegrams import FrameKind, encode_fragments, encode_telegram
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.records.values import decode_number
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.afl import FragmentAssembler
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing
from avlest.telegrams.wmbus.frame import parse_frame
from avlest.telegrams.wmbus.stack import decode_stack

_KEY = bytes(range(16))
_LINK = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x07)
_INNER = Address(0x15A8, bytes.fromhex("21436587"), 0x02, 0x04)
_RECORDS = [RecordSpec(bytes.fromhex(f"{0x40 * n & 0x40 | 4:02x}13"), 1000 + n) for n in range(4)]


@pytest.mark.parametrize("frame", ["none", "A", "B"])
@pytest.mark.parametrize("mode", ["none", "mode5", "mode7", "ell-ctr"])
@given(counter=st.integers(0, 0xFFFFFFFF), access=st.integers(0, 255), value=st.integers(-(2**31), 2**31 - 1))
def test_every_mode_in_every_frame_comes_back(
    mode: Mode, frame: FrameKind, counter: int, access: int, value: int
) -> None:
    """The stack deciphers what was sealed, whatever counter and access number."""
    envelope = Envelope(_LINK, access_number=access)
    sealing = Sealing(mode, _KEY, counter=counter, session_number=counter)
    sent = [RecordSpec(b"\x04\x13", value), *_RECORDS]
    telegram = encode_telegram(sent, envelope, sealing=sealing, frame=frame)
    stack = decode_stack(telegram, keys=[_KEY])
    assert stack.address == _LINK
    assert stack.state == ("plain" if mode == "none" else "decrypted")
    records = parse_records(stack.payload).records
    assert [decode_number(record) for record in records] == [spec.value for spec in sent]


@pytest.mark.parametrize("mode", ["none", "mode5"])
def test_wired_long_frames_carry_the_same_records(mode: Mode) -> None:
    """On the wire the meter is known by the long header alone."""
    envelope = Envelope(_LINK, ci=0x72, header=_INNER, access_number=9, status=4)
    telegram = encode_telegram(_RECORDS, envelope, sealing=Sealing(mode, _KEY), frame="wired", primary_address=17)
    assert telegram[0] == 0x68
    assert telegram[5] == 17
    stack = decode_stack(telegram, keys=[_KEY])
    assert (stack.address, stack.status, stack.access_number) == (_INNER, 4, 9)
    assert [decode_number(record) for record in parse_records(stack.payload).records] == [1000, 1001, 1002, 1003]


@pytest.mark.parametrize("count", [2, 3])
def test_a_message_in_fragments_is_put_together(count: int) -> None:
    """The last fragment completes the message; before it nothing can be read."""
    sealing = Sealing("mode7", _KEY, counter=77)
    telegrams = encode_fragments(encode_records(_RECORDS), Envelope(_LINK), sealing=sealing, count=count)
    assert len(telegrams) == count
    fragments = FragmentAssembler()
    for telegram in telegrams[:-1]:
        with pytest.raises(ValueError, match="fragment"):
            decode_stack(telegram, keys=[_KEY], fragments=fragments)
    stack = decode_stack(telegrams[-1], keys=[_KEY], fragments=fragments)
    assert (stack.mac, stack.state) == ("verified", "decrypted")
    assert [decode_number(record) for record in parse_records(stack.payload).records] == [1000, 1001, 1002, 1003]


def test_too_few_fragments_are_refused() -> None:
    """A piece that does not fit one frame is a ValueError that says so."""
    with pytest.raises(ValueError, match="use more fragments"):
        encode_fragments(bytes(238), Envelope(_LINK), sealing=Sealing("mode7", _KEY), count=1)
    with pytest.raises(ValueError, match="15 blocks hold 238"):
        encode_fragments(bytes(239), Envelope(_LINK), sealing=Sealing("mode7", _KEY), count=4)


def test_frames_with_crcs_are_longer_by_them() -> None:
    """Format A has a CRC per block, format B one, and both are found and removed."""
    plain = encode_telegram(_RECORDS, Envelope(_LINK))
    first = encode_telegram(_RECORDS, Envelope(_LINK), frame="A")
    second = encode_telegram(_RECORDS, Envelope(_LINK), frame="B")
    blocks = 1 + -(-(len(plain) - 10) // 16)
    assert (len(first), len(second)) == (len(plain) + 2 * blocks, len(plain) + 2)
    assert parse_frame(first).data == parse_frame(second).data == plain
