# SPDX-License-Identifier: Apache-2.0
"""Thinning: the reading nearest each full interval, every change of status, and nothing twice."""

from __future__ import annotations

import random
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.pipeline.thinning import READING_SCHEMA, STATE_SCHEMA, release_held, thin_readings

SECOND = 1_000_000
MINUTE = 60 * SECOND
INTERVAL = 15 * MINUTE
NONE = pl.DataFrame(schema=STATE_SCHEMA)


def make_rows(
    times: Sequence[int], *, register: int = 1, status: Sequence[int] = (), present: bool = True
) -> pl.DataFrame:
    rows = [(register, at, number, status[number] if status else 0, 60, "roof") for number, at in enumerate(times)]
    return pl.DataFrame(rows, schema=READING_SCHEMA, orient="row").with_columns(present=pl.lit(present))


def run(rows: pl.DataFrame, *, batches: int, interval: int = INTERVAL) -> tuple[list[int], pl.DataFrame]:
    """Thin rows in some batches of equal size; the times kept in order, and the states."""
    states, kept = NONE, list[int]()
    size = -(-rows.height // batches)
    for at in range(0, rows.height, size):
        done, changed = thin_readings(rows[at : at + size], states, interval=interval)
        states = pl.concat([changed, states]).unique("register", keep="first")
        kept += done["at"].to_list()
    return sorted(kept), states


@pytest.mark.parametrize("batches", [1, 7, 60, 700])
def test_of_a_meter_that_sends_every_16_seconds_the_nearest_to_each_quarter_stays(batches: int) -> None:
    times = [n * 16 * SECOND for n in range(700)]
    kept, _ = run(make_rows(times), batches=batches)
    quarters = range(INTERVAL, times[-1], INTERVAL)
    assert [min(times, key=lambda at: (abs(at - q), at)) for q in quarters] == kept[1:]
    assert kept[0] == 0


@pytest.mark.parametrize("batches", [1, 24])
def test_of_a_meter_that_sends_each_hour_every_reading_stays_at_once(batches: int) -> None:
    times = [n * 60 * MINUTE + 7 * SECOND for n in range(24)]
    assert run(make_rows(times), batches=batches)[0] == times


def test_every_change_of_status_stays() -> None:
    times = [n * 16 * SECOND for n in range(40)]
    status = [0] * 10 + [4] * 10 + [0] * 20
    kept, _ = run(make_rows(times, status=status), batches=40)
    assert {times[10], times[20]} <= set(kept)
    assert len(kept) == 3


def test_what_was_held_too_long_is_kept_by_the_clock() -> None:
    times = [0, 8 * MINUTE, 8 * MINUTE + 16 * SECOND]
    kept, states = run(make_rows(times), batches=3)
    assert kept == [0]
    early, _ = release_held(states, interval=INTERVAL, now=15 * MINUTE)
    assert early.height == 0
    late, after = release_held(states, interval=INTERVAL, now=16 * MINUTE)
    assert late["at"].to_list() == [times[2]]
    assert release_held(after, interval=INTERVAL, now=17 * MINUTE)[0].height == 0


def test_values_of_earlier_periods_stay_when_they_change() -> None:
    rows = make_rows([n * MINUTE for n in range(9)], present=False)
    rows = rows.with_columns(value=pl.Series([5, 5, 5, 7, 7, 7, 7, 5, 5]))
    for batches in (1, 3, 9):
        assert run(rows, batches=batches)[0] == [0, 3 * MINUTE, 7 * MINUTE]


def test_without_interval_every_reading_stays_once() -> None:
    times = [n * SECOND for n in range(20)]
    rows = make_rows(times)
    kept, states = run(rows, batches=4, interval=0)
    assert kept == times
    assert thin_readings(rows[19:], states, interval=0)[0].height == 0


@given(st.lists(st.integers(0, 4 * 3600), min_size=1, max_size=60, unique=True), st.integers(1, 6), st.randoms())
def test_every_slot_that_was_heard_has_a_reading(seconds: list[int], batches: int, chance: random.Random) -> None:
    times = sorted(at * SECOND for at in seconds)
    kept, states = run(make_rows(times), batches=min(batches, len(times)))
    late, _ = release_held(states, interval=INTERVAL, now=10**15)
    found = {(at + INTERVAL // 2) // INTERVAL for at in [*kept, *late["at"].to_list()]}
    assert found == {(at + INTERVAL // 2) // INTERVAL for at in times}
    assert len(set(kept)) == len(kept)
    assert set(kept) <= set(times)


@given(st.lists(st.integers(0, 4 * 3600), min_size=1, max_size=60), st.integers(1, 6), st.randoms())
def test_readings_in_any_order_are_kept_once_at_most(seconds: list[int], batches: int, chance: random.Random) -> None:
    times = [at * SECOND for at in seconds]
    chance.shuffle(times)
    kept, _ = run(make_rows(times), batches=min(batches, len(times)))
    assert set(kept) <= set(times)
