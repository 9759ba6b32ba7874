# SPDX-License-Identifier: Apache-2.0
"""Qundis walk-by telegrams: one record 0D FF 5F that holds a whole reading.

Fifty-three bytes: five of header (with the access number and a mark for encryption), a
kind, the VIF that all registers share, the date of an error, then three registers with
two dates (present, end of last year, end of last month), twelve differences and 2F.

Where the mark says so, all behind the header is AES-CBC under the meter's key, with the
initial vector of security mode 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import FILLER
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload, Record
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus.security import KEY_LENGTH, decrypt_mode5, derive_mode5_iv

_KEY = bytes.fromhex("0DFF5F")
_LENGTH = 53
_VIF_AT = 9
_LONG_VIF = 0x7C  # from here on a VIF is a text, an extension or anything at all
_ACCESS_NUMBER_AT, _ENCRYPTED_AT, _ENCRYPTED, _HEADER = 2, 4, 0x35, 5
_LAST_MONTH = 17  # storage number of the end of the last month
_DELTAS_AT, _DELTAS, _FIRST_DELTA = 28, 12, 2
_DIFFERENCE = b"\xff\x01"  # a manufacturer's VIFE: no register but what was used in between
# offset in the block, DIF and DIFE of the record it would be
_REGISTERS = ((12, "0C"), (18, "4C"), (24, "CC08"))
_DATES = ((16, "426C"), (22, "C2086C"))


def parse_payload(clear: Clear) -> Payload:
    """The standard records, the walk-by block among them taken apart into records.

    An encrypted block is deciphered with the keys known; without the right one it is left
    as it is, and the payload has an error beside the other records.
    """
    records = clear.records
    block = next((record for record in records.records if record.key == _KEY), None)
    if block is None or block.data_length != _LENGTH:
        return records
    start = block.data_offset
    marks = tuple((start + at, start + at + 1) for at in (_ENCRYPTED_AT, _VIF_AT))
    records = replace(records, structure=(*records.structure, *marks))
    try:
        block_in_clear = decipher(block, clear)
    except TelegramError as error:
        return replace(records, error=records.error or error)
    if block_in_clear.data[_VIF_AT] >= _LONG_VIF:
        return records
    others = (record for record in records.records if record is not block)
    return replace(records, records=(*others, *iterate_block(block_in_clear)))


def decipher(block: Record, clear: Clear) -> Record:
    """The block in clear.  Raises KEY_MISSING or KEY_WRONG where it is encrypted and stays so."""
    if block.data[_ENCRYPTED_AT] != _ENCRYPTED:
        return block
    keys = [key for key in clear.keys if len(key) == KEY_LENGTH]
    iv = derive_mode5_iv(clear.address, block.data[_ACCESS_NUMBER_AT])
    for key in keys:
        data = block.data[:_HEADER] + decrypt_mode5(key, iv, block.data[_HEADER:])
        if is_plausible(data):
            return replace(block, data=data)
    outcome = Outcome.KEY_WRONG if keys else Outcome.KEY_MISSING
    raise TelegramError(outcome, f"qundis: the walk-by block is encrypted, {len(keys)} key(s) tried")


def is_plausible(data: bytes) -> bool:
    """Whether a deciphered block ends in its filler and its registers are decimal digits."""
    registers = b"".join(data[at : at + 4] for at, _ in _REGISTERS)
    return data[-1] == FILLER and registers.hex().isdecimal()


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
