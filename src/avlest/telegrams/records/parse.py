# SPDX-License-Identifier: Apache-2.0
"""From payload bytes to records: the walk along DIF, VIF and data (EN 13757-3:2018, 6).

Meters of one firmware repeat the same few headers in every telegram, so a header is
decoded once and remembered by its bytes.  The walk never raises: what stops it stands in
`Payload.error`, with the records before it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.dif import (
    GLOBAL_READOUT,
    IDLE_FILLER,
    MANUFACTURER_DATA,
    MAX_EXTENSIONS,
    MORE_FOLLOWS,
    VARIABLE,
    parse_dib,
)
from avlest.telegrams.records.model import Coding, Function, Payload, Record, VifMeaning
from avlest.telegrams.records.vif import PLAIN_TEXT, Vib, parse_vib
from avlest.telegrams.records.vif_tables import DataKind


class Header(NamedTuple):
    """All that a record's header says; `length` is `VARIABLE` when an LVAR follows."""

    length: int
    coding: Coding
    function: Function
    storage: int
    tariff: int
    subunit: int
    meaning: VifMeaning
    is_profile: bool


_POINT_CODINGS: Final = {
    2: Coding.DATE_G,
    3: Coding.TIME_J,
    4: Coding.DATETIME_F,
    6: Coding.DATETIME_I,
}


def _derive_coding(coding: Coding, length: int, vib: Vib) -> Coding:
    """The coding once the VIF has had its say; only plain integers depend on it."""
    if coding is not Coding.INT:
        return coding
    if vib.kind is DataKind.UNSIGNED:
        return Coding.UINT
    if vib.kind in (DataKind.POINT_IN_TIME, DataKind.TIME_OF_DAY):
        return _POINT_CODINGS.get(length, Coding.RAW)
    return Coding.INT


@lru_cache(maxsize=8192)
def parse_header(key: bytes, split: int) -> Header:
    """The header whose DIF and DIFEs are the first `split` bytes of `key`."""
    dib = parse_dib(key[:split])
    vib = parse_vib(key[split:])
    coding = _derive_coding(dib.coding, dib.length, vib)
    return Header(
        dib.length,
        coding,
        dib.function,
        dib.storage,
        dib.tariff,
        dib.subunit,
        vib.meaning,
        vib.is_profile,
    )


def derive_lvar(lvar: int) -> tuple[int, Coding]:
    """Bytes and coding that an LVAR byte announces (EN 13757-3:2018, table 5).

    CA-CF and DA-DF follow the rule of the 2004 edition; F7-FF are reserved and raise.
    """
    if lvar < 0xC0:
        return lvar, Coding.TEXT
    if lvar < 0xE0:
        return lvar & 0x0F, Coding.BCD_VAR if lvar < 0xD0 else Coding.BCD_VAR_NEGATIVE
    if lvar < 0xF0:
        return lvar - 0xE0, Coding.BINARY_VAR
    if lvar < 0xF5:
        return 4 * (lvar - 0xEC), Coding.BINARY_VAR
    if lvar < 0xF7:
        return (48, 64)[lvar - 0xF5], Coding.BINARY_VAR
    raise TelegramError(Outcome.BAD_RECORDS, f"LVAR {lvar:02X} is reserved; expected 00 to F6")


def _broken(detail: str, offset: int) -> TelegramError:
    return TelegramError(Outcome.BAD_RECORDS, detail, offset=offset)


def _find_block_end(payload: bytes, pos: int, end: int, name: str) -> int:
    """Position after a byte and its extensions, each but the last with bit 7 set."""
    at = pos
    while at < end:
        if payload[at] < 0x80:
            return at + 1
        at += 1
        if at - pos > MAX_EXTENSIONS:
            raise _broken(f"more than {MAX_EXTENSIONS} extension bytes follow the {name}", pos)
    raise _broken(f"the payload ends inside the {name} that begins here", pos)


