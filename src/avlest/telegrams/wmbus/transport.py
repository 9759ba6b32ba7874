# SPDX-License-Identifier: Apache-2.0
"""The transport layer: long, short and absent headers, the configuration word (EN 13757-7, clause 7)."""

from __future__ import annotations

from dataclasses import dataclass

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import ADDRESS_LENGTH, Address, parse_header_address

FIELDS = 4  # access number, status, configuration word
BLOCK = 16

NO_SECURITY = 0
DES_ZERO_IV = 2
DES_IV = 3
AES_CBC_ZERO_IV = 4
AES_CBC_IV = 5
AES_CBC_DERIVED_KEY = 7
TLS = 13

# Modes whose configuration word is followed by one more byte.
_EXTENDED = frozenset((AES_CBC_DERIVED_KEY, TLS))
_AES_CBC = frozenset((AES_CBC_ZERO_IV, AES_CBC_IV, AES_CBC_DERIVED_KEY))
_DES = frozenset((DES_ZERO_IV, DES_IV))
LAST_MODE = 15  # beyond it the bits are not those of EN 13757-7

KEY_DERIVATION = 0x30
KEY_ID = 0x0F
DERIVED_BY_COUNTER = 0x10


@dataclass(frozen=True, slots=True)
class Transport:
    """A transport header; without header (CI 69, 78, 79) only CI and place are known.

    `offset` is that of the CI field, `length` counts everything before the payload.
    `extension` is the byte after the configuration word in modes 7 and 13.
    """

    ci: int
    offset: int
    length: int
    address: Address | None = None
    access_number: int | None = None
    status: int | None = None
    config: int | None = None
    extension: int | None = None

    @property
    def mode(self) -> int:
        """The five security mode bits of the configuration word."""
        return 0 if self.config is None else self.config >> 8 & 0x1F

    @property
    def encrypted_length(self) -> int:
        """How many payload bytes the configuration word declares encrypted."""
        if self.config is None:
            return 0
        if self.mode in _AES_CBC:
            return (self.config >> 4 & 0x0F) * BLOCK
        return self.config & 0xFF if self.mode in _DES else 0

    @property
    def payload_offset(self) -> int:
        """Where the payload begins."""
        return self.offset + self.length


def parse_transport(data: bytes, offset: int, end: int) -> Transport:
    """The header whose CI field (69-6B, 72, 73, 78-7B) is at `offset`; raises TOO_SHORT."""
    ci = data[offset]
    if ci in cis.NO_HEADER:
        return Transport(ci, offset, 1)
    at = offset + 1 + (ADDRESS_LENGTH if ci in cis.LONG_HEADER else 0)
    if at + FIELDS > end:
        raise TelegramError(Outcome.TOO_SHORT, "the telegram ends inside the transport header", offset=end)
    address = parse_header_address(data, offset + 1) if ci in cis.LONG_HEADER else None
    config = data[at + 2] | data[at + 3] << 8
    stop = at + FIELDS
    extension = None
    if config >> 8 & 0x1F in _EXTENDED and stop < end:
        extension = data[stop]
        stop += 1
    return Transport(ci, offset, stop - offset, address, data[at], data[at + 1], config, extension)


def build_config(*, mode: int, encrypted_length: int = 0, flags: int = 0) -> int:
    """A configuration word; `flags` are further bits (accessibility, content, hops)."""
    counted = encrypted_length if mode in _DES else encrypted_length // BLOCK << 4
    return mode << 8 | counted | flags


def build_transport(
    ci: int,
    *,
    access_number: int = 0,
    status: int = 0,
    config: int = 0,
    address: Address | None = None,
    extension: int | None = None,
) -> bytes:
    """A transport header for `ci`; long headers need `address`, mode 7 its `extension`."""
    if ci in cis.NO_HEADER:
        return bytes((ci,))
    if (ci in cis.LONG_HEADER) != (address is not None):
        raise TelegramError(Outcome.BAD_PAYLOAD, f"CI {ci:02X}: a long header, and only that, has an address")
    head = bytes((ci,)) + (b"" if address is None else address.header_bytes)
    fields = bytes((access_number, status)) + config.to_bytes(2, "little")
    return head + fields + (b"" if extension is None else bytes((extension,)))
