# SPDX-License-Identifier: Apache-2.0
"""Compact frames: data without headers, laid under a known DIF/VIF string.

CI 79 (no header), 7B and 73 (short, long header) carry
`signature (2, low first) | CRC of the full frame (2, low first) | data`; the format frames
69, 6A, 6B carry `length | signature | DIF/VIF string` (EN 13757-3:2018, 7 and 8; EN 13757-7).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.dif import VARIABLE, VARIABLE_FIELD
from avlest.telegrams.records.formats import FormatStore, derive_format_signature
from avlest.telegrams.records.model import Payload, Record
from avlest.telegrams.records.parse import Header, find_header_end, parse_header, read_lvar
from avlest.telegrams.wmbus.crc import compute_crc

HEADER_LENGTH = 4
FILLERS = b"\x2f"
SIGNATURE_LENGTH = 2


class SkeletonRecord(NamedTuple):
    """One record of a DIF/VIF string: its bytes and what they say."""

    key: bytes
    header: Header


@lru_cache(maxsize=2048)
def parse_structure(fmt: bytes) -> tuple[SkeletonRecord, ...]:
    """The records that a DIF/VIF string announces, in order.

    Raises `TelegramError` (BAD_RECORDS, offset in `fmt`) when the string breaks off or
    holds a special function, which no compact frame may.
    """
    skeleton: list[SkeletonRecord] = []
    pos, end = 0, len(fmt)
    while pos < end:
        if fmt[pos] & 0x0F == 0x0F:
            detail = f"DIF {fmt[pos]:02X} cannot stand in the DIF/VIF string of a compact frame"
            raise TelegramError(Outcome.BAD_RECORDS, detail, offset=pos)
        vif_at, header_end = find_header_end(fmt, pos, end)
        key = fmt[pos:header_end]
        skeleton.append(SkeletonRecord(key, parse_header(key, vif_at - pos)))
        pos = header_end
    return tuple(skeleton)


def _lay_record(entry: SkeletonRecord, data: bytes, pos: int) -> Record:
    """The record whose data (LVAR first, where there is one) is at `pos` of `data`."""
    header = entry.header
    data_at, length, coding = pos, header.length, header.coding
    if length == VARIABLE:
        data_at, length, coding = read_lvar(data, pos, len(data), header)
    if data_at + length > len(data):
        detail = (
            f"{max(0, len(data) - data_at)} of the {length} data bytes of record {entry.key.hex().upper()} are there"
        )
        raise TelegramError(Outcome.BAD_RECORDS, detail, offset=pos)
    return Record(
        entry.key,
        -1,
        data_at,
        length,
        header.function,
        header.storage,
        header.tariff,
        header.subunit,
        coding,
        header.meaning,
        data[data_at : data_at + length],
    )


def parse_with_structure(fmt: bytes, data: bytes, *, start: int = 0) -> Payload:
    """Lay the DIF/VIF string `fmt` over the data bytes from `start` on.

    Never raises: a string that is no DIF/VIF string, too little data, or data left over
    stands in `Payload.error`.  Offsets count from the beginning of `data`; records have
    no header there, so `offset` is -1, and only LVAR bytes are structure.
    """
    records: list[Record] = []
    spans: list[tuple[int, int]] = []
    error: TelegramError | None = None
    pos = start
    try:
        for entry in parse_structure(fmt):
            record = _lay_record(entry, data, pos)
            if record.data_offset > pos:
                spans.append((pos, record.data_offset))
            records.append(record)
            pos = record.data_offset + record.data_length
        if pos < len(data) and not data[pos:].strip(FILLERS):
            spans.append((pos, len(data)))
        elif pos < len(data):
            detail = f"{len(data) - pos} bytes are left after the last record of the format"
            error = TelegramError(Outcome.BAD_RECORDS, detail, offset=pos)
    except TelegramError as caught:
        error = caught
    return Payload(tuple(records), tuple(spans), None, more_follows=False, error=error)


def has_full_frame_crc(payload: bytes, parsed: Payload) -> bool:
    """Whether the full frame rebuilt from `parsed` has the CRC the compact frame sent.

    `payload` is the compact frame from its signature on, `parsed` what `parse_compact`
    made of it.  For `explain` and for trusting a format that was only guessed.
    """
    parts: list[bytes] = []
    for record in parsed.records:
        has_lvar = record.key[0] & 0x0F == VARIABLE_FIELD
        lvar = payload[record.data_offset - 1 : record.data_offset] if has_lvar else b""
        parts += (record.key, lvar, record.data)
    sent = int.from_bytes(payload[SIGNATURE_LENGTH:HEADER_LENGTH], "little")
    return compute_crc(b"".join(parts)) == sent


def _reject(outcome: Outcome, detail: str, offset: int) -> Payload:
    error = TelegramError(outcome, detail, offset=offset)
    return Payload((), (), None, more_follows=False, error=error)


def parse_compact(payload: bytes, formats: FormatStore) -> Payload:
    """The records of a compact frame (CI 79, 7B, 73), from the signature on.

    Never raises.  `Payload.error` is UNKNOWN_FORMAT, with the signature in its detail,
    when the format has not been seen; BAD_RECORDS when the data does not fit the format.
    The CRC of the full frame is not held against the data: meters are in use whose code
    there is that of another frame than the one they send, and the layers below have their
    own checks.
    """
    if len(payload) < HEADER_LENGTH:
        detail = f"{len(payload)} bytes; a compact frame begins with signature and CRC, 4 bytes"
        return _reject(Outcome.TOO_SHORT, detail, 0)
    signature = int.from_bytes(payload[:2], "little")
    fmt = formats.known(signature)
    if fmt is None:
        detail = f"format signature {signature:04X} has not been seen in a full frame yet"
        return _reject(Outcome.UNKNOWN_FORMAT, detail, 0)
    parsed = parse_with_structure(fmt, payload, start=HEADER_LENGTH)
    if parsed.error is not None:
        return Payload((), (), None, more_follows=False, error=parsed.error)
    structure = ((0, SIGNATURE_LENGTH), *parsed.structure)
    return Payload(parsed.records, structure, None, more_follows=False, error=None)


def parse_format_frame(payload: bytes) -> bytes:
    """The DIF/VIF string of a format frame (CI 69, 6A, 6B), its signature checked.

    Raises `TelegramError`: TOO_SHORT, BAD_LENGTH, BAD_CHECKSUM, or BAD_RECORDS when the
    string itself is malformed.
    """
    if len(payload) < 3:
        raise TelegramError(Outcome.TOO_SHORT, "a format frame has at least 3 bytes", offset=0)
    end = payload[0] + 1
    if end < 3 or end > len(payload):
        detail = f"length {payload[0]}, but {len(payload) - 1} bytes follow it"
        raise TelegramError(Outcome.BAD_LENGTH, detail, offset=0)
    fmt = payload[3:end]
    if derive_format_signature(fmt) != int.from_bytes(payload[1:3], "little"):
        detail = "the format signature is not the CRC of the DIF/VIF string"
        raise TelegramError(Outcome.BAD_CHECKSUM, detail, offset=1)
    parse_structure(fmt)
    return fmt
