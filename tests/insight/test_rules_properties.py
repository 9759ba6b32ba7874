# SPDX-License-Identifier: Apache-2.0
"""Whatever the series: months at once and days one after another give the same alarms."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from avlest.insight.contracts import HOURLY, make_empty
from avlest.insight.rules import derive_alarms, load_thresholds, parse_thresholds
from avlest.insight.rules.thresholds import Thresholds
from tests.insight.frames import BEGIN, LITRE, hours_after, make_home, make_parameters

DAYS = 60
ASKED = 12
THRESHOLDS = load_thresholds()
CLASSES = ("home", "cabin", "farm", "business", "building")


def make_town(seed: int) -> pl.DataFrame:
    """Five series of different classes with leaks, bursts, gaps, estimates and backflow of all lengths."""
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(len(CLASSES)):
        hours = (DAYS + ASKED) * 24
        litres = make_home(DAYS + ASKED, seed=seed + number)
        for _ in range(rng.integers(0, 5)):
            begin, length = int(rng.integers(20 * 24, hours)), int(rng.choice([2, 30, 200, 900]))
            litres[begin : begin + length] += float(rng.choice([1, 4, 12, 90, 700]))
        for _ in range(rng.integers(0, 3)):
            begin = int(rng.integers(20 * 24, hours))
            litres[begin : begin + int(rng.choice([3, 700]))] *= 0
        litres[rng.integers(DAYS * 24, hours)] = -3
        quality = np.where(rng.random(hours) < 0.05, 30, 50)
        frame = pl.DataFrame(
            {
                "series": np.full(hours, number),
                "hour": pl.datetime_range(BEGIN, hours_after(hours), "1h", closed="left", time_unit="us", eager=True),
                "value": (litres * LITRE).astype(np.int64),
                "quality": quality.astype(np.int16),
            },
            schema_overrides=dict(HOURLY),
        )
        frames.append(frame.filter(pl.Series(rng.random(hours) > rng.choice([0, 0.02, 0.2]))))
    return pl.concat(frames)


def make_town_parameters() -> pl.DataFrame:
    """One series of each class."""
    return pl.concat([make_parameters(number, customer_class=name) for number, name in enumerate(CLASSES)])


def run(hourly: pl.DataFrame, edges: list[int], thresholds: Thresholds = THRESHOLDS) -> pl.DataFrame:
    """Alarms of the parts between `edges` (hours after `BEGIN`), what is open carried over; each part is given the
    sixty days before it and no more."""
    away = pl.DataFrame({"series": [1], "starts_at": [hours_after((DAYS + 2) * 24 - 5)], "ends_at": [None]})
    kept, open_now = [], None
    for start, until in pairwise(edges):
        inside = pl.col("hour").is_between(hours_after(start - DAYS * 24), hours_after(until), closed="left")
        window = hourly.filter(inside)
        found = derive_alarms(
            window, make_town_parameters(), start=hours_after(start), until=hours_after(until), thresholds=thresholds,
            away=away, open_alarms=open_now,
        )  # fmt: skip
        kept.append(found.filter(pl.col("cleared_at").is_not_null()))
        open_now = found.filter(pl.col("cleared_at").is_null())
    return pl.concat([*kept, *([] if open_now is None else [open_now])]).sort("subject", "kind", "opened_at")


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    edges=st.lists(st.integers(DAYS * 24 + 1, (DAYS + ASKED) * 24 - 1), max_size=6, unique=True).map(sorted),
)
def test_one_pass_over_months_equals_its_parts(seed: int, edges: list[int]):
    """Any cut, also in the middle of a night, gives the same alarms, to the last thousandth."""
    town, ends = make_town(seed), (DAYS * 24, (DAYS + ASKED) * 24)
    assert_frame_equal(run(town, list(ends)), run(town, [ends[0], *edges, ends[1]]))


@settings(max_examples=4)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_and_of_series_does_not_matter(seed: int):
    """Rows arrive in any order."""
    town, ends = make_town(seed), [DAYS * 24, (DAYS + 4) * 24]
    assert_frame_equal(run(town, ends), run(town.sample(fraction=1.0, shuffle=True, seed=seed), ends))


@settings(max_examples=4)
@given(seed=st.integers(0, 10_000))
def test_alarms_make_sense(seed: int):
    """Begun before it is opened, opened before it is cleared; of one series and kind one is open at a time."""
    found = run(make_town(seed), [DAYS * 24, (DAYS + ASKED) * 24])
    since, opened, cleared = pl.col("since"), pl.col("opened_at"), pl.col("cleared_at")
    end = cleared.fill_null(hours_after((DAYS + ASKED) * 24))
    ordered = (since < opened) & (opened <= end) & (pl.col("last_at") <= end)
    assert found.filter(~ordered).is_empty()
    following = found.with_columns(opened.shift(-1).over("subject", "kind").alias("next"))
    assert following.filter((pl.col("next") < end) | (cleared.is_null() & pl.col("next").is_not_null())).is_empty()
    assert found.filter((pl.col("amount") < 0) | (pl.col("rate") < 0)).is_empty()


def test_thresholds_that_change_on_a_day_split_the_evaluation_there():
    """A row from a later day on counts from its local midnight, in a pass over both."""
    own = """
    [[threshold]]
    kind = "continuous_flow"
    classes = ["home"]
    unit = "l"
    from = 2026-03-10
    source = "test"
    reason = "test"
    hours = 6
    known_hours = 6
    limit = 0
    max_gap = 12
    """
    thresholds = Thresholds((*THRESHOLDS.rows, *parse_thresholds(own, origin="test").rows))
    change = (DAYS + 4) * 24  # 10 March 2026, 00:00 in Oslo
    litres = np.zeros((DAYS + ASKED) * 24)
    litres[change - 30 : change - 20] = 8
    litres[change + 30 : change + 40] = 8
    hourly = make_one(litres)
    found = run(hourly, [DAYS * 24, (DAYS + ASKED) * 24], thresholds).filter(pl.col("kind") == "continuous_flow")
    assert found["opened_at"].to_list() == [hours_after(change + 36)]


def make_one(litres: np.ndarray) -> pl.DataFrame:
    """Series 0 with every hour measured."""
    instants = pl.datetime_range(BEGIN, hours_after(len(litres)), "1h", closed="left", time_unit="us", eager=True)
    columns: dict[str, Any] = {
        "series": np.zeros(len(litres), np.int64), "hour": instants, "value": (litres * LITRE).astype(np.int64),
        "quality": np.full(len(litres), 50, np.int16),
    }  # fmt: skip
    return make_empty(HOURLY).vstack(pl.DataFrame(columns, schema_overrides=dict(HOURLY)))
