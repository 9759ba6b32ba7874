# SPDX-License-Identifier: Apache-2.0
"""HDLC frames as a meter's HAN port sends them (IEC 62056-46, frame format type 3).

``7E | format 2 | destination 1-4 | source 1-4 | control 1 | HCS 2 | information | FCS 2 | 7E``

The bytes are not stuffed: 7E and 7D occur as data, so only the length in the format
field says where a frame ends.  HCS and FCS are CRC-16/X-25, low byte first.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Final

from avlest.telegrams.outcomes import Outcome, TelegramError

FLAG: Final = 0x7E
MAX_FRAME: Final = 0x7FF + 2
"""Longest frame with both flags: the length field has eleven bits."""
MIN_LENGTH: Final = 7
"""Format, two one-byte addresses, control and FCS: the shortest frame between flags."""

_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_RESIDUE: Final = 0x1D0F
"""What the unreflected CRC leaves after data and its own complemented check bytes."""


def compute_crc(data: bytes) -> int:
    """CRC-16/X-25 of `data` (IEC 62056-46; check value of "123456789" is 906E).

    X-25 is the CCITT polynomial with every byte and the result bit-mirrored and the
    result inverted, so the C routine for the unmirrored one does the work.
    """
    mirrored = binascii.crc_hqx(data.translate(_MIRRORED), 0xFFFF)
    return (_MIRRORED[mirrored & 0xFF] << 8 | _MIRRORED[mirrored >> 8]) ^ 0xFFFF


def is_intact(data: bytes) -> bool:
    """Whether `data`, its last two bytes being the check sequence, passes the CRC."""
    return binascii.crc_hqx(data.translate(_MIRRORED), 0xFFFF) == _RESIDUE


@dataclass(frozen=True, slots=True)
class HdlcFrame:
    """One frame: addresses and information as sent, `segmented` when more frames follow."""

    destination: bytes
    source: bytes
    control: int
    segmented: bool
    information: bytes
    information_offset: int
    end: int


def parse_frame(data: bytes, *, start: int = 0) -> HdlcFrame:
    """Read the frame whose opening flag is `data[start]`; `end` is behind the closing flag.

    Raises `TelegramError`: UNKNOWN_CI when no frame of format type 3 starts there,
    TOO_SHORT when the bytes end before the frame does, BAD_LENGTH when no flag stands
    where the length puts one, LINK_CRC when HCS or FCS is wrong.
    """
    length = parse_length(data, start=start)
    close = start + 1 + length
    if len(data) <= close:
        raise TelegramError(
            Outcome.TOO_SHORT,
            f"the frame says {length + 2} bytes, {len(data) - start} are there",
            offset=len(data),
        )
    if data[close] != FLAG:
        raise TelegramError(Outcome.BAD_LENGTH, f"no closing flag 7E {length} bytes after the first", offset=close)
    body = data[start + 1 : close]
    if not is_intact(body):
        raise TelegramError(Outcome.LINK_CRC, "the frame check sequence is wrong", offset=close - 2)
    return _split_body(body, start)


def parse_length(data: bytes, *, start: int = 0) -> int:
    """Bytes between the flags by the format field after the flag at `start`."""
    if len(data) < start + 3:
        raise TelegramError(Outcome.TOO_SHORT, "the frame ends inside its format field", offset=len(data))
    if data[start] != FLAG or data[start + 1] & 0xF0 != 0xA0:
        found = data[start : start + 2].hex(" ").upper()
        raise TelegramError(Outcome.UNKNOWN_CI, f"no HDLC frame starts with {found}, expected 7E Ax", offset=start)
    length = (data[start + 1] & 0x07) << 8 | data[start + 2]
    if length < MIN_LENGTH:
        raise TelegramError(
            Outcome.BAD_LENGTH,
            f"a frame has at least {MIN_LENGTH} bytes, this one says {length}",
            offset=start + 1,
        )
    return length


def measure_header(body: bytes) -> int | None:
    """Bytes of format, addresses and control in `body`; None where it ends before.

    Raises `TelegramError` BAD_LENGTH for an address that does not end within four bytes.
    """
    source = _end_address(body, 2)
    if source is None:
        return None
    control = _end_address(body, source)
    if control is None or control >= len(body):
        return None
    return control + 1


def _end_address(body: bytes, start: int) -> int | None:
    """Offset behind the address at `start`: its last byte has the low bit set."""
    for end in range(start, min(start + 4, len(body))):
        if body[end] & 1:
            return end + 1
    if len(body) >= start + 4:
        raise TelegramError(Outcome.BAD_LENGTH, "an HDLC address does not end within four bytes", offset=start + 1)
    return None


def _split_body(body: bytes, start: int) -> HdlcFrame:
    header = measure_header(body[:-2])
    if header is None:
        raise TelegramError(Outcome.TOO_SHORT, "the frame ends inside its addresses", offset=start + len(body))
    source = _end_address(body, 2) or 0
    information = b""
    if len(body) > header + 2:
        if not is_intact(body[: header + 2]):
            raise TelegramError(Outcome.LINK_CRC, "the header check sequence is wrong", offset=start + 1 + header)
        information = body[header + 2 : -2]
    return HdlcFrame(
        destination=body[2:source],
        source=body[source : header - 1],
        control=body[header - 1],
        segmented=bool(body[0] & 0x08),
        information=information,
        information_offset=start + 1 + header + 2,
        end=start + len(body) + 2,
    )


def carries_information(frame: HdlcFrame) -> bool:
    """Whether the control field is an information (I) or unnumbered information (UI) frame."""
    return frame.control & 1 == 0 or frame.control & 0xEF == 0x03


def join_segments(data: bytes) -> bytes:
    """Information of the frames in `data`, back to back, the last without segment bit.

    Two frames may share the flag between them.  Raises what `parse_frame` raises,
    NO_DATA for a frame without information and FRAGMENT_MISSING when the last frame
    says that another follows.
    """
    pieces: list[bytes] = []
    at = 0
    while True:
        frame = parse_frame(data, start=at)
        if not carries_information(frame) or not frame.information:
            raise TelegramError(Outcome.NO_DATA, f"HDLC control {frame.control:02X} carries no information")
        pieces.append(frame.information)
        if not frame.segmented:
            return b"".join(pieces)
        at = _next_start(data, frame)


def _next_start(data: bytes, frame: HdlcFrame) -> int:
    if data[frame.end : frame.end + 1] == b"\x7e":
        return frame.end
    if len(data) > frame.end:
        return frame.end - 1
    raise TelegramError(Outcome.FRAGMENT_MISSING, "the frame says that another segment follows", offset=frame.end)
