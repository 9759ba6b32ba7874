# SPDX-License-Identifier: Apache-2.0
"""Rules V01 to V15: what each finds, what it leaves alone, and what becomes of the hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from avlest.readings.quality import Quality
from avlest.readings.vee import (
    VeeError,
    VeeResult,
    check_messages,
    check_parents,
    check_periods,
    check_relations,
    check_stuck,
    check_sums,
    load_thresholds,
    resolve_thresholds,
)
from avlest.readings.vee.checks import PARENTS, RELATIONS
from avlest.readings.vee.contracts import DAILY, HOURLY, LIMITS, SERIES
from avlest.readings.vee.thresholds import parse_thresholds
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
    total,
    utc,
    values,
)

START = utc(2026, 11, 2)
WATER = [series(meter_class="water_home")]


def derive_rows(
    rows: list[dict[str, Any]], *, hours: int, feeds: list[dict[str, Any]] | None = None, **more: Any
) -> VeeResult:
    those = more.pop("those", WATER)
    inputs = make_inputs(rows, feeds or [feed(START)], those, **more)
    return derive(inputs, START.date(), START.date() + DAY * (hours // 24 + 1), horizon=START + HOUR * hours)


def said(result: VeeResult) -> list[tuple[str, str]]:
    return sorted(set(result.findings.select("rule", "detail").iter_rows()))


def states(*values: int) -> list[dict[str, Any]]:
    """Litres on full hours."""
    return [reading(START + HOUR * n, value * 1000) for n, value in enumerate(values)]


def test_an_equal_reading_again_is_dropped_silently() -> None:
    rows = states(1, 2, 3) * 2
    result = derive_rows(rows, hours=2)
    assert result.hourly["value"].to_list() == [1000, 1000]
    assert result.findings.is_empty()


def test_readings_from_the_future_are_left_out() -> None:
    rows = states(1, 2, 3)
    rows[1] |= {"value": 99_000, "known_at": rows[1]["at"] - dt.timedelta(minutes=11)}
    result = derive_rows(rows, hours=2)
    assert said(result) == [("V02", "future")]
    assert total(result) == 2000
    rows[1] |= {"value": 2000, "known_at": rows[1]["at"] - dt.timedelta(minutes=9)}
    assert derive_rows(rows, hours=2).findings.is_empty()


@pytest.mark.parametrize(
    ("seconds", "severity", "left_out"),
    [(60, None, False), (-61, "info", False), (300, "info", False), (-301, "reject", True)],
)
def test_a_clock_that_is_off_warns_and_then_rejects(seconds: int, severity: str | None, left_out: bool) -> None:
    inputs = make_inputs(states(1, 2, 3), [feed(START)], WATER)
    clocks = inputs.readings.with_columns(clock_s=pl.Series([0, seconds, 0]))
    inputs = type(inputs)(clocks, inputs.feeds, inputs.series)
    result = derive(inputs, START.date(), START.date() + DAY, horizon=START + HOUR * 2)
    assert result.findings["severity"].to_list() == ([severity] if severity else [])
    assert (result.hourly["quality"] < 50).any() == left_out


def test_a_register_of_another_unit_is_left_out() -> None:
    result = derive_rows(states(1, 2, 3), hours=2, feeds=[feed(START, unit="kwh")])
    assert said(result) == [("V03", "unit")]
    assert result.hourly["value"].null_count() == 2


def test_readings_of_a_meter_that_is_not_installed_wait() -> None:
    change = START + HOUR * 3
    rows = states(1, 2, 3, 4, 5, 6) + [reading(change + HOUR * n, 1000 * n, register=2) for n in range(4)]
    result = derive_rows(rows, hours=6, feeds=[feed(START, change), feed(change, register=2)])
    assert said(result) == [("V04", "not installed")]
    assert result.findings["value"].to_list() == [2]
    assert total(result) == 6000


def test_a_fall_of_a_litre_is_noise() -> None:
    """Nothing is used while it lies lower, and the sum stays the register's."""
    result = derive_rows(states(10, 12, 11, 11, 14), hours=4)
    assert result.hourly["value"].to_list() == [2000, 0, 0, 2000]
    assert set(result.hourly["quality"]) == {Quality.MEASURED}
    assert result.findings.is_empty()


