# SPDX-License-Identifier: Apache-2.0
"""The realism report: its figures hold against published ones, and its pictures are pictures."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from avlest.simulate.report import Report, make_report, write_report
from avlest.simulate.report.figures import derive_half_share
from avlest.simulate.report.make import load_published
from avlest.simulate.report.measured import read_flat, read_zones
from avlest.simulate.world import make_world
from tests.conftest import ROOT

START = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def report() -> Report:
    """A year of 250 homes."""
    return make_report(make_world(250, 4, start=START, stop=START + timedelta(days=365)))


def test_the_simulated_homes_lie_within_published_figures(report: Report) -> None:
    """Litres a person, losses of the network, kilowatt-hours a house."""
    published = load_published()
    for code, bounds in published.items():
        assert bounds["low"] <= getattr(report.figures, code) <= bounds["high"], code


def test_days_and_nights_have_the_shape_of_homes(report: Report) -> None:
    """Little at night, a morning and an evening; homes differ, and some hours are quiet."""
    figures = report.figures
    assert figures.working_day[2:4].max() < 0.3 < 1.2 < figures.working_day[6:9].max() < 2.2
    assert figures.working_day[17:22].max() > 1.1
    assert 0.5 < figures.night_litres < 3
    assert 0.2 < figures.quiet_share < 0.5
    assert 0.22 < figures.half_share < 0.4
    assert figures.heat_months[0] > 1.2 > 0.5 > figures.heat_months[6]


def test_half_of_the_use_is_counted_from_the_largest() -> None:
    """Two of ten homes that use half of all are a fifth."""
    assert derive_half_share(np.array([1.0] * 8 + [4.0, 4.0])) == pytest.approx(0.2)


def test_the_page_has_a_table_and_its_pictures(report: Report, tmp_path: Path) -> None:
    """Written once more, the bytes are the same; every picture is well-formed and has a title."""
    page = write_report(report, tmp_path / "report")
    text = page.read_text(encoding="utf-8")
    assert "litres a person and day" in text and "measured data were not found" in text
    for name in report.pictures:
        assert f"({name})" in text
        root = ElementTree.fromstring((tmp_path / "report" / name).read_text(encoding="utf-8"))
        assert root.tag.endswith("svg") and root.get("aria-label")


def test_measured_data_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    """No folder, no column."""
    assert read_zones(tmp_path) is None and read_flat(tmp_path) is None


def test_measured_zones_are_read() -> None:
    """Ten zones with a quiet night; skipped where the data are not at hand."""
    zones = read_zones(_find_data())
    if zones is None:
        pytest.skip("the measured supply zones (bwdf_dma_water) are not here")
    assert zones.count == 10
    assert zones.working_day.mean() == pytest.approx(1, abs=0.1)
    assert 0.4 < zones.minimum[1] < 0.9


def test_the_measured_flat_is_read() -> None:
    """A toilet with its flushes; skipped where the data are not at hand."""
    flat = read_flat(_find_data())
    if flat is None:
        pytest.skip("the measured flat (weusedto) is not here")
    assert 1 < flat.flushes_a_day < 10
    assert 0.2 < flat.busy.mean() < 0.6
    assert flat.busy[3] < flat.busy[8]


def _find_data() -> Path:
    return Path(os.environ.get("AVLEST_SHARED", ROOT.parent / "shared")) / "data"
