# SPDX-License-Identifier: Apache-2.0
"""A home's place among others, and what use costs, without rounding on the way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.insight.comparison import load_group_rules
from avlest.insight.costs import PriceStep, Tariff
from avlest.insight.peers import Peers

RULE = load_group_rules()[0]


def make_tariff(*prices: tuple[str, str], unit: str = "l") -> Tariff:
    steps = [PriceStep(date.fromisoformat(day), Decimal(price), "test") for day, price in prices]
    return Tariff(unit, (), steps)


def test_position_counts_the_others_and_best_is_the_lowest_fifth():
    """100 among 50, 60 … 140 (ten homes): four of nine others use more, five less."""
    info = Peers(RULE, {}, tuple(range(50, 150, 10))).place(100)
    assert (info.size, info.less_than, info.more_than) == (10, 4, 5)
    assert info.best == 55
    assert info.average == (sum(range(50, 150, 10)) - 100) // 9


@pytest.mark.parametrize("size", [0, 1, 4])
def test_a_group_below_the_minimum_has_neither_average_nor_position(size):
    info = Peers(RULE, {}, tuple(range(1, size + 1))).place(1)
    assert (info.average, info.best, info.less_than) == (None, None, None)
    assert info.omitted == "group_too_small"


def test_between_the_minimums_there_is_an_average_alone():
    info = Peers(RULE, {}, (1, 2, 3, 4, 5)).place(3)
    assert (info.average, info.best, info.less_than) == (3, None, None)


def test_a_home_whose_days_are_not_all_known_is_placed_nowhere():
    assert Peers(RULE, {}, tuple(range(20))).place(None).omitted == "no_base"


@given(st.lists(st.integers(0, 10**9), min_size=10, max_size=60), st.data())
def test_a_home_never_uses_less_than_more_homes_than_there_are(sums, data):
    own = data.draw(st.sampled_from(sums))
    info = Peers(RULE, {}, tuple(sorted(sums))).place(own)
    assert info.less_than is not None
    assert info.more_than is not None
    assert 0 <= info.less_than + info.more_than <= 10


def test_the_price_is_that_of_the_day_and_the_own_goes_before_the_usual():
    tariff = make_tariff(("2025-01-01", "40"), ("2025-09-06", "50"))
    assert tariff.find(date(2024, 12, 31)) is None
    assert tariff.find(date(2025, 9, 5)).price == 40
    assert tariff.find(date(2025, 9, 6)).price == 50
    usual = Tariff("l", [PriceStep(date(2000, 1, 1), Decimal(10), "")], tariff.own)
    assert usual.find(date(2024, 12, 31)).price == 10
    assert usual.find(date(2025, 9, 6)).price == 50


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=50), st.decimals("0.0001", "9999", places=4))
def test_a_sum_of_days_is_rounded_once(values, price):
    """Parts are exact: adding and rounding once is the exact amount, half up."""
    for unit, per in (("l", 1_000_000), ("kwh", 1_000)):
        tariff = make_tariff(("2025-01-01", str(price)), unit=unit)
        parts = [tariff.derive_parts(value, date(2025, 1, 1)) for value in values]
        exact = Fraction(sum(values), per) * Fraction(price) * 100
        assert tariff.round_parts(sum(part for part in parts if part is not None)) == int(exact + Fraction(1, 2))


def test_a_cubic_metre_at_106_34_is_10634_ore():
    tariff = make_tariff(("2025-01-01", "106.34"))
    parts = tariff.derive_parts(1_000_000, date(2025, 1, 1))
    assert parts is not None
    assert (tariff.round_parts(parts), tariff.round_parts(-parts)) == (10_634, -10_634)
