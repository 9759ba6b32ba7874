# SPDX-License-Identifier: Apache-2.0
"""Cutting a byte stream (serial port, TCP) into frames: what every kind of reader has in common.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from avlest.collect.formats.model import Problem

LONGEST_LINE: Final = 16 * 1024
"""A line without end is given up here; the longest telegram has 600 digits."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stream; `rssi` in dBm where the receiver tells."""

    payload: bytes
    rssi: float | None = None


class FrameReader(Protocol):
    """Takes the bytes of a stream in whatever pieces they arrive, holds a bounded number of them."""

    def feed(self, chunk: bytes) -> list[Frame | Problem]:
        """Take the next bytes; return the frames they complete, and what was wrong between them."""
        ...

    @property
    def held_bytes(self) -> int:
        """Bytes kept for later."""
        ...


class LineReader:
    """Lines of text; `\\r`, `\\n` and both end one."""

    __slots__ = ("_buffer", "_skipping")

    def __init__(self) -> None:
        self._buffer = b""
        self._skipping = False

    @property
    def held_bytes(self) -> int:
        """Bytes of the line that has not ended."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Frame | Problem]:
        """Take the next bytes; return the lines they complete, blank ones left out."""
        *lines, rest = (self._buffer + chunk).replace(b"\r", b"\n").split(b"\n")
        found: list[Frame | Problem] = []
        for line in lines:
            if self._skipping:
                self._skipping = False
            elif line.strip():
                found.append(Frame(line))
        self._buffer = b"" if self._skipping else rest
        if len(rest) > LONGEST_LINE and not self._skipping:
            self._skipping, self._buffer = True, b""
            found.append(Problem(f"a line of more than {LONGEST_LINE} bytes was left out"))
        return found

    def finish(self) -> list[Frame | Problem]:
        """Return what stands after the last line end: some senders end with none."""
        line, self._buffer = self._buffer, b""
        return [Frame(line)] if line.strip() else []
