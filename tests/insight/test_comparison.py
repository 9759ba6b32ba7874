# SPDX-License-Identifier: Apache-2.0
"""Use against the period before, the year before, the weather and the neighbours (rules §2.7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.insight.comparison import (
    Comparison,
    Days,
    GroupRuleError,
    Omitted,
    compare,
    compare_last_year,
    compare_with_average,
    correct_for_climate,
    derive_concentration,
    derive_days_before,
    derive_last_year,
    derive_month_days,
    derive_peers,
    load_group_rules,
    parse_group_rules,
    pick_group_rule,
    sum_days,
)

RULE = pick_group_rule(load_group_rules(), date(2026, 11, 23))
KWH = 1000


@pytest.mark.parametrize(("share", "expected"), [("1", "10376.34"), ("0.85", "10267.39"), ("0", "9650.00")])
def test_climate_correction_of_the_part_that_follows_the_weather(share: str, expected: str):
    """9650 kWh at 3720 degree days, normal 4000; hot water (share 0) is never corrected."""
    corrected = correct_for_climate(9650, actual=Decimal(3720), normal=Decimal(4000), heated_share=Decimal(share))
    assert (Decimal(corrected.numerator) / corrected.denominator).quantize(Decimal("0.01")) == Decimal(expected)


def test_against_the_period_before():
    """900 against 850: +50, +5.9 %."""
    assert compare(900 * KWH, 850 * KWH) == Comparison(900 * KWH, 850 * KWH, 50 * KWH, Decimal("5.9"))


def test_against_last_year_in_this_years_weather():
    """900 against 1000 at 590/620 degree days: 951.61, −51.61, −5.4 % (−5.5 % would come from rounding first)."""
    found = compare_last_year(
        900 * KWH, 1000 * KWH, degree_days=(Decimal(590), Decimal(620)), heated_share=Decimal(1)
    )  # fmt: skip
    assert (found.base, found.difference, found.percent) == (951_613, -51_613, Decimal("-5.4"))


def test_hot_water_is_compared_as_it_is():
    """No degree days are needed for what does not follow the weather; missing ones omit what does."""
    bare = compare_last_year(90, 100, degree_days=(None, None), heated_share=Decimal(0))
    assert (bare.base, bare.percent) == (100, Decimal("-10.0"))
    heat = compare_last_year(90, 100, degree_days=(Decimal(1), None), heated_share=Decimal(1))
    assert (heat.base, heat.omitted) == (None, Omitted.NO_DEGREE_DAYS)


def test_against_the_average_of_the_others():
    """80 m² with 900 kWh among 1300/100 m² and 1560/120 m²: 1040, −140, −13.5 %."""
    others = [(1300 * KWH, Decimal(100)), (1560 * KWH, Decimal(120))]
    found = compare_with_average(900 * KWH, Decimal(80), others, minimum=3)
    assert (found.base, found.difference, found.percent) == (1040 * KWH, -140 * KWH, Decimal("-13.5"))


def test_a_small_building_shows_no_average():
    """Below five units a person could be found out; units without area do not count; allocators are provisional."""
    others = [(1300, Decimal(100))] * 3 + [(1300, Decimal(0))]
    found = compare_with_average(900, Decimal(80), others, minimum=RULE.average_minimum, is_provisional=True)
    assert (found.base, found.omitted, found.is_provisional) == (None, Omitted.GROUP_TOO_SMALL, True)
    assert compare_with_average(900, None, others, minimum=1).omitted is Omitted.NO_AREA


def test_a_missing_base_is_omitted_and_a_base_of_zero_has_no_percent():
    """Never 0, never the predecessor's data."""
    assert compare(5, None, omitted=Omitted.BEFORE_TENANCY) == Comparison(5, omitted=Omitted.BEFORE_TENANCY)
    assert compare(5, 0) == Comparison(5, 0, 5, None)


@pytest.mark.parametrize(("share", "actual"), [("1.1", "10"), ("-0.1", "10"), ("1", "0")])
def test_an_impossible_correction_is_refused(share: str, actual: str):
    """Shares lie between 0 and 1 and there is some winter."""
    with pytest.raises(ValueError, match="expected"):
        correct_for_climate(1, actual=Decimal(actual), normal=Decimal(1), heated_share=Decimal(share))


@given(st.integers(0, 10**15), st.fractions(0, 10**15, max_denominator=1000))
def test_a_base_is_rounded_half_up_once(now: int, base: Fraction):
    """To a thousandth, the percentage from the exact value."""
    found = compare(now, base)
    assert found.base == int(base + Fraction(1, 2))
    assert found.difference == now - found.base
    if base:
        assert abs(Fraction(found.percent) - (now - base) * 100 / base) <= Fraction(1, 20)


