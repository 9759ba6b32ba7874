# SPDX-License-Identifier: Apache-2.0
"""Leaks put into homes are found, in time, without crying wolf: a small run of bench/leaks.py on a seed of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from avlest.insight.contracts import LEAK_KINDS
from bench.leak_homes import BEGIN, make_homes, read_weusedto, simulate_homes
from bench.leaks import evaluate, inject, make_weusedto_town, observe


@pytest.fixture(scope="module")
def score():
    """Eighty made-up homes for six months, forty of them with a leak or a burst."""
    town = inject(make_homes(80, 180, 77).litres, BEGIN, 77)
    return evaluate(town, observe(town, 77))


@pytest.mark.parametrize("kind", ["leak 12 L/h", "leak 60 L/h"])
def test_leaks_of_ten_litres_an_hour_are_found_within_26_hours(score, kind: str):
    """Goal of the issue: recall of 0.98; of eight each that is all of them."""
    assert score.found_within(kind, 26) == 1.0


def test_slow_leaks_are_found_too(score):
    """3 L/h: in a busy home it takes longer, but it is found."""
    assert score.recall("leak 3 L/h") == 1.0


def test_bursts_are_found_within_two_hours_of_data(score):
    """More than 600 L/h; the smaller ones take the third hour."""
    assert score.found_within("burst 600-2500", 2) == 1.0
    assert score.recall("burst 400-600") >= 0.8


def test_there_is_less_than_one_false_alarm_per_home_and_year(score):
    """Of leaks and bursts together."""
    assert score.false_a_year([str(kind) for kind in LEAK_KINDS]) < 1


def test_the_homes_of_the_simulated_municipality():
    """Other people than the thresholds were tuned on, some of them very busy: found, and less than one false alarm."""
    town = inject(simulate_homes(80, 150, 78), BEGIN, 78)
    found = evaluate(town, observe(town, 78))
    assert found.found_within(["leak 12 L/h", "leak 60 L/h"], 26) == 1.0
    assert found.found_within("burst 600-2500", 2) == 1.0
    assert found.false_a_year([str(kind) for kind in LEAK_KINDS]) < 1


def test_the_weusedto_apartment():
    """A real household, twenty times, ten of them with leaks of their own: all found, no false alarm."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("AVLEST_SHARED", root.parent / "shared")) / "data" / "weusedto"
    if not folder.is_dir():
        pytest.skip("the WEUSEDTO household is not here: set AVLEST_SHARED to the folder that holds data/weusedto")
    pieces = read_weusedto(folder)
    assert 20_000 < sum(litres.sum() for _, litres in pieces) < 40_000
    town = make_weusedto_town(folder, 20, 77)
    found = evaluate(town, observe(town, 77))
    assert all(found.found_within(kind, 26) == 1.0 for kind in ("leak 12 L/h", "leak 60 L/h"))
    assert found.false_a_year([str(kind) for kind in LEAK_KINDS]) < 1
