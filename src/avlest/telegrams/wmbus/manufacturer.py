# SPDX-License-Identifier: Apache-2.0
"""Three-letter manufacturer codes (FLAG) and their 15 bits (EN 13757-7, 7.5.2).

Each letter takes five bits, A being 1.  The highest bit of the 16-bit field says that
the rest of the address is unique only within the installation (a "soft" address); it
is no part of the letters.
"""

from __future__ import annotations

from functools import lru_cache

from avlest.telegrams.outcomes import Outcome, TelegramError

LETTER_BITS = 0x7FFF
SOFT_ADDRESS = 0x8000


@lru_cache(maxsize=4096)
def decode_manufacturer(value: int) -> str:
    """The letters of a 16-bit manufacturer field: 0x2C2D -> "KAM".

    Every value gives three characters, so a field heard wrongly still prints; those
    outside A-Z show as the characters next to them in ASCII.
    """
    return "".join(chr(64 + (value >> shift & 31)) for shift in (10, 5, 0))


def encode_manufacturer(code: str) -> int:
    """The 15 bits of a three-letter code: "KAM" -> 0x2C2D."""
    if len(code) != 3 or any(not 64 <= ord(letter) <= 95 for letter in code):
        raise TelegramError(Outcome.BAD_PAYLOAD, f"{code!r} is no manufacturer code: three capital letters expected")
    first, second, third = (ord(letter) - 64 for letter in code)
    return first << 10 | second << 5 | third
