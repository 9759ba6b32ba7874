# SPDX-License-Identifier: Apache-2.0
"""MQTT payloads of a HAN adapter: one frame, or several in the Tibber Pulse envelope.

The Pulse (firmware 1.2 on) batches frames in a protobuf message::

    1: varint   message type
    2: repeated  { 1: fixed64 milliseconds since start, 2: string kind ("HAN"),
                   3: bytes frame, 4: varint size before compression }
    3: varint   1 when the frames are compressed

When compressed, the frames of one message are consecutive pieces of one zlib stream,
each flushed to a byte boundary.  Debug text and JSON status come on the same topic.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from avlest.telegrams.outcomes import Outcome, TelegramError

MAX_INFLATED: Final = 64 * 1024
"""Most bytes that the frames of one envelope may have together."""
_TEXT: Final = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
_HEX: Final = frozenset(b"0123456789abcdefABCDEF \r\n\t")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the envelope: what kind it is, and its bytes."""

    kind: str
    data: bytes
    uptime_ms: int


def unwrap_payload(payload: bytes) -> tuple[bytes, ...]:
    """The HAN frames in an MQTT payload: raw, as hexadecimal text, or in the envelope.

    Raises `TelegramError`: EMPTY; NO_DATA for debug text, status JSON and envelopes
    without HAN messages; BAD_PAYLOAD for a broken envelope.
    """
    if not payload:
        raise TelegramError(Outcome.EMPTY, "the payload holds no bytes")
    if _TEXT.issuperset(payload):
        return (_read_text(payload),)
    if payload[0] != 0x08:  # field 1, varint: how the envelope starts
        return (payload,)
    frames = tuple(entry.data for entry in parse_envelope(payload) if entry.kind == "HAN")
    if not frames:
        raise TelegramError(Outcome.NO_DATA, "the envelope holds no HAN message")
    return frames


def _read_text(payload: bytes) -> bytes:
    if _HEX.issuperset(payload):
        digits = b"".join(payload.split())
        if digits and len(digits) % 2 == 0:
            return binascii.unhexlify(digits)
        raise TelegramError(Outcome.NOT_HEX, f"{len(digits)} hexadecimal digits, expected an even")
    start = payload[:40].decode("ascii")
    raise TelegramError(Outcome.NO_DATA, f"text, not a frame: {start!r}")


def parse_envelope(payload: bytes) -> tuple[Entry, ...]:
    """Entries of a Tibber Pulse envelope in order; BAD_PAYLOAD when it is none."""
    packed: list[bytes] = []
    compressed = False
    for field, value in _parse_fields(payload):
        if field == 2 and isinstance(value, bytes):
            packed.append(value)
        elif field == 3:
            compressed = value == 1
    entries = tuple(_parse_entry(piece) for piece in packed)
    return tuple(_inflate(entries)) if compressed else entries


def _parse_entry(piece: bytes) -> Entry:
    fields = dict(_parse_fields(piece))
    kind, data, uptime = fields.get(2, b""), fields.get(3, b""), fields.get(1, 0)
    if not isinstance(kind, bytes) or not isinstance(data, bytes) or not isinstance(uptime, int):
        raise _broken("an entry's fields 1, 2 and 3 are not number, text and bytes", 0)
    return Entry(kind.decode("latin-1"), data, uptime)


def _inflate(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    stream = zlib.decompressobj()
    room = MAX_INFLATED
    for entry in entries:
        try:
            data = stream.decompress(entry.data, room)
        except zlib.error as error:
            raise _broken(f"the compressed frames cannot be read ({error})", 0) from None
        room -= len(data)
        if room <= 0 or stream.unconsumed_tail:
            raise _broken(f"the frames are more than {MAX_INFLATED} bytes", 0)
        yield Entry(entry.kind, data, entry.uptime_ms)


def _parse_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Protobuf fields of one message: number and value (integer or bytes)."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            number, at = _read_varint(data, at)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            size, at = _read_varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise _broken(f"wire type {wire}", at)
        if at + size > len(data):
            raise _broken(f"a field of {size} bytes runs over the end", at)
        raw = data[at : at + size]
        yield key >> 3, raw if wire == _BYTES else int.from_bytes(raw, "little")
        at += size


def _read_varint(data: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[offset : offset + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, offset + index + 1
    raise _broken("a number does not end", offset)


def _broken(detail: str, offset: int) -> TelegramError:
    return TelegramError(Outcome.BAD_PAYLOAD, f"not a readable adapter envelope: {detail}", offset=offset)