def test_noise_that_stays_counts_nothing_and_goes_on_from_there() -> None:
    result = derive_rows(states(10, *[9] * 60, 12), hours=61)
    assert total(result) == 3000
    assert result.hourly["value"].min() == 0
    assert set(result.hourly["quality"]) == {Quality.MEASURED}


def test_readings_below_those_around_are_left_out_and_their_use_is_kept() -> None:
    result = derive_rows(states(100, 110, 20, 25, 140, 150), hours=5)
    assert said(result) == [("V05", "below the readings around")]
    assert total(result) == 50_000
    assert result.hourly["rule"].to_list() == [None, "E2", "E2", "E2", None]


def test_a_register_that_begins_anew_is_a_task_and_nothing_negative() -> None:
    result = derive_rows(states(900_000, 900_010, 5, 15, 25), hours=4)
    assert said(result) == [("V05", "begins anew")]
    assert result.findings["severity"].to_list() == ["task"]
    assert result.hourly["value"].to_list() == [10_000, 10_000, 10_000, 10_000]
    assert result.hourly["quality"].to_list() == [50, 20, 50, 50]


def test_a_leap_that_is_taken_back_is_left_out() -> None:
    result = derive_rows(states(100, 110, 90_000, 90_010, 130, 140), hours=5)
    assert said(result) == [("V06", "above the readings around")]
    assert total(result) == 40_000


def test_a_leap_that_stays_is_not_billed_until_somebody_accepts_it() -> None:
    rows = states(100, 110, 90_000, 90_010, 90_020)
    result = derive_rows(rows, hours=4)
    assert said(result) == [("V06", "stays above what is possible")]
    assert result.findings["action"].to_list() == ["accept"]
    assert result.hourly["quality"].to_list() == [50, 20, 50, 50]
    assert total(result) < 100_000
    at = START + HOUR * 2
    accept = {"series": 1, "start": at, "stop": at, "action": "accept", "known_at": KNOWN}
    accepted = derive_rows(rows, hours=4, decisions=[accept])
    assert total(accepted) == 89_920_000
    assert accepted.findings["rule"].to_list() in ([], ["V07"])


def test_a_series_own_limit_stands_above_its_class() -> None:
    rows = states(100, 110, 4000, 4010)
    assert derive_rows(rows, hours=3).findings.is_empty()
    own = derive_rows(rows, hours=3, limits=[{"series": 1, "name": "max_per_hour", "value": 100_000.0}])
    assert rules(own) == ["V06"]
    with pytest.raises(VeeError, match="'most' is not one of"):
        derive_rows(rows, hours=3, limits=[{"series": 1, "name": "most", "value": 1.0}])


def test_impossible_amounts_are_left_out() -> None:
    rows = [reading(START + HOUR * n, value) for n, value in ((1, 500), (2, -3), (3, 99_000_000), (4, 500))]
    result = derive_rows(rows, hours=4, those=[series(kind="interval", meter_class="electricity_tn")])
    assert said(result) == [("V05", "negative"), ("V06", "")]
    assert result.hourly["quality"].to_list() == [50, 20, 20, 50]


def test_a_spike_is_told_and_stands() -> None:
    start = START - DAY * 60
    rows = hourly_register(start, [20_000] * 24 * 61)
    for row in rows[24 * 60 + 5 :]:
        row["value"] += 700_000
    inputs = make_inputs(rows, [feed(start)], WATER)
    result = derive(inputs, START.date(), START.date() + DAY, horizon=START + DAY)
    found = result.findings.select("rule", "start", "value", "limit").row(0)
    assert found == ("V07", START + HOUR * 4, 720_000, 500_000)
    assert values(result)[START + HOUR * 4] == 720_000


def test_long_gaps_are_told_and_very_long_ones_are_a_task() -> None:
    rows = [*states(1, 2), reading(START + HOUR * 30, 30000), reading(START + DAY * 40, 40000)]
    result = derive_rows(rows, hours=24 * 40)
    assert result.findings.select("rule", "detail", "severity", "value").rows() == [
        ("V11", "gap", "info", 29 * 3600),
        ("V11", "prolonged", "task", (40 * 24 - 30) * 3600),
    ]


def test_meters_that_send_four_times_a_day_have_no_gap() -> None:
    """The sums are measured, the hours between are estimated."""
    rows = [reading(START + HOUR * 6 * n, 6000 * n) for n in range(9)]
    result = derive_rows(rows, hours=48, those=[series(meter_class="water_home", cadence_s=21_600)])
    assert result.findings.is_empty()
    assert result.hourly["value"].to_list() == [1000] * 48
    assert set(result.hourly["rule"]) == {"E2"}


