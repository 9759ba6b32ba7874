# SPDX-License-Identifier: Apache-2.0
"""Amounts of quarters as amounts of hours, where one register may hold both."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from avlest.readings.derive.intervals import derive_hour_amounts
from tests.readings.plant import DAY, HOUR, NOW, SCHEMA, START

QUARTER = timedelta(minutes=15)


def fold(rows: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    frame = pl.DataFrame([(1, at, value, 0, 50, "x", NOW) for at, value in rows], schema=SCHEMA, orient="row")
    return derive_hour_amounts(frame).select("at", "value").rows()


def quarters(start: datetime, count: int) -> list[tuple[datetime, int]]:
    return [(start + QUARTER * (n + 1), n + 1) for n in range(count)]


def test_four_quarters_are_an_hour_and_three_are_none() -> None:
    """The hour has the sum of its four; an hour that lacks one, also the last, is left out."""
    whole = quarters(START, 8)
    assert fold(whole) == [(START + HOUR, 10), (START + 2 * HOUR, 26)]
    for missing in range(4):
        assert fold([row for n, row in enumerate(whole) if n != missing]) == [(START + 2 * HOUR, 26)]


def test_one_quarter_alone_among_quarters_is_no_hour() -> None:
    """Where quarters stand before and after it, an amount at the full hour is that of a quarter."""
    rows = quarters(START, 12)
    assert fold([*rows[:4], rows[7], *rows[8:]]) == [(START + HOUR, 10), (START + 3 * HOUR, 42)]


@given(st.integers(0, 30), st.integers(0, 30))
def test_hours_before_quarters_and_after_them_stay_hours(before: int, after: int) -> None:
    """A register that goes over to quarters, or back, keeps the hours of the other time."""
    early = [(START + HOUR * (n + 1), 7) for n in range(before)]
    middle = quarters(START + HOUR * before, 96)
    late = [(START + HOUR * (before + 24 + n + 1), 9) for n in range(after)]
    found = fold([*late, *early, *middle])
    assert len(found) == before + 24 + after
    assert [value for at, value in found if at <= START + HOUR * before] == [7] * before
    assert [value for at, value in found if at > START + HOUR * before + DAY] == [9] * after
    assert sum(value for _, value in found) == 7 * before + sum(value for _, value in middle) + 9 * after
