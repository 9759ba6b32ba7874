# SPDX-License-Identifier: Apache-2.0
"""The way from a telegram's first byte to its payload, as offsets that many telegrams share.

A route is read from one example with the scalar layer parsers.  What they cannot settle
from the header alone, or what is rare (fragments, DES, scrambled Diehl frames), has the
kind "scalar": such telegrams are read one by one by `decode_stack`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from avlest.telegrams.layouts.partition import Deciding, decide_by
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus import diehl
from avlest.telegrams.wmbus import ell as ells
from avlest.telegrams.wmbus import transport as transports
from avlest.telegrams.wmbus.address import Address, parse_header_address, parse_link_address
from avlest.telegrams.wmbus.afl import Afl, parse_afl
from avlest.telegrams.wmbus.ell import Ell, parse_ell
from avlest.telegrams.wmbus.frame import CI_OFFSET
from avlest.telegrams.wmbus.transport import Transport, parse_transport

RouteKind = Literal["scalar", "plain", "ell-ctr", "mode5", "mode7"]
LINK_ADDRESS = 2


@dataclass(frozen=True, slots=True)
class Route:
    """Where things stand in every telegram of one group.

    `address_at` is the place of the identifying address, in link-layer order unless
    `long_header`; the manufacturer, version and type of `address` hold for all telegrams
    of the group, its identity only for the example.
    """

    kind: RouteKind
    address: Address
    address_at: int = LINK_ADDRESS
    long_header: bool = False
    ell: Ell | None = None
    afl: Afl | None = None
    transport: Transport | None = None
    payload_ci: int = 0
    payload_at: int = 0

    @property
    def identity_at(self) -> int:
        """Where the four identity bytes stand."""
        return self.address_at if self.long_header else self.address_at + 2


@dataclass(slots=True)
class _Reader:
    """Reads layers and notes every bit that was looked at."""

    data: bytes
    at: int
    masks: dict[int, int]
    address: Address
    address_at: int = LINK_ADDRESS
    long_header: bool = False
    ell: Ell | None = None
    afl: Afl | None = None

    def note(self, start: int, end: int, mask: int = 0xFF) -> None:
        for place in range(start, end):
            self.masks[place] = self.masks.get(place, 0) | mask

    def route(self, kind: RouteKind, **more: object) -> Route:
        return Route(
            kind,
            self.address,
            self.address_at,
            self.long_header,
            self.ell,
            self.afl,
            **more,  # type: ignore[arg-type]
        )


def read_route(data: bytes) -> tuple[Route, Deciding]:
    """The route of a CRC-free wireless telegram, and the bits that decided it."""
    reader = _start(data, CI_OFFSET)
    return _read(reader)


def read_inner_route(data: bytes, ell: Ell) -> tuple[Route, Deciding]:
    """The route behind an extended link layer that has just been deciphered."""
    reader = _start(data, ell.offset + ell.length)
    reader.ell = ell
    return _read(reader)


def _start(data: bytes, at: int) -> _Reader:
    reader = _Reader(data, at, {}, parse_link_address(data, LINK_ADDRESS))
    reader.note(1, 2)
    reader.note(2, 4)
    reader.note(8, 10)
    return reader


def _use_header_address(reader: _Reader, at: int) -> None:
    reader.address_at, reader.long_header = at, True
    reader.address = parse_header_address(reader.data, at)
    reader.note(at + 4, at + 8)


def _read(reader: _Reader) -> tuple[Route, Deciding]:
    try:
        route = _walk(reader)
    except TelegramError:
        # Which bits made it fail is not known, so only telegrams with the same header are alike.
        reader.note(0, min(len(reader.data), 24))
        route = reader.route("scalar")
    return route, decide_by(reader.masks)


def _walk(reader: _Reader) -> Route:
    data = reader.data
    if _is_diehl_special(reader):
        return reader.route("scalar")
    while reader.at < len(data):
        ci = data[reader.at]
        reader.note(reader.at, reader.at + 1)
        if ci in cis.TRANSPORT:
            return _take_transport(reader)
        if ci in cis.MANUFACTURER_SPECIFIC:
            return reader.route("plain", payload_ci=ci, payload_at=reader.at + 1)
        if ci in ells.LAYERS and reader.ell is None and reader.afl is None:
            ell = _take_ell(reader)
            if ell.address is not None:  # meant for a receiver: what its address says depends on the C-field
                return reader.route("scalar")
            if ell.encryption == ells.AES_CTR:
                return reader.route("ell-ctr")
            if ell.encryption:
                return reader.route("scalar")
        elif ci == cis.AFL and reader.afl is None:
            if not _take_afl(reader):
                return reader.route("scalar")
        else:
            return reader.route("scalar")
    return reader.route("scalar")


def _is_diehl_special(reader: _Reader) -> bool:
    """Diehl frames whose address or payload is not in the standard's order."""
    data = reader.data
    link = parse_link_address(data, LINK_ADDRESS)
    if not diehl.is_diehl(link):
        return False
    reader.note(CI_OFFSET, CI_OFFSET + 1)
    if data[CI_OFFSET] == diehl.SHORT_HEADER and len(data) > diehl.HEADER:
        reader.note(14, 15, diehl.REAL_DATA_BIT >> 8)
    return diehl.is_real_data(data) or diehl.derive_logical_address(data, link) != link


def _take_ell(reader: _Reader) -> Ell:
    ell = parse_ell(reader.data, reader.at, len(reader.data))
    if ell.session_number is not None:
        last = ell.crc_offset - 1
        reader.note(last, last + 1, 0xE0)
    reader.ell = ell
    reader.at = ell.offset + ell.length
    return ell


def _take_afl(reader: _Reader) -> bool:
    """Note the layer; False for a fragment of a longer message."""
    afl = parse_afl(reader.data, reader.at, len(reader.data))
    reader.note(afl.offset + 1, afl.offset + 5)
    if afl.is_fragment:
        return False
    reader.afl = afl
    reader.at = afl.offset + afl.length
    return True


def _take_transport(reader: _Reader) -> Route:
    header = parse_transport(reader.data, reader.at, len(reader.data))
    if header.address is not None:
        _use_header_address(reader, header.offset + 1)
    if header.config is not None:
        config_at = header.offset + (11 if header.address is not None else 3)
        reader.note(config_at, config_at + 1, 0xF0)
        reader.note(config_at + 1, config_at + 2, 0x1F)
    if header.extension is not None:
        reader.note(header.payload_offset - 1, header.payload_offset, transports.KEY_DERIVATION)
    return reader.route(_kind(reader, header), transport=header, payload_ci=header.ci, payload_at=header.payload_offset)


def _kind(reader: _Reader, header: Transport) -> RouteKind:
    fits = header.payload_offset + header.encrypted_length <= len(reader.data)
    secured = reader.afl is not None and bool(reader.afl.mac)
    if header.mode == transports.NO_SECURITY or header.mode > transports.LAST_MODE:
        return "scalar" if secured else "plain"
    if header.mode == transports.AES_CBC_IV and not header.encrypted_length:
        return "plain"
    if not header.encrypted_length or not fits:
        return "scalar"
    if header.mode == transports.AES_CBC_IV:
        return "mode5"
    derived = (header.extension or 0) & transports.KEY_DERIVATION == transports.DERIVED_BY_COUNTER
    if header.mode == transports.AES_CBC_DERIVED_KEY and secured and derived and _has_counter(reader):
        return "mode7"
    return "scalar"


def _has_counter(reader: _Reader) -> bool:
    return reader.afl is not None and reader.afl.counter is not None
