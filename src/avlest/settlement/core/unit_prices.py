# SPDX-License-Identifier: Apache-2.0
"""What one more unit costs a plain customer: volumetric prices of all services one meter is charged by.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from avlest.settlement.core.calendar import Days
from avlest.settlement.core.prices import FIRST, LAST, Customer, PriceBook, Segment

UNITS = ("m3", "kWh")
_PLAIN = Customer()
_ALWAYS = Days(FIRST, LAST)
_PLACES = Decimal("0.0001")
_VALUE, _RATE = 10_000, 10_000


def derive_unit_prices(book: PriceBook, services: Collection[str]) -> list[tuple[date, Decimal, str]]:
    """Return from which day on a unit costs how much (kr with VAT, four decimals, half up), and the source.

    Only days on which every one of the services' codes has a price for a customer without category count: a price that
    is for some only says nothing of the others.
    """
    codes = [code for service in services for code in book.get_codes(service, *UNITS)]
    parts = [_find_segments(book, code) for code in codes]
    if not parts or not all(parts):
        return []
    starts = sorted({segment.days.start for segments in parts for segment in segments})
    found = [(day, *price) for day in starts if (price := _add_up(book, parts, day)) is not None]
    return [row for at, row in enumerate(found) if at == 0 or row[1:] != found[at - 1][1:]]


def _find_segments(book: PriceBook, code: str) -> list[Segment]:
    """What holds when, for the days that have a price."""
    own = [price for price in book.prices if price.code == code]
    pieces = book.get_pieces(code, _PLAIN, _ALWAYS)
    priced = [piece for piece in pieces if any(_holds(price.valid_from, price.valid_to, piece) for price in own)]
    return [segment for piece in priced for segment in book.get_segments(code, _PLAIN, piece)]


def _holds(start: date | None, stop: date | None, piece: Days) -> bool:
    return (start or FIRST) <= piece.start and piece.stop <= (stop or LAST)


def _add_up(book: PriceBook, parts: list[list[Segment]], day: date) -> tuple[Decimal, str] | None:
    now = [next((one for one in segments if one.days.start <= day < one.days.stop), None) for segments in parts]
    held = [segment for segment in now if segment is not None]
    if len(held) < len(parts):
        return None
    total = sum((_with_vat(segment) for segment in held), Fraction())
    sources = dict.fromkeys(book.prices[segment.version].source for segment in held)
    price = (Decimal(total.numerator) / total.denominator).quantize(_PLACES, rounding=ROUND_HALF_UP)
    return price, "; ".join(source for source in sources if source)


def _with_vat(segment: Segment) -> Fraction:
    value = Fraction(segment.value, _VALUE)
    return value if segment.vat_included else value * Fraction(_RATE + segment.rate, _RATE)
