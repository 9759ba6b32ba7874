# SPDX-License-Identifier: Apache-2.0
"""Totals, completeness and latest values."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from avlest.readings.calendar import derive_day_start
from avlest.readings.quality import Quality
from avlest.readings.queries import (
    get_completeness,
    get_day_totals,
    get_derive_progress,
    get_latest_values,
    get_quarters,
    get_totals,
)
from avlest.readings.totals import HOURS, derive_totals
from tests.readings.plant import DAY, HOUR, NOW, START, Plant


def test_totals_tell_how_sure_they_are(plant: Plant) -> None:
    """A period with a gap: its sum is the register's, and the shares say how much of it was measured."""
    register, series = plant.make_meter()
    plant.hear(register, [(START + HOUR * n, 10_000 * n) for n in range(10 * 24) if not 30 < n < 40])
    plant.derive()
    periods = [(START, START + 2 * DAY), (START + 30 * HOUR, START + 40 * HOUR), (START - DAY, START + DAY)]
    rows = get_totals(plant.store, [series], periods).to_dicts()
    assert [row["value"] for row in rows] == [480_000, 100_000, 240_000]
    assert (rows[0]["hours"], rows[0]["hours_measured"], rows[0]["hours_estimated"]) == (48, 38, 10)
    assert (rows[0]["value_measured"], rows[0]["value_estimated"]) == (380_000, 100_000)
    assert rows[0]["quality"] == Quality.ESTIMATED
    assert (rows[2]["hours_missing"], rows[2]["quality"]) == (24, 0)


def test_totals_of_days_of_many_periods_are_those_of_the_hours(plant: Plant) -> None:
    """Each row has a period of its own, over the turn of a year too; missing days are counted."""
    series = []
    for number in range(3):
        register, one = plant.make_meter(since=START - 90 * DAY)
        plant.hear_hours(register, use=1_000 * (number + 1), hours=100 * 24, since=START - 90 * DAY)
        series.append(one)
    plant.derive()
    wanted = pl.DataFrame(
        {
            "series": [series[2], series[0], series[1], series[0]],
            "start": [date(2026, 3, 1), date(2025, 12, 20), date(2026, 1, 1), date(2026, 3, 5)],
            "stop": [date(2026, 3, 3), date(2026, 1, 10), date(2026, 1, 1), date(2026, 4, 1)],
            "key": ["a", "b", "c", "d"],
        }
    )
    rows = get_day_totals(plant.store, wanted)
    assert rows["key"].to_list() == ["a", "b", "c", "d"]
    assert rows["value"].to_list()[:3] == [2 * 24 * 3_000, 21 * 24 * 1_000, None]
    assert rows["days"].to_list() == [2, 21, 0, 27]
    assert rows["days_missing"].to_list()[:2] == [0, 0]
    assert rows["days_missing"][3] > 0
    assert rows["quality"].to_list()[0] == Quality.MEASURED


def test_completeness_has_a_row_for_each_day(plant: Plant) -> None:
    """Days without anything, and the day of 23 hours."""
    plant.now = START + 40 * DAY
    register, series = plant.make_meter(since=START + 26 * DAY)
    plant.hear_hours(register, hours=48, since=START + 26 * DAY)
    plant.derive()
    rows = get_completeness(plant.store, [series], date(2026, 3, 26), date(2026, 3, 31)).to_dicts()
    assert [row["hours"] for row in rows] == [24, 24, 24, 23, 24]
    assert [row["measured"] for row in rows] == [0, 24, 24, 0, 0]
    assert rows[0]["missing"] == 24
    assert rows[3]["estimated"] + rows[3]["missing"] == 23


def test_the_latest_value_is_that_of_the_meter_that_hangs_there(plant: Plant) -> None:
    """The newest reading of the register that feeds the series, with its time."""
    register, series = plant.make_meter()
    plant.hear_hours(register, hours=50)
    rows = get_latest_values(plant.store, [series]).to_dicts()
    assert rows == [{"series": series, "register": register, "at": START + 50 * HOUR, "value": 500_000, "quality": 50}]


def test_quarters_sum_to_their_hours(plant: Plant) -> None:
    """Readings each 15 minutes: measured quarters; in a gap the hour's value is split and estimated."""
    register, series = plant.make_meter()
    step = timedelta(minutes=15)
    rows = [(START + step * n, 1_000 * n + 17 * (n % 5)) for n in range(4 * 24 * 5) if not 100 < n < 120]
    plant.hear(register, rows)
    plant.derive()
    hours = plant.hours(series, START, START + 4 * DAY)
    fine = get_quarters(plant.store, [series], START, START + 4 * DAY)
    sums = fine.group_by(pl.col("quarter").dt.truncate("1h").alias("hour")).agg(pl.col("value").sum()).sort("hour")
    assert sums["value"].to_list() == hours["value"].to_list()
    assert fine.height == 4 * hours.height
    assert (fine.filter(pl.col("quarter") < START + DAY)["quality"] == Quality.MEASURED).all()


def test_progress_says_what_waits(plant: Plant) -> None:
    """Before the first derivation nothing is known; after it the horizon is told and nothing waits."""
    assert get_derive_progress().horizon is None
    register, _ = plant.make_meter()
    plant.hear_hours(register)
    plant.derive()
    told = get_derive_progress()
    assert (told.horizon, told.waiting, told.failing, told.error) == (derive_day_start(date(2026, 3, 20)), 0, 0, "")
    assert told.horizon is not None
    assert told.horizon < NOW


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.integers(0, 40), st.none() | st.integers(0, 10**6), st.sampled_from([0, 20, 35, 50])
        ),
        unique_by=lambda row: row[:2],
        max_size=60,
    ),
    st.lists(st.tuples(st.integers(-5, 45), st.integers(1, 30)), min_size=1, max_size=4),
)
def test_parts_of_a_total_sum_to_it(rows: list[tuple[int, int, int | None, int]], spans: list[tuple[int, int]]) -> None:
    """Whatever hours there are: amounts and counts by group sum to those of the period."""
    frame = pl.DataFrame(
        [(series, START + HOUR * n, value, quality, None, START) for series, n, value, quality in rows],
        schema=dict(HOURS),
        orient="row",
    )
    periods: list[tuple[datetime, datetime]] = [(START + HOUR * n, START + HOUR * (n + long)) for n, long in spans]
    for row in derive_totals(frame, [1, 2, 3], periods).iter_rows(named=True):
        inside = [
            (value, quality)
            for series, n, value, quality in rows
            if series == row["series"] and row["start"] <= START + HOUR * n < row["stop"] and value is not None
        ]
        assert row["value"] == (sum(value for value, _ in inside) if inside else None)
        assert row["value_measured"] + row["value_edited"] + row["value_estimated"] == (row["value"] or 0)
        assert row["hours_measured"] + row["hours_edited"] + row["hours_estimated"] == row["hours_known"] == len(inside)
        assert row["hours_known"] + row["hours_missing"] == row["hours"]
