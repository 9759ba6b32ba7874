# SPDX-License-Identifier: Apache-2.0
"""The same numbers for cells of a CSV file and for SMS.  Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from avlest.wording.numbers import round_scaled, write_scaled

# Characters outside GSM 03.38 turn an SMS of 160 letters into one of 70.
_SMS: Final = str.maketrans({"\u00a0": " ", "\u2212": "-", "–": "-", "³": "3", "²": "2", "°": ""})


def format_cell(value: int | None, *, decimals: int = 3, shift: int = 3, point: str = ",") -> str:
    """Write `value / 10**shift` for a CSV cell: decimal comma, no thousands separator, empty for None.

    Values of series are thousandths (`shift=3`), money is øre (`shift=2, decimals=2`).
    """
    if value is None:
        return ""
    return write_scaled(round_scaled(Fraction(value, 10**shift), decimals), decimals, point=point, group="", minus="-")


def to_sms(text: str) -> str:
    """Return text with plain spaces, hyphens and "m3", so that a Norwegian SMS stays in the GSM alphabet."""
    return text.translate(_SMS)
