# SPDX-License-Identifier: Apache-2.0
"""The CRC of EN 13757-4 (also of the ELL payload and of compact-frame signatures).

Polynomial 0x3D65, start value 0, most significant bit first, result complemented.
The link layer sends it high byte first, the extended link layer low byte first.
"""

from __future__ import annotations

POLYNOMIAL = 0x3D65


def _table_entry(byte: int) -> int:
    register = byte << 8
    for _ in range(8):
        register = register << 1 ^ (POLYNOMIAL if register & 0x8000 else 0)
        register &= 0xFFFF
    return register


_TABLE = tuple(_table_entry(byte) for byte in range(256))


def compute_crc(data: bytes) -> int:
    """The 16-bit CRC of `data`."""
    register = 0
    table = _TABLE
    for byte in data:
        register = (register << 8 & 0xFF00) ^ table[register >> 8 ^ byte]
    return register ^ 0xFFFF


def has_crc(data: bytes) -> bool:
    """Whether the last two bytes are the CRC (high byte first) of those before them."""
    return len(data) > 2 and compute_crc(data[:-2]) == int.from_bytes(data[-2:], "big")