def find_header_end(payload: bytes, pos: int, end: int) -> tuple[int, int]:
    """(start of the VIF, end of the header) of the record at `pos`; raises when cut off."""
    vif_at = _find_block_end(payload, pos, end, "DIF")
    if vif_at >= end:
        raise _broken("the payload ends after the DIF; expected a VIF", pos)
    if payload[vif_at] & 0x7F != PLAIN_TEXT:
        return vif_at, _find_block_end(payload, vif_at, end, "VIF")
    if vif_at + 1 >= end:
        raise _broken("the payload ends before the length of the plain-text VIF", vif_at)
    text_end = vif_at + 2 + payload[vif_at + 1]
    if text_end > end:
        raise _broken("the payload ends inside the plain-text VIF", vif_at)
    if payload[vif_at] < 0x80:
        return vif_at, text_end
    if text_end >= end:
        raise _broken("the payload ends before the VIFE of the plain-text VIF", vif_at)
    return vif_at, _find_block_end(payload, text_end, end, "plain-text VIF")


def read_lvar(payload: bytes, pos: int, end: int, header: Header) -> tuple[int, int, Coding]:
    """(data start, data length, coding) of variable-length data whose LVAR is at `pos`."""
    if pos >= end:
        raise _broken("the payload ends before the LVAR byte", pos)
    try:
        length, coding = derive_lvar(payload[pos])
    except TelegramError as error:
        raise _broken(error.detail, pos) from None
    if header.is_profile and coding is Coding.TEXT:
        coding = Coding.RAW
    return pos + 1, length, coding


class _Walk:
    """State of one walk: records so far, and where structure ends and data begins."""

    __slots__ = ("end", "manufacturer_data", "more_follows", "payload", "records", "spans")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.end = len(payload)
        self.records: list[Record] = []
        self.spans: list[tuple[int, int]] = []
        self.manufacturer_data: tuple[int, int] | None = None
        self.more_follows = False

    def add_span(self, start: int, end: int) -> None:
        """Note structure bytes, joined to the span before where they touch."""
        spans = self.spans
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))

    def take_special(self, pos: int) -> int:
        """Handle a DIF with data field F; returns where to go on."""
        dif = self.payload[pos]
        if dif in (MANUFACTURER_DATA, MORE_FOLLOWS):
            self.add_span(pos, pos + 1)
            self.manufacturer_data = (pos + 1, self.end)
            self.more_follows = dif == MORE_FOLLOWS
            return self.end
        if dif in (IDLE_FILLER, GLOBAL_READOUT):
            self.add_span(pos, pos + 1)
            return pos + 1
        raise _broken(f"DIF {dif:02X} is a reserved special function", pos)

    def take_record(self, pos: int) -> int:
        """Read the record at `pos`; returns the position after its data."""
        payload, end = self.payload, self.end
        if pos + 1 < end and payload[pos] < 0x80 and payload[pos + 1] < 0x7C:
            vif_at, header_end = pos + 1, pos + 2
        else:
            vif_at, header_end = find_header_end(payload, pos, end)
        key = payload[pos:header_end]
        header = parse_header(key, vif_at - pos)
        length, coding, function, storage, tariff, subunit, meaning, _ = header
        data_at = header_end
        if length == VARIABLE:
            data_at, length, coding = read_lvar(payload, header_end, end, header)
        data_end = data_at + length
        if data_end > end:
            detail = f"{end - data_at} of the {length} data bytes announced are there"
            raise _broken(detail, pos)
        spans = self.spans  # add_span, written out: this runs for every record
        if spans and spans[-1][1] == pos:
            spans[-1] = (spans[-1][0], data_at)
        else:
            spans.append((pos, data_at))
        self.records.append(
            Record(
                key,
                pos,
                data_at,
                length,
                function,
                storage,
                tariff,
                subunit,
                coding,
                meaning,
                payload[data_at:data_end],
            )
        )
        return data_end

    def finish(self, error: TelegramError | None) -> Payload:
        """The walk's result as frozen data."""
        return Payload(
            tuple(self.records),
            tuple(self.spans),
            self.manufacturer_data,
            self.more_follows,
            error,
        )


def parse_records(payload: bytes, *, start: int = 0) -> Payload:
    """Split application data into records, from byte `start` on.

    Never raises.  A record that is cut off or malformed ends the walk with
    `Payload.error` (BAD_RECORDS, offset of the byte where it went wrong); everything
    before it is kept.  Takes time linear in the number of bytes.
    Source: EN 13757-3:2018, clause 6.
    """
    walk = _Walk(payload)
    pos, end = start, walk.end
    try:
        while pos < end:
            special = payload[pos] & 0x0F == 0x0F
            pos = walk.take_special(pos) if special else walk.take_record(pos)
    except TelegramError as error:
        return walk.finish(error)
    return walk.finish(None)
