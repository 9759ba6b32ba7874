# SPDX-License-Identifier: Apache-2.0
"""Dates of GWF meters: type G of EN 13757-3, also before the first billing date is set."""

from __future__ import annotations

import datetime

from avlest.catalogue.payloads.build import read_word

_INVALID = 0xFFFF
_MONTHS = 12


def format_day(data: bytes) -> str | None:
    """`YYYY-MM-DD`; a zero month or day counts as the one before the first, FFFF is none.

    So a date that was never set (0000) prints as the last day of November 1999.
    """
    word = read_word(data)
    year, month, day = (word >> 9 & 0x78) | (word >> 5 & 0x07), word >> 8 & 0x0F, word & 0x1F
    if word == _INVALID or month > _MONTHS:
        return None
    months = 12 * (2000 + year) + month - 1
    first = datetime.date(months // 12, months % 12 + 1, 1)
    return (first + datetime.timedelta(days=day - 1)).isoformat()
