# SPDX-License-Identifier: Apache-2.0
"""Values to data records, and records to full, compact and format frames: the inverse of `records.parse`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from avlest.telegrams.encode.keys import build_dib, build_key, build_vib, derive_data_field
from avlest.telegrams.encode.values import encode_value
from avlest.telegrams.records.dif import VARIABLE
from avlest.telegrams.records.formats import derive_format_signature
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.parse import Header, find_header_end, parse_header
from avlest.telegrams.records.values import Value
from avlest.telegrams.wmbus.crc import compute_crc

__all__ = [
    "RecordSpec",
    "build_dib",
    "build_key",
    "build_vib",
    "derive_data_field",
    "encode_compact",
    "encode_format_frame",
    "encode_record",
    "encode_records",
    "encode_value",
]

_LONGEST_TEXT = 0xBF
_LONGEST_PROFILE = 0xBF
_LVAR_BCD, _LVAR_BCD_NEGATIVE, _LVAR_BINARY = 0xC0, 0xD0, 0xE0
_LONG_BINARY = {16: 0xF0, 20: 0xF1, 24: 0xF2, 28: 0xF3, 32: 0xF4, 48: 0xF5, 64: 0xF6}


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """One record to be sent: its header, and the value before scaling.

    Coding and length follow from the header except where an LVAR byte says them: then
    `coding` chooses (by default text for str, BCD for int, binary for bytes) and
    `length` is the number of data bytes (by default as many as the value needs).
    """

    key: bytes
    value: Value = None
    coding: Coding | None = None
    length: int | None = None


def encode_records(specs: Iterable[RecordSpec]) -> bytes:
    """The application data of a full frame."""
    return b"".join(map(encode_record, specs))


def encode_record(spec: RecordSpec) -> bytes:
    """DIF to VIFE, LVAR where there is one, and data.  Raises ValueError naming the record."""
    return spec.key + encode_body(spec)


def encode_body(spec: RecordSpec) -> bytes:
    """LVAR (where there is one) and data of a record, as compact frames carry it."""
    vif_at, end = find_header_end(spec.key, 0, len(spec.key))
    if end != len(spec.key):
        raise ValueError(f"record {spec.key.hex().upper()}: {len(spec.key) - end} bytes too many in the header")
    header = parse_header(spec.key, vif_at)
    try:
        if header.length == VARIABLE:
            return _encode_variable(spec, header)
        return encode_value(header.coding, spec.value, header.length)
    except ValueError as error:
        raise ValueError(f"record {spec.key.hex().upper()}: {error}") from None


def _encode_variable(spec: RecordSpec, header: Header) -> bytes:
    coding = spec.coding or _natural_coding(spec.value, header)
    length = _natural_length(spec.value, coding) if spec.length is None else spec.length
    return bytes((derive_lvar_byte(coding, length),)) + encode_value(coding, spec.value, length)


def _natural_coding(value: Value, header: Header) -> Coding:
    if isinstance(value, str):
        return Coding.TEXT
    if isinstance(value, bytes):
        return Coding.RAW if header.is_profile else Coding.BINARY_VAR
    if isinstance(value, int):
        return Coding.BCD_VAR_NEGATIVE if value < 0 else Coding.BCD_VAR
    raise ValueError(f"variable-length data: {value!r} needs its coding said")


def _natural_length(value: Value, coding: Coding) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if not isinstance(value, int):
        return 0
    if coding is Coding.BINARY_VAR:
        return max(1, -(-value.bit_length() // 8))
    return max(1, -(-len(str(abs(value))) // 2))


def derive_lvar_byte(coding: Coding, length: int) -> int:
    """The LVAR byte for data of a coding and length (EN 13757-3:2018, table 5)."""
    if (coding is Coding.TEXT and length <= _LONGEST_TEXT) or (coding is Coding.RAW and length <= _LONGEST_PROFILE):
        return length
    if coding is Coding.BCD_VAR and length <= 9:
        return _LVAR_BCD + length
    if coding is Coding.BCD_VAR_NEGATIVE and length <= 9:
        return _LVAR_BCD_NEGATIVE + length
    if coding is Coding.BINARY_VAR and length <= 15:
        return _LVAR_BINARY + length
    if coding is Coding.BINARY_VAR and length in _LONG_BINARY:
        return _LONG_BINARY[length]
    raise ValueError(f"LVAR: there is none for {coding.value} of {length} bytes")


def encode_compact(specs: Sequence[RecordSpec]) -> bytes:
    """The payload of a compact frame (CI 79, 7B, 73): format signature, CRC of the full frame, data.

    Source: EN 13757-3:2018, clause 7.
    """
    fmt = b"".join(spec.key for spec in specs)
    full = encode_records(specs)
    head = derive_format_signature(fmt).to_bytes(2, "little") + compute_crc(full).to_bytes(2, "little")
    return head + b"".join(map(encode_body, specs))


def encode_format_frame(fmt: bytes) -> bytes:
    """The payload of a format frame (CI 69, 6A, 6B) that announces a DIF/VIF string.

    Source: EN 13757-3:2018, clause 8.
    """
    if len(fmt) > 253:
        raise ValueError(f"format: {len(fmt)} bytes of DIF and VIF; at most 253")
    return bytes((len(fmt) + 2,)) + derive_format_signature(fmt).to_bytes(2, "little") + fmt
