# SPDX-License-Identifier: Apache-2.0
"""Cutting the byte stream of a HAN port into messages.  Bytes in, messages out; no I/O.

A candidate starts at a flag (7E, HDLC) or a long-frame start (68, M-Bus).  Its length
field says where it ends and its checks say whether it is one.  The HDLC header has a
check of its own, so a false start is given up after a dozen bytes; then the search goes
on one byte further.  Never more than one frame and one message are held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from avlest.telegrams.han import hdlc, mbus
from avlest.telegrams.outcomes import Outcome, TelegramError

MAX_MESSAGE: Final = 16 * 1024
"""Most bytes the segments of one message may have; what is longer is given out as it is."""
_LLC_START: Final = b"\xe6"


@dataclass(slots=True)
class StreamStats:
    """What a reader has seen: whole messages and frames, broken frames, bytes of no frame."""

    messages: int = 0
    frames: int = 0
    broken_frames: int = 0
    dropped_bytes: int = 0


class HanStreamReader:
    """Finds HAN messages in a byte stream, whatever the pieces it arrives in.

    `feed` returns each complete message as the bytes of its frames, ready for
    `decode_han`: one frame, or all segments back to back.  A message whose last segment
    never came is given out when the next begins (it decodes to FRAGMENT_MISSING).
    """

    __slots__ = ("_buffer", "_pending", "stats")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._pending = bytearray()
        self.stats = StreamStats()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes of the stream; return the messages that they complete."""
        messages: list[bytes] = []
        for start in range(0, len(chunk), hdlc.MAX_FRAME):
            self._buffer += chunk[start : start + hdlc.MAX_FRAME]
            self._scan(messages)
        self.stats.messages += len(messages)
        return messages

    @property
    def held_bytes(self) -> int:
        """Bytes kept for later: an unfinished frame and the segments before it."""
        return len(self._buffer) + len(self._pending)

    def _scan(self, messages: list[bytes]) -> None:
        data = bytes(self._buffer)
        at = 0
        while at < len(data):
            length = self._measure(data, at)
            if length is None:
                break
            if length == 0:
                self._drop(data[at])
                at += 1
                continue
            self._accept(data[at : at + length], messages)
            at += length
            if data[at - 1] == hdlc.FLAG:
                at -= 1  # the closing flag may be the next opening flag
        del self._buffer[:at]

    def _drop(self, byte: int) -> None:
        if byte != hdlc.FLAG:  # flags between frames are filling
            self.stats.dropped_bytes += 1

    def _measure(self, data: bytes, at: int) -> int | None:
        """Bytes of the intact frame at `at`; 0 when there is none, None to wait for more."""
        if data[at] == hdlc.FLAG:
            return self._measure_hdlc(data, at)
        if data[at] == mbus.START:
            return self._measure_mbus(data, at)
        return 0

    def _measure_hdlc(self, data: bytes, at: int) -> int | None:
        if not _may_be_header(data[at : at + 16]):
            return 0
        try:
            return hdlc.parse_frame(data, start=at).end - at
        except TelegramError as error:
            if error.outcome is Outcome.TOO_SHORT and _waits(error, data):
                return None
            self.stats.broken_frames += error.outcome is not Outcome.UNKNOWN_CI
            return 0

    def _measure_mbus(self, data: bytes, at: int) -> int | None:
        head = data[at : at + 4]
        if not _may_be_long_frame(head):
            return 0
        try:
            return mbus.parse_segment(data, start=at).end - at
        except TelegramError as error:
            if error.outcome is Outcome.TOO_SHORT:
                return None
            self.stats.broken_frames += 1
            return 0

    def _accept(self, frame: bytes, messages: list[bytes]) -> None:
        self.stats.frames += 1
        begins, ends = _place(frame)
        if self._pending and (begins or len(self._pending) + len(frame) > MAX_MESSAGE):
            messages.append(bytes(self._pending))
            self._pending.clear()
        if ends:
            messages.append(bytes(self._pending) + frame)
            self._pending.clear()
        else:
            self._pending += frame


def _waits(error: TelegramError, data: bytes) -> bool:
    """Whether TOO_SHORT means that the stream has not brought the whole frame yet."""
    return error.offset == len(data)


def _may_be_header(head: bytes) -> bool:
    """Whether `7E …` can still become a frame: format, length, header check as far as there."""
    if len(head) > 1 and head[1] & 0xF0 != 0xA0:
        return False
    if len(head) < 3:
        return True
    try:
        length = hdlc.parse_length(head)
        size = hdlc.measure_header(head[1:])
    except TelegramError:
        return False
    if size is None or len(head) < size + 3 or length <= size + 2:
        return True
    return hdlc.is_intact(head[1 : size + 3])


def _may_be_long_frame(head: bytes) -> bool:
    if len(head) < 4:
        return head[1:2] == head[2:3] or len(head) < 3
    return head[1] == head[2] and head[1] >= 4 and head[3] == mbus.START


def _place(frame: bytes) -> tuple[bool, bool]:
    """Whether the intact `frame` begins a message, and whether it ends one."""
    if frame[0] == hdlc.FLAG:
        parsed = hdlc.parse_frame(frame)
        return parsed.information.startswith(_LLC_START), not parsed.segmented
    segment = mbus.parse_segment(frame)
    return segment.number == 0, segment.is_last
