# SPDX-License-Identifier: Apache-2.0
"""DLMS over wired M-Bus long frames (IEC 62056-7-3, EN 13757-1 transport layer).

``68 | L | L | 68 | C | A | CI | STSAP | DTSAP | data … | checksum | 16``

CI 00-1F is the transport layer: the low four bits number the segments, bit 4 marks the
last.  The data of all segments together are the APDU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from avlest.telegrams.outcomes import Outcome, TelegramError

START: Final = 0x68
STOP: Final = 0x16
OVERHEAD: Final = 6
MAX_FRAME: Final = 255 + OVERHEAD
LAST_SEGMENT: Final = 0x10
_SAP_BYTES: Final = 2
_BARE: Final = (0x0F, 0xE6)


@dataclass(frozen=True, slots=True)
class MbusSegment:
    """One long frame of the transport layer; `end` is behind its stop byte."""

    number: int
    is_last: bool
    data: bytes
    end: int


def parse_segment(data: bytes, *, start: int = 0) -> MbusSegment:
    """Read the long frame at `start`.

    Raises `TelegramError`: TOO_SHORT, BAD_LENGTH (the two lengths or the start and stop
    bytes disagree), BAD_CHECKSUM, UNKNOWN_CI (not the DLMS transport layer).
    """
    length = parse_length(data, start=start)
    end = start + length + OVERHEAD
    if len(data) < end:
        raise TelegramError(
            Outcome.TOO_SHORT,
            f"the frame says {length + OVERHEAD} bytes, {len(data) - start} are there",
            offset=len(data),
        )
    if data[end - 1] != STOP:
        raise TelegramError(Outcome.BAD_LENGTH, "no stop byte 16 ends the frame", offset=end - 1)
    body = data[start + 4 : end - 2]
    if sum(body) & 0xFF != data[end - 2]:
        raise TelegramError(Outcome.BAD_CHECKSUM, "the checksum is wrong", offset=end - 2)
    return _split_body(body, end)


def parse_length(data: bytes, *, start: int = 0) -> int:
    """Bytes from the C field up to the checksum, by the frame head at `start`."""
    head = data[start : start + 4]
    if len(head) < 4:
        raise TelegramError(Outcome.TOO_SHORT, "the frame ends inside its head 68 L L 68", offset=len(data))
    if head[0] != START or head[3] != START or head[1] != head[2] or head[1] < 4:
        raise TelegramError(Outcome.BAD_LENGTH, f"{head.hex(' ').upper()} is no frame head 68 L L 68", offset=start)
    return head[1]


def _split_body(body: bytes, end: int) -> MbusSegment:
    ci = body[2]
    if ci > 0x1F:
        raise TelegramError(Outcome.UNKNOWN_CI, f"CI {ci:02X} is not the DLMS transport layer (00 to 1F)")
    skip = 3 if body[3] in _BARE else 3 + _SAP_BYTES
    return MbusSegment(ci & 0x0F, bool(ci & LAST_SEGMENT), body[skip:], end)


def join_segments(data: bytes) -> bytes:
    """Data of the long frames in `data`, back to back, up to the one marked last.

    A single frame without the mark counts as whole (some adapters send CI 00 only).
    Raises what `parse_segment` raises, and FRAGMENT_MISSING.
    """
    first = parse_segment(data)
    pieces = [first.data]
    segment = first
    while not segment.is_last and segment.end < len(data):
        number = segment.number + 1 & 0x0F
        segment = parse_segment(data, start=segment.end)
        if segment.number != number:
            raise TelegramError(Outcome.FRAGMENT_MISSING, f"segment {segment.number} follows, expected {number}")
        pieces.append(segment.data)
    if not segment.is_last and len(pieces) > 1:
        raise TelegramError(Outcome.FRAGMENT_MISSING, "the last segment is not there")
    return b"".join(pieces)
