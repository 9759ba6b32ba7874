# SPDX-License-Identifier: Apache-2.0
"""Exact money: whole øre, rounding half up, splitting by largest remainder (rules §0.1, §0.3).

The scalar functions are the plain definition; the column functions give the same numbers for many rows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from avlest.settlement.contracts import SettlementError

Ints = NDArray[np.int64]

VALUE_SCALE = 10_000
"""Ten-thousandths of a krone in a krone."""
QUANTITY_SCALE = 1000
"""Thousandths of a unit in a unit."""
_MILLS = VALUE_SCALE * QUANTITY_SCALE // 100
"""Products of value and quantity in an øre."""
_LARGEST = 2**62


def derive_rounded(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as a whole number, half away from zero (the custom on Norwegian invoices)."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def derive_amount(quantity: int, value: int) -> int:
    """Øre for a quantity (thousandths) at a value (ten-thousandths of a krone), rounded once."""
    return derive_rounded(quantity * value, _MILLS)


def derive_shares(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Split a whole number by weights so that the parts sum to it exactly (largest remainder).

    Ties go to the first part; a negative total is split as its absolute value.  Raises SettlementError
    `no_weight` when no weight is above zero, for then another key must be chosen.
    """
    scaled = derive_whole_weights(weights)
    whole = sum(scaled)
    if whole <= 0 or min(scaled) < 0:
        raise SettlementError("no_weight", "split", "weights from 0 up, at least one above 0, to split an amount by")
    parts = [divmod(abs(total) * weight, whole) for weight in scaled]
    shares = [share for share, _ in parts]
    order = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))
    for index in order[: abs(total) - sum(shares)]:
        shares[index] += 1
    return [-share for share in shares] if total < 0 else shares


def derive_whole_weights(weights: Sequence[int | Fraction]) -> list[int]:
    """The weights as whole numbers in the same proportions."""
    if all(isinstance(weight, int) or weight.denominator == 1 for weight in weights):
        return [int(weight) for weight in weights]
    fractions = [Fraction(weight) for weight in weights]
    scale = lcm(*(weight.denominator for weight in fractions)) if fractions else 1
    return [int(weight * scale) for weight in fractions]


def derive_rounded_column(numerator: Ints, denominator: int) -> Ints:
    """`derive_rounded` for a column of numerators.  Raises OverflowError where int64 would not hold them."""
    size = np.abs(numerator)
    if size.size and int(size.max()) >= _LARGEST:
        raise OverflowError("a product of quantity and price is too large to be exact")
    rounded = (2 * size + denominator) // (2 * denominator)
    return np.asarray(np.where(numerator < 0, -rounded, rounded), np.int64)


def derive_amount_column(quantity: Ints, value: Ints) -> Ints:
    """`derive_amount` for columns."""
    _check_product(quantity, value)
    return derive_rounded_column(quantity * value, _MILLS)


def derive_share_columns(totals: Ints, weights: Ints, of_row: Ints) -> Ints:
    """`derive_shares` for many totals at once, part by part: row n has the weights `weights[of_row[n]]`.

    `weights` is patterns × parts, the result parts × rows.  Weights of 0 pad patterns with fewer parts, get nothing.
    """
    whole = weights.sum(axis=1)[of_row] if len(weights) else np.zeros(len(totals), np.int64)
    _check_weights(totals, whole)
    if weights.shape[1] == 1:
        return totals[None, :].copy()
    _check_product(totals, whole)
    size, whole = np.abs(totals), np.maximum(whole, 1)
    shares, rests = np.empty((2, weights.shape[1], len(totals)), np.int64)
    for part, column in enumerate(weights.T):
        np.divmod(size * column[of_row], whole, out=(shares[part], rests[part]))
    left = size - shares.sum(axis=0)
    for part in range(weights.shape[1]):
        shares[part] += _rank(rests, part) < left
    return np.asarray(np.where(totals < 0, -shares, shares), np.int64)


def derive_share_matrix(totals: Ints, weights: Ints) -> Ints:
    """The same with the weights of each row given: n × k, as is the result."""
    return derive_share_columns(totals, weights, np.arange(len(totals))).T


def _rank(rests: Ints, part: int) -> NDArray[np.int8]:
    """How many parts of each row come before `part` when left-over øre are handed out: larger rests, then earlier."""
    before = np.zeros(rests.shape[1], np.int8)
    for other in range(len(rests)):
        if other != part:
            before += rests[other] >= rests[part] if other < part else rests[other] > rests[part]
    return before


def _check_weights(totals: Ints, whole: Ints) -> None:
    if totals.size and bool(np.any((whole <= 0) & (totals != 0))):
        raise SettlementError("no_weight", "split", "at least one weight above 0 to split an amount by")


def _check_product(left: Ints, right: Ints) -> None:
    if left.size and int(np.abs(left).max()) * int(np.abs(right).max()) >= _LARGEST:
        raise OverflowError("a product of quantity and price is too large to be exact")


def parse_scaled(given: object, *, places: int, place: str, what: str) -> int:
    """A number with at most `places` decimals as a whole number of its last place.

    Takes int, Decimal or text such as `"1 130.50"` and `"45,27"`; a float is refused, because it is not exact.
    Raises SettlementError `bad_number`.
    """
    number = _parse_decimal(given, place, what)
    scaled = number.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise SettlementError("bad_number", place, f"{what} with at most {places} decimals, not {given}")
    return int(scaled)


def _parse_decimal(given: object, place: str, what: str) -> Decimal:
    """The number, exact.  A thousands separator is a space; the decimal mark a point or a comma."""
    if isinstance(given, bool) or not isinstance(given, int | str | Decimal):
        raise SettlementError("bad_number", place, f"{what} as a number, not {given!r}")
    text = str(given).replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise SettlementError("bad_number", place, f"{what} as a number, not {given!r}") from None
    if not number.is_finite() or abs(number) >= 10**12:
        raise SettlementError("bad_number", place, f"{what} as a number below 10^12, not {given!r}")
    return number


def write_scaled(scaled: int, *, places: int, least: int | None = None) -> str:
    """A scaled whole number as text with a point: `write_scaled(452700, places=4, least=2)` is `45.27`."""
    text = f"{Decimal(scaled).scaleb(-places):.{places}f}"
    if least is None:
        return text
    head, _, tail = text.partition(".")
    tail = tail[:least] + tail[least:].rstrip("0")
    return f"{head}.{tail}" if tail else head


def write_amount(amount: int) -> str:
    """Øre as kroner: `6698.66`."""
    return write_scaled(amount, places=2)
