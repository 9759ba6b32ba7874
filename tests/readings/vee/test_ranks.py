# SPDX-License-Identifier: Apache-2.0
"""Which of several values counts: ranks, versions, decisions of people, the discretion lock."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.readings.quality import Quality
from avlest.readings.vee import VeeError
from tests.readings.vee.samples import (
    DAY,
    HOUR,
    KNOWN,
    derive,
    feed,
    hourly_register,
    make_inputs,
    reading,
    rules,
    series,
    utc,
    values,
)

START = utc(2026, 11, 2)
NEXT = START.date() + DAY


def decision(hour: int, until: int, action: str, value: int | None = None, *, known: int = 0) -> dict[str, Any]:
    return {
        "series": 1, "start": START + HOUR * hour, "stop": START + HOUR * until, "action": action, "value": value,
        "known_at": KNOWN + HOUR * known,
    }  # fmt: skip


def derive_day(
    rows: list[dict[str, Any]], *decisions: dict[str, Any], hours: int = 12
) -> dict[dt.datetime, tuple[Any, ...]]:
    inputs = make_inputs(rows, [feed(START)], decisions=decisions)
    result = derive(inputs, START.date(), NEXT, horizon=START + HOUR * hours)
    return {row[1]: (row[2], row[3], row[4]) for row in result.hourly.iter_rows()}


VERSIONS = st.lists(
    st.tuples(st.sampled_from([20, 30, 40, 45, 50, 60]), st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=6
)


@settings(deadline=None)
@given(versions=VERSIONS)
def test_of_several_readings_the_highest_rank_counts_then_the_later_known(versions: list[tuple[int, int, int]]) -> None:
    rows = [reading(START, 0)] + [
        reading(START + HOUR, value * 1000, quality=quality, known=KNOWN + HOUR * known)
        for quality, known, value in versions
    ]
    best = max(versions, key=lambda v: (v[0], v[1], v[2]))
    found = derive_day(rows, hours=1)
    assert found[START][:2] == (best[2] * 1000, min(best[0], 50))


def test_a_late_measured_amount_replaces_a_final_estimate() -> None:
    """Elhub allows it; and never the other way round (rules §10, 13)."""
    final = reading(START + HOUR, 700, quality=Quality.FINAL_ESTIMATED, known=KNOWN)
    late = reading(START + HOUR, 650, quality=Quality.MEASURED, known=KNOWN - HOUR)
    inputs = make_inputs([final], [feed(START)], [series(kind="interval")])
    one = derive(inputs, START.date(), NEXT, horizon=START + HOUR)
    assert one.hourly.select("value", "quality").row(0) == (700, 30)
    both = derive(
        make_inputs([late, final], [feed(START)], [series(kind="interval")]), START.date(), NEXT, horizon=START + HOUR
    )
    assert both.hourly.select("value", "quality", "rule").row(0) == (650, 50, None)


def test_temporary_and_rejected_amounts_are_estimated() -> None:
    rows = [reading(START + HOUR * n, 500) for n in range(1, 6)]
    rows[2]["quality"] = int(Quality.TEMPORARY)
    inputs = make_inputs(
        rows, [feed(START)], [series(kind="interval")], expectations=[{"series": 1, "per_year": 8_766_000}]
    )
    result = derive(inputs, START.date(), NEXT, horizon=START + HOUR * 5)
    assert result.hourly.select("value", "quality", "rule").row(2) == (500, 20, "E2")


def test_an_edit_fills_a_gap_and_the_rest_of_it_still_fits_the_registers() -> None:
    rows = hourly_register(START, [1000] * 10)
    del rows[3:6]
    found = derive_day(rows, decision(3, 4, "edit", 2500))
    assert found[START + 3 * HOUR] == (2500, Quality.EDITED, "edit")
    assert sum(found[START + HOUR * n][0] for n in range(2, 6)) == 4000
    assert [found[START + HOUR * n][0] for n in (2, 4, 5)] == [500, 500, 500]


def test_an_edit_gives_way_to_measured_values_and_a_verified_one_does_not() -> None:
    rows = hourly_register(START, [1000] * 10)
    found = derive_day(rows, decision(3, 4, "edit", 2500), decision(5, 6, "verify", 40))
    assert found[START + 3 * HOUR] == (1000, Quality.MEASURED, None)
    assert found[START + 5 * HOUR] == (40, Quality.MANUAL_VERIFIED, "verify")


def test_discretion_holds_against_measured_values_until_released() -> None:
    rows = hourly_register(START, [1000] * 10)
    locked = derive_day(rows, decision(2, 6, "discretion", 8000), decision(3, 4, "verify", 1))
    assert [locked[START + HOUR * n] for n in range(2, 6)] == [(2000, Quality.DISCRETION, "discretion")] * 4
    released = derive_day(rows, decision(2, 6, "discretion", 8000), decision(2, 6, "release", known=1))
    assert [released[START + HOUR * n] for n in range(2, 6)] == [(1000, Quality.MEASURED, None)] * 4


def test_the_later_of_two_edits_counts() -> None:
    rows = hourly_register(START, [1000] * 10)
    del rows[3:6]
    found = derive_day(rows, decision(3, 4, "edit", 2500, known=5), decision(3, 4, "edit", 100, known=1))
    assert found[START + 3 * HOUR][0] == 2500


def test_an_edit_that_does_not_fit_the_registers_is_told() -> None:
    rows = hourly_register(START, [1000] * 10)
    del rows[3:6]
    inputs = make_inputs(rows, [feed(START)], decisions=[decision(3, 4, "edit", 99_000)])
    result = derive(inputs, START.date(), NEXT, horizon=START + HOUR * 10)
    assert rules(result) == ["V10"]
    assert values(result)[START + 3 * HOUR] == 99_000


def test_wrong_readings_can_be_put_aside_and_doubtful_ones_accepted() -> None:
    rows = hourly_register(START, [1000] * 3 + [9_000_000] + [1000] * 6)
    inputs = make_inputs(rows, [feed(START)], [series(meter_class="water_home")])
    doubtful = derive(inputs, START.date(), NEXT, horizon=START + HOUR * 10)
    assert rules(doubtful) == ["V06"]
    assert values(doubtful)[START + 3 * HOUR] is not None
    accepted = make_inputs(
        rows, [feed(START)], [series(meter_class="water_home")], decisions=[decision(4, 4, "accept")]
    )
    result = derive(accepted, START.date(), NEXT, horizon=START + HOUR * 10)
    assert values(result)[START + 3 * HOUR] == 9_000_000
    found = derive_day(hourly_register(START, [1000] * 10), decision(4, 8, "estimate"))
    assert [found[START + HOUR * n] for n in range(4, 8)] == [(1000, Quality.ESTIMATED, "E2")] * 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"value": None}, "needs a value"),
        ({"stop": START + HOUR * 4 + dt.timedelta(minutes=5)}, "no run of full hours"),
        ({"stop": START}, "no run of full hours"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    rows = hourly_register(START, [1000] * 10)
    with pytest.raises(VeeError, match=message):
        derive_day(rows, decision(2, 4, "edit", 100) | wrong)


def test_a_customers_reading_that_the_meter_excludes_is_left_out() -> None:
    rows = hourly_register(START, [1000] * 10)
    rows.append(reading(START + dt.timedelta(minutes=190), 900_000, quality=Quality.CUSTOMER_READ))
    inputs = make_inputs(rows, [feed(START)])
    result = derive(inputs, START.date(), NEXT, horizon=START + HOUR * 10)
    assert set(result.hourly["value"]) == {1000}
    assert result.findings["detail"].to_list() == ["contradicts the meter"]


def test_a_meter_read_by_people_only_is_worth_less_than_measured() -> None:
    rows = [reading(START + HOUR * n, 1000 * n, quality=Quality.CUSTOMER_READ) for n in range(3)]
    inputs = make_inputs(rows, [feed(START)])
    result = derive(inputs, START.date(), NEXT, horizon=START + HOUR * 2)
    assert result.hourly["quality"].to_list() == [45, 45]
    assert pl.Series(result.hourly["value"]).to_list() == [1000, 1000]