@pytest.mark.parametrize(
    ("days", "before", "last_year"),
    [
        (Days(date(2026, 11, 1), date(2026, 12, 1)), date(2026, 10, 1), (date(2025, 11, 1), date(2025, 12, 1))),
        (Days(date(2026, 11, 1), date(2026, 11, 23)), date(2026, 10, 1), (date(2025, 11, 1), date(2025, 11, 23))),
        (Days(date(2026, 3, 1), date(2026, 3, 31)), date(2026, 2, 1), (date(2025, 3, 1), date(2025, 3, 31))),
        (Days(date(2024, 2, 1), date(2024, 2, 29)), date(2024, 1, 1), (date(2023, 2, 1), date(2023, 3, 1))),
        (Days(date(2026, 1, 1), date(2026, 4, 1)), date(2025, 10, 1), (date(2025, 1, 1), date(2025, 4, 1))),
        (Days(date(2026, 5, 6), date(2026, 5, 13)), date(2026, 4, 29), (date(2025, 5, 6), date(2025, 5, 13))),
    ],
)
def test_which_days_are_compared(days: Days, before: date, last_year: tuple[date, date]):
    """Whole months with whole months, the month in progress with the same number of days."""
    found = derive_days_before(days)
    assert found.first == before
    assert found.until <= days.first
    assert derive_last_year(days) == Days(*last_year)


def test_the_month_in_progress_ends_today():
    """Day 23 is not over: 22 days."""
    assert derive_month_days(2026, 11, today=date(2026, 11, 23)).length == 22
    assert derive_month_days(2026, 10, today=date(2026, 11, 23)).length == 31
    assert derive_month_days(2026, 12, today=date(2026, 11, 23)).length == 0


def test_sums_say_how_many_days_are_known():
    """A period without a known day has no value, not 0."""
    daily = pl.DataFrame(
        {"series": [1, 1, 1, 2], "day": [date(2026, 1, day) for day in (1, 2, 3, 1)], "value": [5, 0, None, None]}
    )
    found = sum_days(
        daily, {"now": Days(date(2026, 1, 1), date(2026, 1, 4)), "old": Days(date(2025, 1, 1), date(2025, 1, 4))}
    )
    assert found.rows() == [(1, "now", 5, 3, 2), (2, "now", None, 3, 0)]


def test_position_among_ten_and_the_best_fifth():
    """Values 1-11: the lowest uses less than 10 of 10, the middle one less than 5 and more than 5."""
    homes = pl.DataFrame({"home": range(11), "group": ["a"] * 11, "value": [1000 * one for one in range(1, 12)]})
    found = derive_peers(homes, RULE)
    assert found["less_than"].to_list() == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert found["more_than"].to_list() == list(range(11))
    assert found["best"].unique().to_list() == [2000]  # three of eleven: 1, 2, 3
    assert found["average"][0] == 6500


def test_groups_below_the_minimum_show_nothing():
    """Five homes: an average of the others and no position; four: nothing; an unknown home is in no group."""
    homes = pl.DataFrame(
        {"home": range(10), "group": ["a"] * 5 + ["b"] * 5, "value": [1, 2, 3, 4, 5, 1, 2, 3, 4, None]}
    )
    found = derive_peers(homes, RULE)
    assert found.filter(pl.col("group") == "a")["average"].null_count() == 0
    assert found.filter(pl.col("group") == "b")["average"].null_count() == 5
    assert found["less_than"].null_count() == 10
    assert found["omitted"].to_list() == ["group_too_small"] * 9 + ["no_base"]


@given(st.lists(st.integers(0, 10**9), min_size=10, max_size=60))
def test_the_concentration_curve_rises_from_nothing_to_all(values: list[int]):
    """Concave, above the line of equality; a group too small or without use has none."""
    found = derive_concentration(pl.Series(values), RULE)
    if not sum(values):
        assert found.is_empty()
        return
    use = found["use"].to_numpy()
    assert (use[0], round(use[-1], 9), found.height) == (0, 1, 11)
    assert (np.diff(use) >= -1e-12).all()
    assert (use >= found["homes"].to_numpy() - 1e-9).all()
    assert derive_concentration(pl.Series(values[:9]), RULE).is_empty()


def test_a_tenth_that_uses_half():
    """One home of ten with as much as the nine others."""
    found = derive_concentration(pl.Series([9] + [1] * 9), RULE)
    assert found.row(1) == (0.1, 0.5)


def test_group_rules_are_dated_and_checked():
    """No rule before the first; a row says what is missing."""
    with pytest.raises(GroupRuleError, match="no rule is in force"):
        pick_group_rule(load_group_rules(), date(1999, 1, 1))
    with pytest.raises(GroupRuleError, match="rule 1: expected average_minimum"):
        parse_group_rules("[[rule]]\nfrom = 2000-01-01")
