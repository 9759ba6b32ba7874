# SPDX-License-Identifier: Apache-2.0
"""The worked numbers of the rules that concern volumes: §0.4, §1.8 to §1.10, §4.1, §4.2."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from avlest.readings.quality import Quality
from avlest.readings.vee import derive_virtual, find_corrections, find_negative, load_thresholds
from avlest.readings.vee.arrays import split_amounts
from avlest.readings.vee.contracts import HOURLY
from avlest.readings.vee.virtual import TERMS
from tests.readings.vee.samples import (
    DAY,
    HOUR,
    KNOWN,
    derive,
    feed,
    frame,
    hourly_register,
    make_inputs,
    reading,
    rules,
    series,
    utc,
    values,
)


def test_four_hours_without_history_are_linear() -> None:
    """E2: stands 1000.4 → 1013.0 over 4 h give 3.150 four times."""
    rows = [reading(utc(2026, 11, 2), 1_000_400), reading(utc(2026, 11, 2, 4), 1_013_000)]
    result = derive(
        make_inputs(rows, [feed(utc(2026, 11, 2))]),
        dt.date(2026, 11, 2),
        dt.date(2026, 11, 3),
        horizon=utc(2026, 11, 2, 4),
    )
    assert result.hourly["value"].to_list() == [3150] * 4
    assert result.hourly["rule"].to_list() == ["E2"] * 4
    assert result.hourly["quality"].to_list() == [Quality.ESTIMATED] * 4


def test_four_hours_with_a_profile_follow_it() -> None:
    """E1: the profile 2, 1, 1, 5 gives 2.800, 1.400, 1.400, 7.000."""
    start, gap = utc(2026, 6, 1), utc(2026, 7, 27)
    uses = ([2000, 1000, 1000, 5000] * 6) * 56
    rows = hourly_register(start, uses)
    last = rows[-1]["value"]
    rows += [reading(gap + 4 * HOUR, last + 12_600), reading(gap + 5 * HOUR, last + 12_600 + 2000)]
    result = derive(make_inputs(rows, [feed(start)]), gap.date(), gap.date() + DAY, horizon=gap + 5 * HOUR)
    found = values(result)
    assert [found[gap + HOUR * n] for n in range(4)] == [2800, 1400, 1400, 7000]
    assert set(result.hourly.filter(pl.col("quality") < 50)["rule"]) == {"E1"}


def test_ten_over_three_gives_the_odd_part_to_the_first() -> None:
    """10.000 over 3 → 3.334, 3.333, 3.333, also as hours."""
    assert split_amounts(np.array([10_000]), np.array([1, 1, 1]), np.array([3])).tolist() == [3334, 3333, 3333]
    rows = [reading(utc(2026, 11, 2), 0), reading(utc(2026, 11, 2, 3), 10_000)]
    result = derive(
        make_inputs(rows, [feed(utc(2026, 11, 2))]),
        dt.date(2026, 11, 2),
        dt.date(2026, 11, 3),
        horizon=utc(2026, 11, 2, 3),
    )
    assert result.hourly["value"].to_list() == [3334, 3333, 3333]


def test_largest_remainder_of_the_rules() -> None:
    """Rules §0.3: 6790.50 over 4 and over 12."""
    assert split_amounts(np.array([679050]), np.ones(4, int), np.array([4])).tolist() == [
        169763,
        169763,
        169762,
        169762,
    ]
    twelve = split_amounts(np.array([679050]), np.ones(12, int), np.array([12])).tolist()
    assert twelve == [56588] * 6 + [56587] * 6


def test_a_replacement_adds_both_meters_and_never_subtracts_across_them() -> None:
    """Rules §1.10: 1240.500 → 1302.250 on 14 August, new 0.013 → 58.763: 120.500 m³."""
    year, change, end = utc(2025, 12, 31, 23), utc(2026, 8, 14, 8, 20), utc(2026, 12, 31, 23)
    rows = [reading(year, 1_240_500_000), reading(end, 58_763_000, register=2)]
    feeds = [
        feed(year, change, end_value=1_302_250_000),
        feed(change, register=2, start_value=13_000),
    ]
    result = derive(make_inputs(rows, feeds), dt.date(2026, 1, 1), dt.date(2027, 1, 1), horizon=end)
    assert result.hourly["value"].sum() == 120_500_000
    assert result.hourly.height == 8760
    before = int(result.hourly.filter(pl.col("hour") < utc(2026, 8, 14, 8))["value"].sum())
    shared = values(result)[utc(2026, 8, 14, 8)] or 0
    assert before < 61_750_000 < before + shared


@pytest.mark.parametrize(("digits", "first", "second", "use"), [(5, 99_987, 42, 55), (4, 9_999, 0, 1)])
def test_a_rollover_counts_on(digits: int, first: int, second: int, use: int) -> None:
    """Rules §1.10: (42 − 99987) mod 100000 = 55."""
    rows = [reading(utc(2026, 11, 2), first * 1000), reading(utc(2026, 11, 2, 1), second * 1000)]
    inputs = make_inputs(rows, [feed(utc(2026, 11, 2), digits=digits, scale=1000)], [series(meter_class="water_home")])
    result = derive(inputs, dt.date(2026, 11, 2), dt.date(2026, 11, 3), horizon=utc(2026, 11, 2, 1))
    assert result.hourly["value"].to_list() == [use * 1000]
    assert result.hourly["quality"].to_list() == [Quality.MEASURED]
    assert rules(result) == []


def test_a_small_fall_is_no_rollover() -> None:
    """149995 − 149998 in 0.01 m³ steps mod 10⁷ would be 9 999 997: backflow, not rollover."""
    day = utc(2026, 11, 2)
    states = [149_990, 149_998, 149_995, 149_996, 149_997]
    rows = [reading(day + HOUR * n, state * 10_000) for n, state in enumerate(states)]
    inputs = make_inputs(rows, [feed(day, digits=7, scale=10_000)], [series(meter_class="water_home")])
    result = derive(inputs, day.date(), day.date() + DAY, horizon=day + 4 * HOUR)
    assert rules(result) == ["V05"]
    assert result.findings["detail"].to_list() == ["backflow"]
    assert max(v for v in values(result).values() if v is not None) <= 80_000


def test_a_reading_that_comes_after_a_stipulation_corrects_it() -> None:
    """Rules §1.8: real 1000, stipulated 1140, real 1275 two years later: 275 in all, so 135 after the 140 billed."""
    first, middle, last = utc(2024, 12, 31, 23), utc(2025, 12, 31, 23), utc(2026, 12, 31, 23)
    known = [
        reading(first, 1_000_000_000, quality=Quality.CUSTOMER_READ),
        reading(middle, 1_140_000_000, quality=Quality.ESTIMATED),
    ]
    stipulated = derive(make_inputs(known, [feed(first)]), dt.date(2025, 1, 1), dt.date(2026, 1, 1), horizon=middle)
    assert stipulated.hourly["value"].sum() == 140_000_000
    assert set(stipulated.hourly["quality"]) == {Quality.ESTIMATED}
    known.append(reading(last, 1_275_000_000, quality=Quality.CUSTOMER_READ))
    result = derive(make_inputs(known, [feed(first)]), dt.date(2025, 1, 1), dt.date(2027, 1, 1), horizon=last)
    assert result.hourly["value"].sum() == 275_000_000
    year = int(result.hourly.filter(pl.col("hour") < middle)["value"].sum())
    assert result.hourly["value"].sum() - 140_000_000 == 135_000_000
    assert abs(year - 137_500_000) < 5_000  # whole millilitres, odd ones to the first hours


def test_a_reading_below_a_stipulation_is_no_error() -> None:
    """Stipulated 300 billed, then 1275: −25 m³ is a legal credit; the hours themselves are never negative."""
    first, middle, last = utc(2024, 12, 31, 23), utc(2025, 12, 31, 23), utc(2026, 12, 31, 23)
    rows = [
        reading(first, 1_000_000_000, quality=Quality.CUSTOMER_READ),
        reading(middle, 1_300_000_000, quality=Quality.ESTIMATED),
    ]
    before = derive(make_inputs(rows, [feed(first)]), dt.date(2025, 1, 1), dt.date(2027, 1, 1), horizon=middle)
    rows.append(reading(last, 1_275_000_000, quality=Quality.CUSTOMER_READ))
    after = derive(make_inputs(rows, [feed(first)]), dt.date(2025, 1, 1), dt.date(2027, 1, 1), horizon=last)
    assert "V05" not in rules(after)
    assert (after.hourly["value"] >= 0).all()
    frozen = pl.DataFrame({"series": [1], "until": [dt.date(2026, 1, 1)]})
    items = find_corrections(before.daily, after.daily, frozen)
    later = int(after.hourly.filter(pl.col("hour") >= middle)["value"].sum())
    assert int(items["difference"].sum()) + later == -25_000_000


def test_wastewater_is_main_less_reduction() -> None:
    """Rules §1.9: main 500 m³, reduction 120 m³ → 380 m³; more reduction than main is a task, not a negative volume."""
    hours = [utc(2026, 11, 2) + HOUR * n for n in range(4)]
    main, reduction = [200_000, 150_000, 150_000, 0], [20_000, 50_000, 50_000, 0]
    terms = pl.DataFrame([(9, 1, 1, True), (9, 2, -1, True)], schema=TERMS, orient="row")

    def rows(number: int, amounts: list[int], quality: int = 50) -> list[dict[str, object]]:
        return [
            {"series": number, "hour": hour, "value": value, "quality": quality, "known_at": KNOWN}
            for hour, value in zip(hours, amounts, strict=True)
        ]

    hourly = frame(HOURLY, rows(1, main) + rows(2, reduction, quality=20))
    found = derive_virtual(terms, hourly, known_at=KNOWN)
    assert found["value"].sum() == 380_000
    assert set(found["quality"]) == {20}
    assert set(found["rule"]) == {"virtual"}
    assert find_negative(terms, hourly).is_empty()
    worse = frame(HOURLY, rows(1, [10_000, 10_000, 10_000, 0]) + rows(2, reduction))
    assert derive_virtual(terms, worse, known_at=KNOWN)["value"].to_list() == [0, 0, 0, 0]
    assert find_negative(terms, worse)["value"].to_list() == [-90_000]


def test_physical_maxima_of_electricity_are_those_of_the_rules() -> None:
    """√3·230·63/1000 = 25.10 kW (IT), √3·400·63/1000 = 43.65 kW (TN)."""
    book = load_thresholds()
    day = dt.date(2026, 11, 23)
    assert round(3**0.5 * 230 * 63, -1) == book.values_on("electricity_it", day)["max_per_hour"]
    assert round(3**0.5 * 400 * 63, -1) == book.values_on("electricity_tn", day)["max_per_hour"]


@pytest.mark.parametrize(
    ("day", "hours"), [(dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25), (dt.date(2026, 6, 1), 24)]
)
def test_days_have_the_hours_the_clock_gives_them(day: dt.date, hours: int) -> None:
    start = utc(2026, 3, 1) if day.month == 3 else utc(2026, 10, 1) if day.month == 10 else utc(2026, 5, 20)
    rows = hourly_register(start, [1000] * 24 * 40)
    result = derive(make_inputs(rows, [feed(start)]), day, day + DAY, horizon=start + DAY * 40)
    assert result.hourly.height == hours
    assert result.daily["value"].to_list() == [hours * 1000]
    assert result.daily["night_value"].to_list() == [{23: 2000, 25: 4000, 24: 3000}[hours]]


def test_a_year_end_reading_closes_the_year_that_ended() -> None:
    """Stamped 00:00 local on 1 January (rules §0.4)."""
    start, end = utc(2025, 12, 31, 23), utc(2026, 12, 31, 23)
    rows = [reading(start, 0, quality=45), reading(end, 150_000_000, quality=45)]
    result = derive(make_inputs(rows, [feed(start)]), dt.date(2026, 1, 1), dt.date(2027, 1, 1), horizon=end)
    assert result.daily["value"].sum() == 150_000_000
    assert result.daily.height == 365
    sums = result.daily.group_by(pl.col("day").dt.year()).agg(pl.col("value").sum())
    assert sums.rows() == [(2026, 150_000_000)]
