# SPDX-License-Identifier: Apache-2.0
"""E1 to E4, outages, degree days; gauges, intervals, quarters; what no meter measured."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.readings.quality import Quality
from avlest.readings.vee import VeeResult, derive_daily, derive_quarters, derive_virtual, find_unanchored
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
    series,
    total,
    utc,
    values,
)

START = utc(2026, 1, 5)
QUARTER = dt.timedelta(minutes=15)


def day_use(hour: int) -> int:
    """Litres (thousandths) of an hour of a home: the same every day."""
    return [0, 0, 0, 0, 0, 5, 40, 60, 30, 10, 10, 10, 20, 10, 10, 10, 20, 50, 60, 40, 20, 20, 10, 5][hour % 24] * 1000


def make_home(hours: int, *, level: float = 1.0) -> list[dict[str, Any]]:
    return hourly_register(START, [int(day_use(n) * level) for n in range(hours)])


def derive_around(
    rows: list[dict[str, Any]], at: dt.datetime, *, days: int = 3, horizon: dt.datetime | None = None, **more: Any
) -> VeeResult:
    inputs = make_inputs(rows, [feed(START)], more.pop("those", None), **more)
    last = horizon or rows[-1]["at"]
    return derive(inputs, at.date() - DAY, at.date() + DAY * days, horizon=last)


def amounts(result: VeeResult, at: dt.datetime, count: int) -> list[tuple[int, int, str | None]]:
    rows = result.hourly.filter((pl.col("hour") >= at) & (pl.col("hour") < at + HOUR * count))
    return [(row[2], row[3], row[4]) for row in rows.iter_rows()]


def test_a_gap_with_history_gets_its_usual_hours() -> None:
    """E1: what the register counted, in the shape of the same hours of the weeks before."""
    rows = make_home(24 * 70)
    at = START + DAY * 62
    del rows[24 * 62 + 1 : 24 * 63]
    assert amounts(derive_around(rows, at), at, 24) == [(day_use(n), 20, "E1") for n in range(24)]


def test_a_gap_that_used_nothing_is_measured_as_such() -> None:
    rows = hourly_register(START, [5000] * 20 + [0] * 30 + [5000] * 5)
    del rows[23:45]
    found = amounts(derive_around(rows, START), START + HOUR * 22, 20)
    assert found == [(0, Quality.MEASURED, None)] * 20


def test_after_the_last_reading_up_to_two_hours_repeat_the_last() -> None:
    """E3, only the start known."""
    rows = hourly_register(START, [1000] * 40 + [7000])
    result = derive_around(rows, START, horizon=rows[-1]["at"] + HOUR * 2)
    assert amounts(result, rows[-1]["at"], 2) == [(7000, 20, "E3")] * 2


def test_after_the_last_reading_up_to_a_week_gets_the_mean_of_four_weeks() -> None:
    rows = hourly_register(START, [1000 * (1 + n // 168) for n in range(168 * 6)])
    at = rows[-1]["at"]
    result = derive_around(rows, at, days=9, horizon=at + DAY * 7)
    # weeks 6, 5, 4, 3 used 6000, 5000, 4000, 3000 an hour
    assert amounts(result, at, 168) == [(4500, 20, "E3")] * 168


def test_after_the_last_reading_beyond_a_week_gets_last_years_days_at_this_years_level() -> None:
    """Last year 1000 an hour and 4000 in the days to come; the last 30 days 1500: half as much again."""
    uses = np.full(24 * 420, 1000)
    uses[24 * (420 - 364) :][: 24 * 10] = 4000
    uses[-24 * 40 :] = 1500
    rows = hourly_register(START, uses.tolist())
    at = rows[-1]["at"]
    result = derive_around(rows, at, days=12, horizon=at + DAY * 10)
    assert amounts(result, at, 240) == [(6000, 20, "E3")] * 240


def test_without_history_the_expected_year_is_shared_by_days() -> None:
    """E4: 8766 litres a year are a litre an hour; without an expectation the hours are missing, not zero."""
    rows = hourly_register(START, [2000] * 3)
    expected = derive_around(rows, START, horizon=START + DAY * 9, expectations=[{"series": 1, "per_year": 8_766_000}])
    later = START + DAY * 2
    assert amounts(expected, later, 24)[0] == (1000, 20, "E4")
    nothing = derive_around(rows, START, horizon=START + DAY * 9)
    assert amounts(nothing, later, 24)[0] == (None, 0, "missing")
    assert nothing.daily.filter(pl.col("day") == later.date())["value"].to_list() == [None]


def degrees(cold: dict[int, float], *, days: int = 460, usual: float = 8.0) -> list[dict[str, Any]]:
    first = START.date() - DAY
    return [{"climate": 7, "day": first + DAY * n, "value": cold.get(n, usual)} for n in range(days)]


def test_heat_follows_degree_days() -> None:
    """The day of 18 degree days gets twice what the day of 8 gets, with the base of 2 for hot water."""
    rows = hourly_register(START, [1000] * 24 * 70)
    at = START + DAY * 62 - HOUR
    del rows[24 * 62 : 24 * 64 - 1]
    those = [series(meter_class="heat", climate=7)]
    result = derive_around(rows, at, those=those, degree_days=degrees({63: 18.0}))
    found = [value for value, _, _ in amounts(result, at, 48)]
    assert sum(found) == 48_000
    # each hour is a whole number of thousandths
    assert (found[0], found[-1]) == (1333, 667)
    assert abs(sum(found[:24]) - 32_000) <= 24


def test_the_expected_year_of_heat_is_shared_by_degree_days() -> None:
    rows = [reading(START + DAY * 400, 0)]
    day = (START + DAY * 405).date()
    number = (day - (START.date() - DAY)).days
    more = {"expectations": [{"series": 1, "per_year": 8_766_000}], "degree_days": degrees({number: 18.0})}
    inputs = make_inputs(rows, [feed(START + DAY * 400)], [series(meter_class="heat", climate=7)], **more)
    result = derive(inputs, day, day + DAY * 2, horizon=KNOWN + DAY * 300)
    first, second = result.daily["value"].to_list()
    assert 47_500 < first < 48_000
    assert 23_900 < second < 24_100
    assert set(result.hourly["rule"]) == {"E4"}


def test_during_an_outage_nothing_was_used() -> None:
    rows = make_home(24 * 70)
    at = START + DAY * 62
    counted = rows[24 * 63]["value"] - rows[24 * 62]["value"]
    del rows[24 * 62 + 1 : 24 * 63]
    outage = [{"series": 1, "start": at + HOUR * 6, "stop": at + HOUR * 18}]
    found = amounts(derive_around(rows, at, outages=outage), at, 24)
    assert found[6:18] == [(0, 20, "outage")] * 12
    assert sum(value for value, _, _ in found) == counted


def test_while_no_meter_is_installed_hours_are_missing_and_not_estimated() -> None:
    gone, back = START + HOUR * 10, START + HOUR * 40 + dt.timedelta(minutes=30)
    rows = hourly_register(START, [1000] * 10) + hourly_register(back, [2000] * 11, register=2)
    feeds = [feed(START, gone, end_value=10_000), feed(back, register=2, start_value=0)]
    inputs = make_inputs(rows, feeds)
    result = derive(inputs, START.date(), START.date() + DAY * 3, horizon=back + HOUR * 10 + QUARTER * 2)
    found = values(result)
    assert found[START + HOUR * 20] is None
    assert set(result.hourly.filter(pl.col("value").is_null())["rule"]) == {"unmetered"}
    assert found[START + HOUR * 40] == 1000
    assert total(result) == 10_000 + 1000 + 2000 * 10


def test_nothing_is_derived_after_the_horizon_and_no_day_that_has_not_ended() -> None:
    rows = make_home(100)
    result = derive_around(rows, START, days=6, horizon=START + HOUR * 50)
    assert result.hourly["hour"].max() == START + HOUR * 49
    assert result.daily["day"].max() == dt.date(2026, 1, 6)


def test_amounts_of_intervals_are_the_hours_and_a_missing_one_is_estimated() -> None:
    rows = [reading(START + HOUR * (n + 1), day_use(n)) for n in range(24 * 70)]
    at = START + DAY * 62 + HOUR * 17
    del rows[24 * 62 + 17 : 24 * 62 + 19]
    result = derive_around(rows, at, those=[series(kind="interval", interval_s=3600)])
    assert amounts(result, at - HOUR, 4) == [
        (20_000, 50, None),
        (50_000, 20, "E3"),
        (60_000, 20, "E3"),
        (40_000, 50, None),
    ]


def test_quarters_of_intervals_make_hours_and_are_given_back() -> None:
    rows = [reading(START + QUARTER * (n + 1), n % 7) for n in range(96)]
    del rows[10]
    inputs = make_inputs(rows, [feed(START)], [series(kind="interval", interval_s=900)])
    result = derive(inputs, START.date(), START.date() + DAY, horizon=START + DAY)
    assert result.hourly["value"][0] == 0 + 1 + 2 + 3
    quarters = derive_quarters(inputs, result.hourly)
    assert quarters.height == result.hourly.height * 4
    assert quarters["value"].to_list()[:8] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert quarters.filter(pl.col("quality") < 50)["quarter"].dt.hour().unique().to_list() == [2]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), spread=st.integers(1, 5))
def test_four_quarters_sum_to_the_hour(seed: int, spread: int) -> None:
    """However often the register was read."""
    rng = np.random.default_rng(seed)
    at, value, rows = START, 0, [reading(START, 0)]
    while at < START + DAY * 2:
        at += dt.timedelta(seconds=int(rng.integers(30, 1800 * spread)))
        value += int(rng.integers(0, 9000))
        rows.append(reading(at, value))
    inputs = make_inputs(rows, [feed(START)])
    hourly = derive(inputs, START.date(), START.date() + DAY * 2, horizon=START + DAY * 2).hourly
    quarters = derive_quarters(inputs, hourly)
    sums = quarters.group_by("series", pl.col("quarter").dt.truncate("1h").alias("hour")).agg(
        pl.col("value").sum(), lowest=pl.col("value").min()
    )
    both = hourly.join(sums, on=["series", "hour"], suffix="_of_four")
    assert both.height == hourly.height == quarters.height // 4
    assert both["value"].equals(both["value_of_four"], check_names=False)
    assert (both["lowest"] >= 0).all()


def test_a_gauge_has_the_mean_of_the_hour_and_a_line_across_short_gaps() -> None:
    """Halves away from zero, also below zero; a gap beyond six hours stays missing."""
    rows = [reading(START + dt.timedelta(minutes=20 * n), v) for n, v in enumerate([-10, -11, -10, 20, 21, 22])]
    rows += [reading(START + HOUR * 4, 51), reading(START + HOUR * 12, 100)]
    inputs = make_inputs(rows, [feed(START)], [series(kind="gauge", meter_class="gauge")])
    result = derive(inputs, START.date(), START.date() + DAY, horizon=START + HOUR * 13)
    assert result.hourly["value"].to_list()[:5] == [-10, 21, 31, 41, 51]
    assert result.hourly["rule"].to_list()[:6] == [None, None, "E2", "E2", None, "missing"]
    assert result.hourly["quality"].to_list()[5:12] == [0] * 7
    assert result.hourly["value"].to_list()[12] == 100


def test_the_day_of_a_gauge_is_a_mean() -> None:
    first = utc(2026, 1, 5, 23)
    rows = [reading(first + HOUR * n, 10 * n) for n in range(24)]
    inputs = make_inputs(rows, [feed(first)], [series(kind="gauge")])
    result = derive(inputs, dt.date(2026, 1, 6), dt.date(2026, 1, 7), horizon=first + DAY)
    assert result.daily.select("value", "min_hour", "max_hour", "night_value").row(0) == (115, 0, 230, 30)
    again = derive_daily(result.hourly, gauges=[1], known_at=KNOWN)
    assert again.equals(result.daily)


def test_days_of_rows_are_days_of_the_grid() -> None:
    """The two ways to days agree, missing hours and all."""
    rows = hourly_register(START, [1000] * 80) + hourly_register(START + DAY * 9, [1000] * 80, first=90_000)
    result = derive(
        make_inputs(rows, [feed(START)]), dt.date(2026, 1, 6), dt.date(2026, 1, 17), horizon=utc(2026, 1, 16, 23)
    )
    assert derive_daily(result.hourly, known_at=KNOWN).equals(result.daily)


def test_a_virtual_series_has_the_lowest_quality_of_its_parts_and_misses_what_they_miss() -> None:
    def rows(number: int, those: list[tuple[int | None, int]]) -> list[dict[str, Any]]:
        return [
            {"series": number, "hour": START + HOUR * n, "value": value, "quality": quality, "known_at": KNOWN}
            for n, (value, quality) in enumerate(those)
        ]

    hourly = frame(
        HOURLY, rows(1, [(100, 50), (100, 50), (100, 50), (100, 50)]) + rows(2, [(40, 50), (40, 20), (None, 0)])
    )
    terms = pl.DataFrame([(9, 1, 1, False), (9, 2, -1, False)], schema=TERMS, orient="row")
    found = derive_virtual(terms, hourly, known_at=KNOWN)
    assert found.select("value", "quality", "rule").rows() == [
        (60, 50, "virtual"),
        (60, 20, "virtual"),
        (None, 0, "missing"),
        (None, 0, "missing"),
    ]


def test_export_and_import_are_series_of_their_own() -> None:
    rows = hourly_register(START, [500] * 5) + hourly_register(START, [0, 0, 90, 80, 0], register=2)
    inputs = make_inputs(rows, [feed(START), feed(START, series=2, register=2)], [series(1), series(2)])
    result = derive(inputs, START.date(), START.date() + DAY, horizon=START + HOUR * 5)
    assert sum(v or 0 for v in values(result, 1).values()) == 2500
    assert list(values(result, 2).values()) == [0, 0, 90, 80, 0]


def test_a_telegram_every_16_seconds_gives_the_hours_of_the_register() -> None:
    step = dt.timedelta(seconds=16)
    rows = [reading(START + step * n, 10 * n) for n in range(225 * 5 + 1)]
    result = derive(make_inputs(rows, [feed(START)]), START.date(), START.date() + DAY, horizon=START + HOUR * 5)
    assert result.hourly["value"].to_list() == [2250] * 5
    assert set(result.hourly["quality"]) == {50}


def test_series_whose_readings_do_not_reach_far_enough_are_named() -> None:
    rows = make_home(24 * 30) + [reading(START + DAY * n, 1000 * n, register=2) for n in (0, 14, 29)]
    inputs = make_inputs(rows, [feed(START), feed(START, series=2, register=2)], [series(1), series(2)])
    day = (START + DAY * 15).date()
    assert find_unanchored(inputs, start=day, stop=day + DAY, horizon=START + DAY * 30) == [2]


@pytest.mark.parametrize("zone", ["Asia/Kolkata"])
def test_zones_that_are_not_whole_hours_from_utc_are_refused(zone: str) -> None:
    from zoneinfo import ZoneInfo

    with pytest.raises(ValueError, match="not whole hours from UTC"):
        derive(make_inputs(make_home(10), [feed(START)]), START.date(), START.date() + DAY, zone=ZoneInfo(zone))
