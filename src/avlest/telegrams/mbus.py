# SPDX-License-Identifier: Apache-2.0
"""Wired M-Bus frames: 68 L L 68 C A CI … CS 16 and their short relatives (EN 13757-2, 5.6)."""

from __future__ import annotations

from dataclasses import dataclass

from avlest.telegrams.outcomes import Outcome, TelegramError

START = 0x68
SHORT_START = 0x10
STOP = 0x16
ACKNOWLEDGE = 0xE5
OVERHEAD = 6  # 68 L L 68 … CS 16
SHORT_LENGTH = 5
SHORTEST = 3  # C, A and CI
HEADER = 4
CI_OFFSET = 6
TRAILER = 2
LONGEST = 255 + OVERHEAD


@dataclass(frozen=True, slots=True)
class WiredFrame:
    """A long (or control) frame; `data` is the whole of it, checksum and stop included."""

    c_field: int
    primary_address: int
    ci_offset: int
    data: bytes
    warnings: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        """The kind of frame, beside "A", "B" and "none" of the wireless ones."""
        return "wired"

    @property
    def end(self) -> int:
        """Where the application data end in `data`."""
        return len(self.data) - TRAILER


def is_wired(telegram: bytes) -> bool:
    """Whether a telegram is framed as on the wire (a long, short or acknowledge frame)."""
    if telegram[:1] == b"\x68":
        return len(telegram) > HEADER and telegram[3] == START and telegram[1] == telegram[2]
    if telegram[:1] == b"\x10":
        return len(telegram) == SHORT_LENGTH and telegram[4] == STOP
    return telegram == b"\xe5"


def parse_long_frame(telegram: bytes) -> WiredFrame:
    """A long frame with its checksum verified.

    Raises `TelegramError`: EMPTY, NO_DATA for acknowledge and short frames, TOO_SHORT,
    BAD_LENGTH, BAD_CHECKSUM.  Bytes after the stop byte are left out with a warning.
    """
    _reject_other_frames(telegram)
    length = telegram[1]
    if telegram[3] != START or telegram[2] != length or length < SHORTEST:
        raise TelegramError(Outcome.BAD_LENGTH, "68 L L 68 with two equal lengths of 3 at least expected", offset=1)
    if len(telegram) < length + OVERHEAD:
        raise TelegramError(
            Outcome.BAD_LENGTH,
            f"{length + OVERHEAD} bytes announced, {len(telegram)} are there",
            offset=1,
        )
    frame = telegram[: length + OVERHEAD]
    _verify(frame)
    excess = len(telegram) - len(frame)
    warnings = (f"{excess} bytes after the stop byte were left out",) if excess else ()
    return WiredFrame(frame[4], frame[5], CI_OFFSET, frame, warnings)


def _reject_other_frames(telegram: bytes) -> None:
    if not telegram:
        raise TelegramError(Outcome.EMPTY, "no bytes")
    if telegram[0] == ACKNOWLEDGE and len(telegram) == 1:
        raise TelegramError(Outcome.NO_DATA, "acknowledge (E5)")
    if telegram[0] == SHORT_START and len(telegram) == SHORT_LENGTH:
        if sum(telegram[1:3]) & 0xFF != telegram[3] or telegram[4] != STOP:
            raise TelegramError(Outcome.BAD_CHECKSUM, "the short frame's checksum is wrong")
        raise TelegramError(Outcome.NO_DATA, f"short frame, C-field {telegram[1]:02X}")
    if telegram[0] != START:
        raise TelegramError(Outcome.BAD_LENGTH, "no start byte 68, 10 or E5", offset=0)
    if len(telegram) < OVERHEAD + SHORTEST:
        raise TelegramError(Outcome.TOO_SHORT, "the telegram ends inside the wired frame")


def _verify(frame: bytes) -> None:
    expected = sum(frame[HEADER:-TRAILER]) & 0xFF
    if frame[-2] != expected:
        raise TelegramError(
            Outcome.BAD_CHECKSUM,
            f"checksum {frame[-2]:02X}, the bytes sum up to {expected:02X}",
            offset=len(frame) - 2,
        )
    if frame[-1] != STOP:
        raise TelegramError(Outcome.BAD_LENGTH, "no stop byte 16", offset=len(frame) - 1)


def build_long_frame(*, c_field: int, primary_address: int, body: bytes) -> bytes:
    """A long frame from its C- and A-field and everything from the CI field on."""
    content = bytes((c_field, primary_address)) + body
    length = len(content)
    if length > 255:
        raise TelegramError(Outcome.TOO_LONG, f"{len(body)} bytes from the CI field on: 253 at most")
    head = bytes((START, length, length, START))
    return head + content + bytes((sum(content) & 0xFF, STOP))
