# SPDX-License-Identifier: Apache-2.0
"""The serial framings of wM-Bus receivers: IMST iM871A and iU891A, Amber (Würth) AMB8465.  Pure.

A reader looks for the start of a frame, reads its length, checks it, and goes on one byte
further when it is none: noise costs bytes, never a frame that follows it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import reduce
from operator import xor
from typing import Final

from avlest.collect.formats.framing import DelimitedReader, Frame
from avlest.collect.formats.model import Problem
from avlest.telegrams.han.hdlc import compute_crc, is_intact

_IM871A_START: Final = 0xA5
_RADIO_LINK: Final = 0x02
_DEVICE: Final = 0x01
_ENDPOINTS: Final = (1, 2, 3, 4)
_TELEGRAM_HEARD: Final = 0x03
_AMBER_START: Final = 0xFF
_AMBER_DATA: Final = 0x03
_SLIP_END, _SLIP_ESCAPE, _SLIP_END_CODE, _SLIP_ESCAPE_CODE = 0xC0, 0xDB, 0xDC, 0xDD
_IU891A_GATEWAY: Final = 0x09
_IU891A_HEARD: Final = 0x20
_IU891A_HEAD: Final = 10  # endpoint, message, time (4), two of status, link mode, strength
_LONGEST_SLIP: Final = 1024
_SHORTEST_TELEGRAM: Final = 11


class _Scanner(ABC):
    """The search for frames in a buffer; a subclass measures and reads one frame."""

    __slots__ = ("_buffer", "_lost")

    def __init__(self) -> None:
        self._buffer = b""
        self._lost = 0

    @property
    def held_bytes(self) -> int:
        """Bytes of the frame that is not complete."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Frame | Problem]:
        """Take the next bytes; return the telegrams they complete."""
        data = self._buffer + chunk
        found: list[Frame | Problem] = []
        at = 0
        while at < len(data):
            size = self._measure(data, at)
            if size is None:
                break
            if size == 0:
                self._lost += 1
                at += 1
                continue
            self._report_lost(found)
            frame = self._read(data[at : at + size])
            if frame is not None:
                found.append(frame)
            at += size
        self._buffer = data[at:]
        return found

    def _report_lost(self, found: list[Frame | Problem]) -> None:
        if self._lost:
            found.append(Problem(f"{self._lost} bytes between frames belong to none"))
            self._lost = 0

    @abstractmethod
    def _measure(self, data: bytes, at: int) -> int | None:
        """Bytes of the intact frame at `at`; 0 when there is none, None to wait for more."""

    @abstractmethod
    def _read(self, frame: bytes) -> Frame | Problem | None:
        """The telegram of a frame; None where it is an answer to a command."""


class Im871aReader(_Scanner):
    """iM871A and iM170A: `A5 | flags, endpoint | message | length | payload [time 4] [strength 1] [CRC 2]`."""

    __slots__ = ()

    def _measure(self, data: bytes, at: int) -> int | None:
        head = data[at : at + 4]
        if head[0] != _IM871A_START or (len(head) > 1 and (head[1] & 0x10 or head[1] & 0x0F not in _ENDPOINTS)):
            return 0
        if len(head) < 4:
            return None
        size = 4 + head[3] + _trailer(head[1])
        if len(data) < at + size:
            return None
        frame = data[at : at + size]
        return size if not head[1] & 0x80 or is_intact(frame[1:]) else 0

    def _read(self, frame: bytes) -> Frame | None:
        flags, message, length = frame[1:4]
        if flags & 0x0F != _RADIO_LINK or message != _TELEGRAM_HEARD or not length:
            return None
        strength = frame[4 + length + 4 * bool(flags & 0x20)] if flags & 0x40 else None
        rssi = None if strength is None else derive_im871a_rssi(strength)
        # The payload begins with the C-field; the length is the L-field.
        return Frame(frame[3 : 4 + length], rssi)


def _trailer(flags: int) -> int:
    """Bytes behind the payload: time, strength and CRC where the flags say so."""
    return 4 * bool(flags & 0x20) + bool(flags & 0x40) + 2 * bool(flags & 0x80)


def derive_im871a_rssi(strength: int) -> float:
    """The strength in dBm, about: the module's data sheet draws 45 as -100 dBm and 205 as -20 dBm."""
    return min(0.0, -100 + (strength - 45) / 2)


def build_im871a_command(message: int, payload: bytes = b"") -> bytes:
    """A command to the module's device management."""
    return bytes((_IM871A_START, _DEVICE, message, len(payload))) + payload


IM871A_LINK_MODES: Final = {"s1": 0, "s1m": 1, "t1": 3, "c1": 6, "ct": 10}


def build_im871a_setup(mode: str) -> bytes:
    """Listen in a link mode ("ct", "c1", "t1", "s1"), until switched off; attach the signal strength."""
    # Not kept in flash; first group: link mode; second group: strength on, time stamp off.
    return build_im871a_command(0x03, bytes((0, 0x02, IM871A_LINK_MODES[mode], 0x30, 1, 0)))


