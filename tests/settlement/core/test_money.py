# SPDX-License-Identifier: Apache-2.0
"""Exact money: rules §0.1 and §0.3."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.money import (
    derive_amount,
    derive_amount_column,
    derive_rounded,
    derive_share_matrix,
    derive_shares,
    parse_scaled,
    write_amount,
    write_scaled,
)


def test_four_terms_of_a_year():
    """6790.50 kr in four terms: the left-over øre go to the first ones (rules §0.3)."""
    assert derive_shares(679050, [1] * 4) == [169763, 169763, 169762, 169762]


def test_twelve_months_of_a_year():
    """6790.50 kr in twelve months: six of each (rules §0.3)."""
    assert derive_shares(679050, [1] * 12) == [56588] * 6 + [56587] * 6


def test_owners_by_days():
    """A yearly fee over 151 and 214 days (rules §1.10)."""
    assert derive_shares(317000, [151, 214]) == [131142, 185858]
    assert derive_shares(342000, [151, 214]) == [141485, 200515]


@pytest.mark.parametrize(
    ("number", "rounded"), [(2675, 268), (-2675, -268), (2674, 267), (-2674, -267), (5, 1), (-5, -1)]
)
def test_rounding_is_half_away_from_zero(number: int, rounded: int):
    """2.675 becomes 2.68, which neither floats nor half-even give (rules §0.1)."""
    assert derive_rounded(number, 10) == rounded


def test_rounded_shares_are_not_multiplied():
    """A share is never rounded before it is multiplied (pitfall 4): a third of 100 m³ three times is 100 m³."""
    assert sum(derive_shares(100_000, [Fraction(1, 3)] * 3)) == 100_000


def test_no_weight_is_an_error_that_asks_for_another_key():
    """All weights zero never divides by zero."""
    with pytest.raises(SettlementError, match="above 0") as caught:
        derive_shares(100, [0, 0])
    assert caught.value.code == "no_weight"


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**4), min_size=1, max_size=12))
def test_shares_sum_to_the_whole_and_columns_agree(total: int, weights: list[int]):
    """Parts sum to the whole, each within one of its exact share; the columns give the same parts."""
    if not sum(weights):
        return
    shares = derive_shares(total, weights)
    assert sum(shares) == total
    assert all(
        abs(share - Fraction(total * weight, sum(weights))) < 1 for share, weight in zip(shares, weights, strict=True)
    )
    matrix = derive_share_matrix(np.array([total, -total]), np.array([weights, weights]))
    assert matrix[0].tolist() == shares
    assert matrix[1].tolist() == [-share for share in shares]


@given(st.integers(-(10**7), 10**7), st.integers(0, 10**8))
def test_amounts_are_those_of_exact_decimals(quantity: int, value: int):
    """Litres at ten-thousandths of a krone, rounded once: the same as exact decimals, one by one and in columns."""
    exact = Decimal(quantity) / 1000 * Decimal(value) / 10000
    amount = int(exact.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP").scaleb(2))
    assert derive_amount(quantity, value) == amount
    assert derive_amount_column(np.array([quantity]), np.array([value])).tolist() == [amount]


def test_too_large_to_be_exact_is_refused():
    """A product that int64 would not hold is an error, never a wrong number."""
    with pytest.raises(OverflowError, match="exact"):
        derive_amount_column(np.array([2**40]), np.array([2**40]))
    with pytest.raises(OverflowError, match="exact"):
        derive_share_matrix(np.array([2**40]), np.array([[2**40, 1]]))


@pytest.mark.parametrize(
    ("given_", "scaled"),
    [("45,27", 452700), (Decimal("45.27"), 452700), ("1 130", 11300000), ("41 990.00", 419900000), (20, 200000)],
)
def test_numbers_as_people_write_them(given_: object, scaled: int):
    """Comma or point, spaces between thousands."""
    assert parse_scaled(given_, places=4, place="x", what="a price") == scaled


@pytest.mark.parametrize("given_", [45.27, True, "abc", "1.23456", None, "NaN", "1e30"])
def test_inexact_or_wrong_numbers_are_refused_with_the_place(given_: object):
    """A float is refused too: it is not the number that was written."""
    with pytest.raises(SettlementError, match="price 3: a price") as caught:
        parse_scaled(given_, places=4, place="price 3", what="a price")
    assert caught.value.code == "bad_number"


def test_numbers_are_written_exactly():
    """Scaled numbers back as text."""
    assert write_amount(-669866) == "-6698.66"
    assert write_scaled(452700, places=4, least=2) == "45.27"
    assert write_scaled(2500, places=2, least=0) == "25"
    assert write_scaled(362160, places=4, least=2) == "36.216"