def test_hourly_values_inside_a_later_message_count_as_measured() -> None:
    rows = [reading(START + HOUR * n, 1000 * n, known=START + HOUR * 6) for n in range(7)]
    result = derive_rows(rows, hours=6)
    assert set(result.hourly["quality"]) == {Quality.MEASURED}


def test_info_codes_make_a_reading_suspect_and_tamper_a_task() -> None:
    rows = states(*range(8))
    for number, status in ((2, 7), (3, 7), (5, 9)):
        rows[number]["status"] = status
    statuses = [{"status": 7, "tamper": False, "dry": True}, {"status": 9, "tamper": True, "dry": None}]
    result = derive_rows(rows, hours=7, statuses=statuses)
    found = result.findings.select("detail", "severity", "action", "value").sort("detail").rows()
    assert found == [("dry", "suspect", "", 2), ("tamper", "task", "discretion", 1)]
    assert total(result) == 7000


def make_days(number: int, amounts: list[int | None], *, first: dt.date = dt.date(2026, 9, 1)) -> list[dict[str, Any]]:
    return [
        {
            "series": number,
            "day": first + DAY * n,
            "value": value,
            "quality": 50,
            "hours_measured": 24,
            "known_at": KNOWN,
        }
        for n, value in enumerate(amounts)
    ]


def thresholds(*those: dict[str, Any]) -> pl.DataFrame:
    return resolve_thresholds(frame(SERIES, those), frame(LIMITS, []), book=load_thresholds(), day=dt.date(2026, 11, 1))


def test_days_far_above_or_below_the_usual_are_suspect() -> None:
    usual = [600_000] * 56
    daily = frame(
        DAILY, make_days(1, [*usual, 3_100_000]) + make_days(2, [*usual, 100_000]) + make_days(3, [*usual, 3_000_000])
    )
    limits = thresholds(*(series(n, meter_class="water_home") for n in (1, 2, 3)))
    found = check_periods(daily, limits, start=dt.date(2026, 10, 27))
    assert found.select("series", "rule", "detail").rows() == [(1, "V08", "high day"), (2, "V08", "low day")]
    assert found["start"][0] == utc(2026, 10, 26, 23)


@pytest.mark.parametrize(
    ("meter_class", "days", "told"),
    [
        ("water_home", 29, False),
        ("water_home", 30, True),
        ("water_cabin", 89, False),
        ("water_cabin", 90, True),
        ("electricity", 7, True),
    ],
)
def test_a_register_that_stands_still_is_suspect_after_days_of_its_class(
    meter_class: str, days: int, told: bool
) -> None:
    daily = frame(DAILY, make_days(1, [1000] + [0] * days))
    found = check_stuck(daily, thresholds(series(meter_class=meter_class)), until=dt.date(2026, 9, 2) + DAY * days)
    assert found["value"].to_list() == ([days] if told else [])


def test_heat_stands_still_only_in_the_cold() -> None:
    daily = frame(DAILY, make_days(1, [0] * 40))
    limits = thresholds(series(meter_class="heat"))
    until = dt.date(2026, 10, 11)
    for degrees, told in ((9.0, 0), (11.0, 1)):
        cold = pl.DataFrame({"series": [1] * 40, "day": daily["day"], "value": [degrees] * 40})
        assert check_stuck(daily, limits, until=until, degree_days=cold).height == told


def make_hours(number: int, amounts: list[int]) -> list[dict[str, Any]]:
    return [
        {"series": number, "hour": START + HOUR * n, "value": value, "quality": 50, "known_at": KNOWN}
        for n, value in enumerate(amounts)
    ]


def test_a_heat_meter_whose_quantities_contradict_is_suspect() -> None:
    hourly = frame(
        HOURLY,
        make_hours(1, [5, 0, 0]) + make_hours(2, [9, 9, 0]) + make_hours(3, [60, 60, 40]) + make_hours(4, [30, 30, 41]),
    )
    relations = pl.DataFrame([(1, 2, 3, 4)], schema=RELATIONS, orient="row")
    found = check_relations(hourly, relations).select("series", "rule", "detail", "start").sort("detail").rows()
    assert found == [(1, "V12", "no energy", START + HOUR), (1, "V12", "return above supply", START + HOUR * 2)]


