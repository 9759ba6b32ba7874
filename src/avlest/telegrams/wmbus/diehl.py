# SPDX-License-Identifier: Apache-2.0
"""Diehl Metering (DME, EWT, HYD, SAP, SPL): addresses in another order, and a scrambler.

Outside OMS frames these radios send version and device type before the identity, and
the Sappel ones no version and type at all.  "Real data" frames look like a short header
with a security mode that does not exist; their payload is scrambled by a shift register
seeded with a key and the header.
"""

from __future__ import annotations

from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.manufacturer import LETTER_BITS, encode_manufacturer

SAPPEL = encode_manufacturer("SAP")
MAKERS = frozenset(encode_manufacturer(code) for code in ("DME", "EWT", "HYD", "SAP", "SPL"))
UNSOLICITED = frozenset((0x44, 0x46))  # SND-NR, SND-IR
PRIOS = range(0xA0, 0xA8)
PRIOS_SWAPPED = range(0xB1, 0xB4)
SHORT_HEADER = 0x7A
REAL_DATA_BIT = 0x1000
WATER = 0x07

# Keys the maker uses where none was ordered; published in several open decoders.
DEFAULT_KEYS = (bytes.fromhex("39BC8A10E66D83F8"), bytes.fromhex("51728910E66D83F8"))
DEFAULT_AES_KEY = DEFAULT_KEYS[1] * 2

CHECK_BITS = 0xEF
HEADER = 15  # up to and including the configuration word of a short header


def is_diehl(address: Address) -> bool:
    """Whether the manufacturer is one of Diehl's."""
    return address.manufacturer & LETTER_BITS in MAKERS


def is_real_data(data: bytes) -> bool:
    """Whether a Diehl frame (from the L-field on) is of the scrambled "real data" kind."""
    return (
        len(data) > HEADER
        and data[1] in UNSOLICITED
        and data[10] == SHORT_HEADER
        and bool(data[14] & REAL_DATA_BIT >> 8)
    )


def derive_logical_address(data: bytes, address: Address) -> Address:
    """The address a Diehl frame means; `address` is the one read in standard order."""
    if not is_diehl(address) or len(data) < HEADER or data[1] not in UNSOLICITED:
        return address
    ci = data[10]
    if address.manufacturer & LETTER_BITS == SAPPEL and ci in PRIOS:
        return Address(address.manufacturer, address.identity, 0, WATER)
    if ci in PRIOS or ci in PRIOS_SWAPPED or is_real_data(data):
        return Address(address.manufacturer, data[6:10], data[4], data[5])
    return address


def _fold(key: bytes) -> int:
    return int.from_bytes(key[:4], "big") ^ int.from_bytes(key[4:8], "big")


def scramble_real_data(payload: bytes, *, header: bytes, key: bytes) -> bytes:
    """The shift register's sequence laid over `payload`: its own inverse.

    `header` is the frame up to the configuration word as sent, `key` 8 bytes or more.
    """
    register = _fold(key)
    for at in (2, 6, 10):
        register ^= int.from_bytes(header[at : at + 4], "big")
    out = bytearray()
    for byte in payload:
        for _ in range(8):
            bit = register >> 1 ^ register >> 2 ^ register >> 11 ^ register >> 31
            register = (register << 1 | bit & 1) & 0xFFFFFFFF
        out.append(byte ^ register & 0xFF)
    return bytes(out)


# Data bytes by the low half of the DIF (EN 13757-3, table 4); D is variable, F special.
_DATA_LENGTHS = (0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, 0, 6, 0)
_VARIABLE, _SPECIAL, _FILLER = 0x0D, 0x0F, 0x2F
_LONGEST_TEXT = 0xBF


def _skip_extensions(data: bytes, at: int) -> int:
    """The place after the byte at `at` and the bytes its extension bits announce."""
    while at < len(data) and data[at] & 0x80:
        at += 1
    return at + 1


def looks_like_records(payload: bytes) -> bool:
    """Whether DIF and VIF lengths lead from the start of `payload` exactly to its end."""
    at = 0
    while at < len(payload):
        dif = payload[at]
        if dif & 0x0F == _SPECIAL:
            if dif != _FILLER:
                return dif in (0x0F, 0x1F)
            at += 1
            continue
        at = _skip_extensions(payload, _skip_extensions(payload, at))
        if dif & 0x0F == _VARIABLE and at < len(payload):
            at += 1 + min(payload[at], _LONGEST_TEXT)
        at += _DATA_LENGTHS[dif & 0x0F]
    return at == len(payload)


def decode_real_data(data: bytes, *, keys: tuple[bytes, ...]) -> tuple[bytes | None, bool]:
    """The payload of a "real data" frame and whether a key had to be used for it.

    The sum of the clear payload is repeated in the high byte of the configuration word;
    seven bits alone prove little, so the payload must also divide into records.  One
    that passes as it stands was stored in clear.  None when no key fits.
    """
    payload, wanted = data[HEADER:], data[14] & CHECK_BITS
    for key in (None, *keys, *DEFAULT_KEYS):
        clear = payload
        if key is not None:
            clear = scramble_real_data(payload, header=data[:HEADER], key=key)
        if sum(clear) & CHECK_BITS == wanted and looks_like_records(clear):
            return clear, key is not None
    return None, False
