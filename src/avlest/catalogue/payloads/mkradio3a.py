# SPDX-License-Identifier: Apache-2.0
"""Techem MK radio 3a modules on water meters: one register and a year of half months.

After the date and the register come twelve pairs of half-monthly volumes, newest first,
each behind a separator byte.  In the first half of a month the newest half is not over:
then a month is made of the second byte of one pair and the first of the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.catalogue.payloads.build import read_word, require_length
from avlest.catalogue.payloads.techem import format_billing_date

_DATE, _TOTAL, _HALVES = 2, 4, 8
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MID_MONTH = 15


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """Register, date, and the volume of each of the last twelve months by its name."""
    payload = clear.payload
    require_length(payload, _HALVES + 3 * len(_MONTHS) - 1, family="mkradio3a")
    word = read_word(payload[_DATE:])
    months = derive_months(payload, early=word & 0x1F <= _MID_MONTH)
    values: dict[str, Value] = {
        "total_m3": int.from_bytes(payload[_TOTAL : _TOTAL + 3], "little") / 10,
        "target_m3": months[0] / 10,
        "target_date": format_billing_date(payload[_DATE:]),
    }
    newest = word >> 5 & 0x0F
    if 1 <= newest <= len(_MONTHS):
        for back, volume in enumerate(months):
            values[f"last_{_MONTHS[(newest - 1 - back) % 12]}_m3"] = volume / 10
    return values


def derive_months(payload: bytes, *, early: bool) -> list[int]:
    """Tenths of a cubic metre of the last twelve months, newest first."""
    halves: list[int] = []
    for number in range(len(_MONTHS)):
        start = _HALVES + 3 * number
        halves += payload[start : start + 2]
    if not early:
        return [sum(halves[at : at + 2]) for at in range(0, len(halves), 2)]
    pairs = list(pairwise(halves))
    return [halves[0], *(sum(pairs[at]) for at in range(1, len(pairs), 2))]
