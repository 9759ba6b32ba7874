# SPDX-License-Identifier: Apache-2.0
"""Cutting a byte stream (serial port, TCP) into frames: what every kind of reader has in common.  Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

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


class DelimitedReader(ABC):
    """Pieces of a byte stream that end with a mark; one that grows too long is left out and told."""

    __slots__ = ("_buffer", "_skipping")

    piece_name: ClassVar[str]
    longest: ClassVar[int]

    def __init__(self) -> None:
        self._buffer = b""
        self._skipping = False

    @property
    def held_bytes(self) -> int:
        """Bytes of the piece that has not ended."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Frame | Problem]:
        """Take the next bytes; return what the pieces they complete hold."""
        *pieces, rest = self._split(self._buffer + chunk)
        found: list[Frame | Problem] = []
        for piece in pieces:
            if self._skipping:
                self._skipping = False
                continue
            frame = self._read(piece)
            if frame is not None:
                found.append(frame)
        self._buffer = b"" if self._skipping else rest
        if len(self._buffer) > self.longest:
            self._skipping, self._buffer = True, b""
            found.append(Problem(f"a {self.piece_name} of more than {self.longest} bytes was left out"))
        return found

    @abstractmethod
    def _split(self, data: bytes) -> list[bytes]:
        """The pieces of `data`, the last one not ended."""

    @abstractmethod
    def _read(self, piece: bytes) -> Frame | Problem | None:
        """What one whole piece holds; None for nothing."""


class LineReader(DelimitedReader):
    """Lines of text; `\\r`, `\\n` and both end one, blank ones are left out."""

    __slots__ = ()

    piece_name = "line"
    longest = LONGEST_LINE

    def _split(self, data: bytes) -> list[bytes]:
        return data.replace(b"\r", b"\n").split(b"\n")

    def _read(self, piece: bytes) -> Frame | None:
        return Frame(piece) if piece.strip() else None

    def finish(self) -> list[Frame | Problem]:
        """Return what stands after the last line end: some senders end with none."""
        line, self._buffer = self._buffer, b""
        return [Frame(line)] if line.strip() else []
