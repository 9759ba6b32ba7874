# SPDX-License-Identifier: Apache-2.0
"""Qundis walk-by telegrams: one record 0D FF 5F that holds a whole reading.

Fifty-three bytes: five of header (with the access number and a mark for encryption), a
kind, the VIF that all registers share, the date of an error, then three registers with
two dates (present, end of last year, end of last month), twelve differences and 2F.

Where the mark says so, all behind the header is AES-CBC under the meter's key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avlest.catalogue.clear import Clear
from avlest.telegrams.records.model import Payload, Record
from avlest.telegrams.records.parse import parse_records

_KEY = bytes.fromhex("0DFF5F")
_LENGTH = 53
_VIF_AT = 9
_LONG_VIF = 0x7C  # from here on a VIF is a text, an extension or anything at all
_ENCRYPTED_AT, _ENCRYPTED = 4, 0x35
_LAST_MONTH = 17  # storage number of the end of the last month
_DELTAS_AT, _DELTAS, _FIRST_DELTA = 28, 12, 2
_DIFFERENCE = b"\xff\x01"  # a manufacturer's VIFE: no register but what was used in between
# offset in the block, DIF and DIFE of the record it would be
_REGISTERS = ((12, "0C"), (18, "4C"), (24, "CC08"))
_DATES = ((16, "426C"), (22, "C2086C"))


def parse_payload(clear: Clear) -> Payload:
    """The standard records, the walk-by block among them taken apart into records.

    An encrypted block is left as it is: its bytes in clear are not in the payload.
    """
    records = clear.records
    block = next((record for record in records.records if record.key == _KEY), None)
    if block is None or block.data_length != _LENGTH:
        return records
    start = block.data_offset
    marks = tuple((start + at, start + at + 1) for at in (_ENCRYPTED_AT, _VIF_AT))
    structure = (*records.structure, *marks)
    if not is_readable(block):
        return replace(records, structure=structure)
    others = (record for record in records.records if record is not block)
    return replace(records, records=(*others, *iterate_block(block)), structure=structure)


def is_readable(block: Record) -> bool:
    """Whether the block is not encrypted and names a plain VIF."""
    return block.data[_ENCRYPTED_AT] != _ENCRYPTED and block.data[_VIF_AT] < _LONG_VIF


def iterate_block(block: Record) -> Iterator[Record]:
    """The records in the block, as they would be sent in a normal telegram."""
    vif = f"{block.data[_VIF_AT]:02X}"
    for offset, dif in _REGISTERS:
        yield cut_record(block, offset, 4, dif + vif)
    for offset, key in _DATES:
        yield cut_record(block, offset, 2, key)
    for number in range(_DELTAS):
        yield cut_difference(block, number, vif)


def cut_record(block: Record, offset: int, length: int, header: str) -> Record:
    """The record that `header` (hex DIF..VIF) and these bytes of the block would be."""
    data = block.data[offset : offset + length]
    record = parse_records(bytes.fromhex(header) + data).records[0]
    start = block.data_offset + offset
    return replace(record, offset=start, data_offset=start)


def cut_difference(block: Record, number: int, vif: str) -> Record:
    """One of the twelve differences, under storage number 2 to 13 and the modifier `difference`."""
    storage = _FIRST_DELTA + number
    header = f"{0x82 | (storage & 1) << 6:02X}{storage >> 1:02X}{vif}"
    record = cut_record(block, _DELTAS_AT + 2 * number, 2, header)
    return replace(record, key=record.key + _DIFFERENCE, meaning=replace(record.meaning, modifiers=("difference",)))