def test_children_above_their_parent_are_all_suspect() -> None:
    """Σ children > 1.02 × parent, strictly."""
    daily = frame(
        DAILY, make_days(1, [1000, 1000, 1000]) + make_days(2, [510, 511, 600]) + make_days(3, [510, 510, None])
    )
    parents = pl.DataFrame([(2, 1, 1.02), (3, 1, 1.02)], schema=PARENTS, orient="row")
    found = check_parents(daily, parents)
    assert found.select("series", "value", "limit").rows() == [(1, 1021, 1000), (2, 1021, 1000), (3, 1021, 1000)]


def test_amounts_that_do_not_sum_to_the_register_are_told() -> None:
    rows = pl.DataFrame(
        {
            "series": [1, 2],
            "start": [START] * 2,
            "stop": [START + DAY] * 2,
            "amounts": [5000, 5000],
            "difference": [4000, 3999],
            "step": [1000, 1000],
        }
    )
    assert check_sums(rows).select("series", "rule", "value", "limit").rows() == [(2, "V10", 5000, 3999)]


def test_messages_that_failed_their_check_are_told() -> None:
    rows = pl.DataFrame(
        {"series": [1, 1, 2], "at": [START, START + HOUR, START], "outcome": ["bad_crc", "bad_crc", "wrong_key"]}
    )
    assert check_messages(rows).select("series", "rule", "detail", "value").rows() == [
        (1, "V14", "bad_crc", 2),
        (2, "V14", "wrong_key", 1),
    ]


def test_every_rule_and_threshold_has_a_severity_a_date_and_a_source() -> None:
    book = load_thresholds()
    assert list(book.rules) == [f"V{n:02}" for n in range(1, 16)]
    assert {rule.severity for rule in book.rules.values()} <= {"info", "suspect", "reject", "task"}
    assert all(row.source and row.valid_from for row in book.rows)
    assert all(set(book.values_on(name, dt.date(2026, 1, 1))) == set(book.names) for name in book.parents)


DATED = """
[rules]
V05 = { title = "negative", severity = "reject" }
[classes]
any = { parent = "", title = "anything" }
home = { parent = "any", title = "home" }
[[threshold]]
class = "any"
valid_from = 2020-01-01
source = "a"
[threshold.values]
jitter = 1
[[threshold]]
class = "home"
valid_from = 2026-01-01
valid_to = 2027-01-01
source = "b"
[threshold.values]
jitter = 2
"""


def test_thresholds_count_from_their_date_to_their_end() -> None:
    book = parse_thresholds(DATED)
    jitters = [
        book.values_on("home", day)["jitter"]
        for day in (dt.date(2019, 1, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    ]
    assert jitters == [1, 1, 2, 1]
    assert book.dates == (dt.date(2020, 1, 1), dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    with pytest.raises(KeyError, match="no meter class 'boat'; the classes are any, home"):
        book.values_on("boat", dt.date(2026, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('parent = "any"', 'parent = "none"', "parent 'none' is not a class"),
        ('class = "home"', 'class = "boat"', "threshold 2: class 'boat'"),
        ('source = "b"', 'source = ""', "threshold 2: expected a date"),
        ("jitter = 2", "jiter = 2", "jiter is not one of class any"),
    ],
)
def test_a_threshold_file_in_error_says_where(old: str, new: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_thresholds(DATED.replace(old, new))


@pytest.mark.parametrize(
    ("those", "message"),
    [
        ([series(), series()], "stands there twice"),
        ([series(kind="pulse")], "pulse is not one of counter"),
        ([series(meter_class="boat")], "no meter class 'boat'"),
    ],
)
def test_series_that_make_no_sense_are_refused_by_name(those: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(VeeError, match=message):
        derive_rows(states(1, 2), hours=1, those=those)


def test_frames_without_their_columns_are_refused_by_name() -> None:
    inputs = make_inputs(states(1, 2), [feed(START)])
    for name, column in (("readings", "known_at"), ("feeds", "starts_at"), ("series", "kind")):
        wrong = {field: getattr(inputs, field) for field in ("readings", "feeds", "series")}
        wrong[name] = wrong[name].drop(column)
        with pytest.raises(VeeError, match=f"{name}.{column}: missing"):
            derive(type(inputs)(**wrong), START.date(), START.date() + DAY)
    with pytest.raises(VeeError, match="is not after"):
        derive(inputs, START.date(), START.date())
