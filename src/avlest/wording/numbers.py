# SPDX-License-Identifier: Apache-2.0
"""Numbers, money and percent.  Pure; exact, rounding half up away from zero."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from avlest.wording.languages import MINUS, WordingError, get_language

MISSING: Final = "–"
"""What stands where there is no value; never a zero."""

Number = int | float | Decimal | Fraction


def to_exact(value: Number) -> Fraction:
    """Return the number as a fraction; a float is what it prints.  `WordingError` when it is not finite."""
    try:
        return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError) as error:
        raise WordingError(f"not a finite number: {value}") from error


def round_scaled(value: Fraction, decimals: int) -> int:
    """Return `value * 10**decimals` as the nearest whole number, half away from zero."""
    scaled = abs(value) * 10**decimals
    rounded: int = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return rounded if value >= 0 else -rounded


def write_scaled(scaled: int, decimals: int, *, point: str, group: str, minus: str) -> str:
    """Write `scaled / 10**decimals` with the given separators."""
    digits = str(abs(scaled)).zfill(decimals + 1)
    whole, part = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    text = f"{int(whole):,}".replace(",", group)
    return (minus if scaled < 0 else "") + text + (point + part if part else "")


def format_number(value: Number | None, *, language: str = "nb", decimals: int = 0) -> str:
    """Write a number with `decimals` decimals: 1234.5 is "1 234,5" (nb, nn) and "1,234.5" (en); None is "–"."""
    if value is None:
        return MISSING
    words = get_language(language)
    scaled = round_scaled(to_exact(value), decimals)
    return write_scaled(scaled, decimals, point=words.point, group=words.group, minus=MINUS)


def format_money(ore: int | None, *, language: str = "nb", decimals: int = 2) -> str:
    """Write an amount in øre: 138242 is "1 382,42 kr" (nb, nn) and "NOK 1,382.42" (en).

    `decimals=0` is for overviews (kroner, half up); settlements and invoices keep two.
    """
    if ore is None:
        return MISSING
    text = format_number(Fraction(ore, 100), language=language, decimals=decimals)
    return get_language(language).money.format(text)


def format_percent(share: Number | None, *, language: str = "nb", decimals: int = 1) -> str:
    """Write a share of one as percent: 0.123 is "12,3 %" (nb, nn) and "12.3%" (en)."""
    if share is None:
        return MISSING
    text = format_number(to_exact(share) * 100, language=language, decimals=decimals)
    return get_language(language).percent.format(text)