class Amb8465Reader(_Scanner):
    """AMB8465: `FF | command | length | payload | XOR` in command mode; else bare telegrams.

    `with_rssi`: the module appends a byte of signal strength, counted in the length of
    command mode.  Bare telegrams have no check: one is taken where a plausible C-field
    follows the length and the next frame (or nothing) follows it.
    """

    __slots__ = ("_with_rssi",)

    def __init__(self, *, with_rssi: bool = True) -> None:
        super().__init__()
        self._with_rssi = with_rssi

    def _measure(self, data: bytes, at: int) -> int | None:
        if data[at] == _AMBER_START:
            return self._measure_command(data, at)
        if data[at] + 1 < _SHORTEST_TELEGRAM:
            return 0
        if len(data) < at + 2:
            return None
        if data[at + 1] not in (0x44, 0x46, 0x08, 0x06):
            return 0
        size = data[at] + 1 + self._with_rssi
        return size if len(data) >= at + size else None

    def _measure_command(self, data: bytes, at: int) -> int | None:
        if len(data) < at + 3:
            return None
        size = data[at + 2] + 4
        if len(data) < at + size:
            return None
        return size if reduce(xor, data[at : at + size]) == 0 else 0

    def _read(self, frame: bytes) -> Frame | Problem | None:
        if frame[0] != _AMBER_START:
            telegram, strength = self._split(frame)
            return Frame(telegram, strength)
        if frame[1] & 0x7F != _AMBER_DATA:
            return None
        content, strength = self._split(frame[3:-1])
        if len(content) + 1 < _SHORTEST_TELEGRAM:
            return Problem(f"a telegram of {len(content) + 1} bytes, expected at least {_SHORTEST_TELEGRAM}")
        return Frame(bytes((len(content),)) + content, strength)

    def _split(self, content: bytes) -> tuple[bytes, float | None]:
        if not self._with_rssi:
            return content, None
        return content[:-1], derive_amb8465_rssi(content[-1])


def derive_amb8465_rssi(strength: int) -> float:
    """The strength in dBm, by the formula of the module's radio chip."""
    return (strength - 256 if strength >= 128 else strength) / 2 - 74


AMB8465_LINK_MODES: Final = {"s1": 0x03, "t1": 0x08, "c1": 0x0E, "ct": 0x09}


def build_amb8465_setup(mode: str) -> bytes:
    """Listen in a link mode ("ct", "c1", "t1", "s1"), until switched off."""
    command = bytes((_AMBER_START, 0x04, 1, AMB8465_LINK_MODES[mode]))
    return command + bytes((reduce(xor, command),))


class Iu891aReader(DelimitedReader):
    """iU891A: SLIP frames `endpoint | message | payload | CRC 2`; a heard telegram has a time stamp before it."""

    __slots__ = ()

    piece_name = "frame"
    longest = _LONGEST_SLIP

    def _split(self, data: bytes) -> list[bytes]:
        return data.split(bytes((_SLIP_END,)))

    def _read(self, piece: bytes) -> Frame | Problem | None:
        return _read_iu891a(piece) if piece else None


def _read_iu891a(packet: bytes) -> Frame | Problem | None:
    content = unstuff_slip(packet)
    if content is None or len(content) < 4 or not is_intact(content):
        return Problem(f"a frame of {len(packet)} bytes fails its check")
    if content[0] != _IU891A_GATEWAY or content[1] != _IU891A_HEARD:
        return None
    if len(content) < _IU891A_HEAD + 2 + _SHORTEST_TELEGRAM:
        return Problem(f"a telegram of {len(content) - _IU891A_HEAD - 2} bytes, expected {_SHORTEST_TELEGRAM}")
    strength = content[9]
    return Frame(content[_IU891A_HEAD:-2], float(strength - 256 if strength >= 128 else strength))


def unstuff_slip(packet: bytes) -> bytes | None:
    """The bytes of a SLIP packet (RFC 1055); None where an escape stands for nothing."""
    parts = packet.split(bytes((_SLIP_ESCAPE,)))
    codes = {_SLIP_END_CODE: _SLIP_END, _SLIP_ESCAPE_CODE: _SLIP_ESCAPE}
    if any(not part or part[0] not in codes for part in parts[1:]):
        return None
    return parts[0] + b"".join(bytes((codes[part[0]],)) + part[1:] for part in parts[1:])


def stuff_slip(content: bytes) -> bytes:
    """A SLIP packet with an end mark on both sides (RFC 1055)."""
    stuffed = content.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + stuffed + b"\xc0"


def build_iu891a_command(message: int, payload: bytes = b"") -> bytes:
    """A command to the module's wM-Bus gateway, ready to send."""
    content = bytes((_IU891A_GATEWAY, message)) + payload
    return stuff_slip(content + compute_crc(content).to_bytes(2, "little"))


IU891A_LINK_MODES: Final = {"s1": 1, "t1": 2, "ct": 3, "c1": 5}


def build_iu891a_setup(mode: str) -> bytes:
    """Listen in a link mode ("ct", "c1", "t1", "s1") and hand on every telegram; wakes the module first."""
    # Options: no filter, tell what is heard; no pins, no flashing, no recalibration.
    settings = bytes((IU891A_LINK_MODES[mode],)) + (0x0002).to_bytes(2, "little") + bytes(8)
    return bytes((_SLIP_END,)) * 30 + build_iu891a_command(0x03, settings)
