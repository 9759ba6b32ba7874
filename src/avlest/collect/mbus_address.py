# SPDX-License-Identifier: Apache-2.0
"""Addresses on a wired M-Bus (EN 13757-2 and -3).  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NETWORK_LAYER: Final = 253
"""The primary address that a meter answers to after it was selected by its secondary one."""
LAST_PRIMARY: Final = 250


@dataclass(frozen=True, slots=True)
class MbusAddress:
    """A primary address, or a secondary one: the eight bytes of the selection as sent."""

    text: str
    primary: int
    secondary: bytes = b""


def parse_mbus_address(text: str) -> MbusAddress:
    """Return the address a person writes: `5`, `12345678`, or the 16 digits `identification maker version type`.

    `F` in a secondary address stands for any digit; the maker's code is in the order it is sent.
    Raises `ValueError` saying what is expected.
    """
    plain = re.sub(r"[\s._-]", "", text).upper()
    if re.fullmatch(r"\d{1,3}", plain):
        if not 1 <= int(plain) <= LAST_PRIMARY:
            raise ValueError(f"a primary address from 1 to {LAST_PRIMARY}")
        return MbusAddress(text, int(plain))
    if re.fullmatch(r"[0-9F]{8}", plain):
        plain += "F" * 8
    if not re.fullmatch(r"[0-9F]{8}[0-9A-F]{8}", plain):
        raise ValueError("a primary address, 8 digits of the identification or 16 hexadecimal digits")
    identification, rest = bytes.fromhex(plain[:8]), bytes.fromhex(plain[8:])
    return MbusAddress(text, NETWORK_LAYER, identification[::-1] + rest)
