# SPDX-License-Identifier: Apache-2.0
"""Expected against received (ux §4): by road, source, gateway and zone."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from avlest.insight.coverage import EXPECTED, RECEIVED, derive_coverage, derive_single_gateways

FIRST, UNTIL = date(2026, 11, 1), date(2026, 11, 4)


def make_expected(*rows: dict[str, Any]) -> pl.DataFrame:
    """Meters heard four times a day by gateway 1 in zone 5."""
    usual = {
        "cadence_seconds": 21_600, "road": "lorawan", "source": "mqtt", "gateway": 1, "zone": 5, "starts": FIRST,
        "ends": None,
    }  # fmt: skip
    return pl.DataFrame([{"meter": number, **usual, **row} for number, row in enumerate(rows)], schema=dict(EXPECTED))


def make_received(*rows: tuple[int, int, int]) -> pl.DataFrame:
    """Meter, day of November, count."""
    return pl.DataFrame([(m, date(2026, 11, d), c) for m, d, c in rows], schema=dict(RECEIVED), orient="row")


def test_a_meter_heard_too_often_does_not_make_up_for_a_silent_one():
    """Four and nine of four, none: 8 of 12 expected, two of three meters heard."""
    found = derive_coverage(
        make_expected({}, {}, {"gateway": 2}), make_received((0, 1, 4), (1, 1, 9)), first=FIRST, until=date(2026, 11, 2)
    )
    total = found.filter(pl.col("dimension") == "all").row(0, named=True)
    assert (total["meters"], total["heard"], total["expected"], total["received"]) == (3, 2, 12, 8)
    gateways = found.filter(pl.col("dimension") == "gateway")
    assert gateways.select("key", "share").rows() == [("1", 1.0), ("2", 0.0)]


def test_a_meter_counts_from_the_day_it_is_put_up_to_the_day_it_is_taken_down():
    """Put up on the second, another taken down on the third."""
    expected = make_expected({"starts": date(2026, 11, 2)}, {"ends": date(2026, 11, 3)})
    found = derive_coverage(expected, make_received(), first=FIRST, until=UNTIL)
    assert found.filter(pl.col("dimension") == "all")["meters"].to_list() == [1, 2, 1]


def test_what_has_no_gateway_or_zone_is_in_no_such_group():
    """It still counts in all and in its road."""
    found = derive_coverage(make_expected({"gateway": None, "zone": None}), make_received(), first=FIRST, until=UNTIL)
    assert set(found["dimension"]) == {"all", "road", "source"}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(1, 9)), unique_by=lambda r: r[:2]))
def test_the_parts_of_a_dimension_sum_to_the_whole(rows: list[tuple[int, int, int]]):
    """And no share is above one."""
    expected = make_expected({}, {"gateway": 2}, {"gateway": 2, "road": "wmbus"}, {"zone": 6}, {"cadence_seconds": 900})
    found = derive_coverage(expected, make_received(*rows), first=FIRST, until=UNTIL)
    assert (found["share"] <= 1).all()
    sums = found.group_by("dimension", "day").agg(pl.col("received").sum(), pl.col("expected").sum())
    assert sums.group_by("day").agg(pl.col("received").n_unique(), pl.col("expected").n_unique()).rows() != []
    assert (sums.group_by("day").agg(pl.col("received").n_unique())["received"] == 1).all()


def test_meters_that_one_gateway_alone_hears():
    """Repeated rows count once."""
    heard = pl.DataFrame({"meter": [1, 1, 1, 2, 3], "gateway": [7, 7, 8, 8, 8]})
    assert derive_single_gateways(heard).rows() == [(7, 1, 0, []), (8, 3, 2, [2, 3])]


def test_a_meter_that_is_read_once_a_month_is_expected_when_it_comes():
    """By car: nothing is missing on the days between its rounds."""
    found = derive_coverage(
        make_expected({}, {"cadence_seconds": 30 * 86_400, "road": "driveby"}),
        make_received((0, 1, 4), (0, 2, 4), (1, 2, 1)),
        first=FIRST,
        until=date(2026, 11, 3),
    )
    total = found.filter(pl.col("dimension") == "all")
    assert total.select("meters", "heard", "expected", "received").rows() == [(1, 1, 4, 4), (2, 2, 5, 5)]
    assert found.filter(pl.col("key") == "driveby")["day"].to_list() == [date(2026, 11, 2)]
