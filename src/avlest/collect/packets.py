# SPDX-License-Identifier: Apache-2.0
"""Messages packed into one blob and unpacked into columns.  Pure.

A packet is one row of the inbox however many messages it holds, so that a commit costs the same for one as for five
hundred.  Body: `AP1`, length of the header (4 bytes, least significant first), the header as JSON, the payloads back to
back.  The header has a member a column: a list, or a single value where all messages share it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from avlest.collect.heard import HAN, MBUS, WMBUS, Heard

MAGIC: Final = b"AP1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LENGTH: Final = "length"
COLUMNS: Final[dict[str, pl.DataType]] = {
    "received_at": pl.Int64(),
    "source": pl.String(),
    "road": pl.String(),
    "gateway": pl.String(),
    "address": pl.String(),
    "port": pl.Int64(),
    "counter": pl.Int64(),
    "rssi": pl.Float64(),
    "snr": pl.Float64(),
    "key": pl.String(),
}
"""Columns of unpacked messages but for the payload; `received_at` in microseconds since 1970, `key` sealed."""

SCHEMA: Final[dict[str, pl.DataType]] = {**COLUMNS, "payload": pl.Binary()}
Seal = Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class PackedMessages:
    """Messages of one lane as a packet's body, and how many they are."""

    lane: int
    messages: int
    body: bytes


class PacketError(ValueError):
    """A body that is not a packet, or a packet cut short."""


def to_microseconds(moment: datetime) -> int:
    """An aware instant as microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The way back of `to_microseconds`."""
    return _EPOCH + number * _MICROSECOND


def encode_packet(messages: Sequence[Heard], *, seal: Seal) -> bytes:
    """The messages as one body; keys that came along are sealed with `seal`."""
    columns: dict[str, list[Any]] = {
        name: [getattr(message, name) for message in messages] for name in COLUMNS if name not in ("received_at", "key")
    }
    columns["received_at"] = [to_microseconds(message.received_at) for message in messages]
    columns["key"] = [None if message.key is None else seal(message.key) for message in messages]
    return join_packet(columns, [message.payload for message in messages])


def join_packet(columns: dict[str, list[Any]], payloads: Sequence[bytes]) -> bytes:
    """A body from columns of `COLUMNS` and the payloads."""
    lists = {**columns, _LENGTH: [len(payload) for payload in payloads]}
    members = {name: _shorten(values) for name, values in lists.items()}
    header = json.dumps({"messages": len(payloads), **members}, separators=(",", ":")).encode()
    return b"".join((MAGIC, len(header).to_bytes(4, "little"), header, *payloads))


def _shorten(values: list[Any]) -> Any:
    first = values[0]
    return first if values.count(first) == len(values) else values


def decode_packets(bodies: Iterable[bytes]) -> pl.DataFrame:
    """All messages of some packets as one frame, columns `SCHEMA`, in order.  Raises `PacketError`."""
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA}
    for body in bodies:
        _decode_packet(bytes(body), columns)
    return pl.DataFrame(columns, schema=SCHEMA)


def _decode_packet(body: bytes, columns: dict[str, list[Any]]) -> None:
    start = len(MAGIC) + 4
    end = start + int.from_bytes(body[len(MAGIC) : start], "little")
    if body[: len(MAGIC)] != MAGIC or end > len(body):
        raise PacketError(f"{len(body)} bytes that do not begin as a packet")
    header = json.loads(body[start:end])
    count = header["messages"]
    for name in COLUMNS:
        value = header[name]
        columns[name] += value if isinstance(value, list) else [value] * count
    lengths = header[_LENGTH]
    payloads, at = columns["payload"], end
    for length in lengths if isinstance(lengths, list) else [lengths] * count:
        payloads.append(body[at : at + length])
        at += length
    if at != len(body):
        raise PacketError(f"{len(body)} bytes where the header says {at}")


def derive_lane(message: Heard, *, lanes: int) -> int:
    """Which lane a message goes to: the same for every message of one meter, whoever heard it."""
    if lanes <= 1:
        return 0
    return zlib.crc32(_lane_text(message)) % lanes


def _lane_text(message: Heard) -> bytes:
    if message.address:
        return message.address.lower().encode()
    if message.road == WMBUS:
        return message.payload[2:8]
    if message.road == MBUS:
        return message.payload[7:13]
    place = f"{message.source} {message.gateway}" if message.road == HAN else message.source
    return place.encode()
