# SPDX-License-Identifier: Apache-2.0
"""Registers that ran backwards (rules §5.2 BACKFLOW)."""

from __future__ import annotations

import polars as pl
import pytest

from avlest.insight.contracts import ALARMS
from avlest.insight.falls import FALLS, derive_fall_alarms
from tests.insight.frames import BEGIN, hours_after


def make_falls(*rows: tuple[int, int, bool]) -> pl.DataFrame:
    """Hour, depth in litres, and whether it stays, of series 1."""
    return pl.DataFrame(
        [(1, hours_after(hour), 1000 * depth, stays) for hour, depth, stays in rows], schema=dict(FALLS), orient="row"
    )


def find(*rows: tuple[int, int, bool], until: int = 100) -> pl.DataFrame:
    """The alarms of these falls."""
    return derive_fall_alarms(make_falls(*rows), start=BEGIN, until=hours_after(until))


def test_readings_that_lie_lower_and_lower_are_one_alarm():
    """12, 24, 36 litres below: 36 in all, open after the second, over after a quiet day."""
    (alarm,) = find((10, 12, False), (11, 24, False), (12, 36, False)).to_dicts()
    assert set(alarm) == set(ALARMS)
    assert (alarm["since"], alarm["opened_at"], alarm["last_at"]) == (hours_after(9), hours_after(11), hours_after(12))
    assert (alarm["amount"], alarm["rate"], alarm["cleared_at"]) == (36_000, 12_000, hours_after(36))
    assert alarm["severity"] == "warning"
    assert alarm["advice"]
    assert find((10, 12, False), (11, 24, False), until=30)["cleared_at"].to_list() == [None]


def test_a_fall_that_stays_is_told_at_once_and_its_steps_add_up():
    """7 and 7 litres that were never made up for."""
    found = find((10, 7, True), (11, 7, True))
    assert found.select("opened_at", "amount").rows() == [(hours_after(10), 14_000)]


@pytest.mark.parametrize("rows", [[(10, 30, False)], [(10, 30, False), (11, 20, False)], [(10, 9_000_000, True)], []])
def test_what_was_read_wrongly_is_no_backflow(rows: list[tuple[int, int, bool]]):
    """One reading, a level that comes back, a register that begins anew, nothing."""
    assert find(*rows).is_empty()


def test_falls_days_apart_are_alarms_of_their_own():
    """More than a quiet day between them."""
    assert find((10, 5, True), (50, 5, True)).select("opened_at", "cleared_at").rows() == [
        (hours_after(10), hours_after(34)),
        (hours_after(50), hours_after(74)),
    ]


@pytest.mark.parametrize("cut", range(9, 40))
def test_what_is_found_does_not_depend_on_when_one_looks(cut: int):
    """Until an hour, the alarms opened by then; whatever comes later."""
    rows = [(10, 5, False), (12, 9, False), (13, 4, True), (38, 2, True)]
    known = find(*[row for row in rows if row[0] < cut], until=cut)
    whole = find(*rows).filter(pl.col("opened_at") < hours_after(cut))
    assert known.select("since", "opened_at").rows() == whole.select("since", "opened_at").rows()
