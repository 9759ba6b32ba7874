# SPDX-License-Identifier: Apache-2.0
"""Real series: district areas of a water network with real gaps and clock changes, and a Danish heat meter."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from avlest.readings.vee import VeeInputs
from bench import real_series as bench
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("AVLEST_SHARED", ROOT.parent / "shared")) / "data"
    if not (folder / "bwdf_dma_water").is_dir():
        pytest.skip("the shared data are not here: set AVLEST_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="module")
def areas(data: Path) -> bench.Areas:
    return bench.load_areas(data)


def test_known_hours_stay_as_they_are_and_the_others_are_told_apart(areas: bench.Areas) -> None:
    """Also around both clock changes: the file's local hours become UTC hours one by one."""
    known = ~np.isnan(areas.value)
    found, result = bench.derive_areas(areas, bench.make_amounts(areas, known))
    assert known.sum() > 180_000
    assert np.array_equal(found[known], areas.value[known])
    assert set(result.hourly.filter(pl.col("quality") == 50)["rule"]) == {None}
    assert result.hourly.filter(pl.col("quality") == 50).height == known.sum()
    hours = result.daily.filter(pl.col("day").cast(pl.String).is_in(["2021-03-28", "2021-10-31", "2022-03-27"]))
    assert set(hours.filter(pl.col("series") == 1).sort("day")["hours_measured"].to_list()) == {23, 25}


def test_our_estimates_are_nearer_than_a_line_and_last_week(areas: bench.Areas) -> None:
    """With a seed that nothing was tuned on."""
    for methods in bench.compare(areas, share=0.05, seed=20261123).values():
        ours = methods["profile"]
        assert ours.mean() < 0.9 * methods["last week"].mean()
        assert ours.mean() < 0.5 * methods["linear"].mean()


def test_the_danish_heat_meters_hours_sum_to_its_register(data: Path) -> None:
    inputs = bench.load_heat(data / "danish_heat_sample" / "processed_final_data_sample.csv")
    result = bench.derive_heat(inputs)
    states = inputs.readings.sort("at")["value"]
    assert result.hourly["value"].sum() == states[-1] - states[0]
    assert set(result.hourly["quality"]) == {50}
    assert set(result.findings["rule"]) <= {"V07", "V11"}


def test_resets_and_gaps_of_the_heat_meter_are_classified(data: Path) -> None:
    """The real rows with a hole of two days, a meter error of three hours and a reset put in."""
    inputs = bench.load_heat(data / "danish_heat_sample" / "processed_final_data_sample.csv")
    rows = inputs.readings.sort("at").with_row_index("row")
    hole, error, reset = (
        pl.col("row").is_between(first, last) for first, last in ((5000, 5047), (9000, 9002), (12_000, 10**9))
    )
    value = pl.when(error).then(100).when(reset).then(pl.col("value") - rows["value"][12_000]).otherwise("value")
    changed = rows.filter(~hole).with_columns(value=value).drop("row")
    result = bench.derive_heat(VeeInputs(changed, inputs.feeds, inputs.series))
    told = (
        result.findings.filter(pl.col("rule").is_in(["V05", "V06", "V11"])).select("rule", "detail", "severity").rows()
    )
    assert sorted(told) == [
        ("V05", "begins anew", "task"),
        ("V05", "below the readings around", "reject"),
        ("V11", "gap", "info"),
    ]
    counted = rows["value"][-1] - rows["value"][0]
    assert result.hourly["value"].sum() == pytest.approx(counted, rel=1e-3)
    estimated = result.hourly.filter(pl.col("quality") < 50)
    assert dict(estimated.group_by("rule").len().iter_rows()) == {"E1": 48 + 1 + 3 + 1, "E3": 1}
