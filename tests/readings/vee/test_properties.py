# SPDX-License-Identifier: Apache-2.0
"""What must hold for any readings: exact sums, any order, any window, late data, dropped and derived again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from avlest.readings.calendar import OSLO, derive_day_start
from avlest.readings.vee import (
    MARGIN,
    VeeInputs,
    derive_series,
    derive_touched,
    extend_touched,
    find_unanchored,
)
from avlest.readings.vee.arrays import split_amounts
from tests.readings.vee.samples import HOUR, KNOWN, derive, feed, make_inputs, reading, series, total, utc

START = utc(2026, 1, 10, 9)
DAYS = 90
FIRST, LAST = START.date(), START.date() + dt.timedelta(days=DAYS)
END = START + dt.timedelta(days=DAYS - 1)
SETTINGS = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.reuse, Phase.generate]
)


def make_world(seed: int) -> VeeInputs:
    """Four water meters with gaps, noise, resets, leaps, a rollover and a replacement, as the seed has it."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    feeds = []
    for number in range(1, 5):
        every = [1, 1, 6, 24][number - 1]
        end = None
        change = START + HOUR * int(rng.integers(200, 2000)) if number == 2 else None
        for register, begin, end in (
            [(number, START, change), (number + 10, change, None)] if change else [(number, START, None)]
        ):
            feeds.append(make_feed(rng, number, register, begin, end))
            rows += make_register(rng, register, begin, end or END, every=every)
    those = [series(n, meter_class="water_home") for n in range(1, 5)]
    outages = [{"series": 1, "start": START + HOUR * 900, "stop": START + HOUR * 920}]
    decisions = [
        make_decision(1, utc(2026, 3, 1), 5, "edit", 1234),
        make_decision(1, utc(2026, 3, 9), 3, "verify", 5),
        make_decision(3, utc(2026, 3, 3), 120, "discretion", 99_999),
    ]
    expectations = [{"series": n, "per_year": 120_000_000} for n in (1, 4)]
    return make_inputs(rows, feeds, those, outages=outages, decisions=decisions, expectations=expectations)


def make_decision(number: int, start: dt.datetime, hours: int, action: str, value: int) -> dict[str, Any]:
    return {
        "series": number, "start": start, "stop": start + HOUR * hours, "action": action, "value": value,
        "known_at": KNOWN,
    }  # fmt: skip


def make_feed(
    rng: np.random.Generator, number: int, register: int, begin: dt.datetime, end: dt.datetime | None
) -> dict[str, Any]:
    notes = {"digits": 5, "scale": 1000} if rng.random() < 0.5 else {}
    if rng.random() < 0.5:
        notes["start_value"] = 0 if register > 10 else 99_000_000
    return feed(begin, end, series=number, register=register, **notes)


def make_register(
    rng: np.random.Generator, register: int, begin: dt.datetime, end: dt.datetime, *, every: int
) -> list[dict[str, Any]]:
    hours = np.arange(0, int((end - begin) / HOUR), every)
    use = np.where(rng.random(len(hours)) < 0.5, rng.integers(0, 40_000, len(hours)), 0)
    state = np.cumsum(use) + (0 if register > 10 else 99_000_000)
    state %= 100_000_000
    for _ in range(int(rng.integers(0, 3))):
        state[int(rng.integers(len(state))) :] += int(rng.choice([-60_000_000, -800, 5_000, 70_000_000]))
    for _ in range(int(rng.integers(0, 4))):
        place = int(rng.integers(len(state)))
        state[place : place + int(rng.integers(1, 5))] += int(rng.choice([-5_000_000, -900, 80_000_000]))
    keep = np.ones(len(hours), np.bool_)
    for _ in range(int(rng.integers(0, 6))):
        place = int(rng.integers(len(hours)))
        keep[place : place + int(rng.choice([1, 3, 10, 60, 300]))] = False
    seconds = rng.integers(0, 3600)
    return [
        reading(begin + HOUR * int(h) + dt.timedelta(seconds=int(seconds)), int(v), register=register)
        for h, v, kept in zip(hours, state, keep, strict=True)
        if kept
    ]


def derive_all(inputs: VeeInputs) -> tuple[pl.DataFrame, pl.DataFrame]:
    result = derive(inputs, FIRST, LAST, horizon=END)
    return result.hourly, result.daily


def derive_window(
    inputs: VeeInputs, stored: pl.DataFrame, numbers: Sequence[int], start: dt.date, stop: dt.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """As the shell does it: some readings around the window, more for the series that need them, hours as stored."""

    def read_hours(ids: Sequence[int], since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        inside = (pl.col("hour") >= since) & (pl.col("hour") < until)
        return stored.filter(pl.col("series").is_in(list(ids)) & inside)

    parts = []
    margin, waiting = MARGIN, list(numbers)
    low, high = derive_day_start(start), derive_day_start(stop)
    while waiting:
        some = choose(inputs, waiting, low - margin, high + margin)
        everything = margin > dt.timedelta(days=DAYS)
        wider = [] if everything else find_unanchored(some, start=start, stop=stop, horizon=END)
        ready = [n for n in waiting if n not in wider]
        if ready:
            near = choose(some, ready, low - margin, high + margin)
            more = {"horizon": END, "known_at": KNOWN, "history": read_hours}
            parts.append(derive_series(near, start=start, stop=stop, **more))
        waiting, margin = wider, margin * 8
    return pl.concat([p.hourly for p in parts]).sort("series", "hour"), pl.concat([p.daily for p in parts]).sort(
        "series", "day"
    )


def choose(inputs: VeeInputs, numbers: Sequence[int], low: dt.datetime, high: dt.datetime) -> VeeInputs:
    feeds = inputs.feeds.filter(pl.col("series").is_in(list(numbers)))
    near = (pl.col("at") >= low) & (pl.col("at") <= high) & pl.col("register").is_in(feeds["register"].to_list())
    those = inputs.series.filter(pl.col("series").is_in(list(numbers)))
    return replace(inputs, feeds=feeds, series=those, readings=inputs.readings.filter(near))


def in_days(frame: pl.DataFrame, start: dt.date, stop: dt.date) -> pl.DataFrame:
    if "day" in frame.columns:
        return frame.filter((pl.col("day") >= start) & (pl.col("day") < stop))
    return frame.filter((pl.col("hour") >= derive_day_start(start)) & (pl.col("hour") < derive_day_start(stop)))


@SETTINGS
@given(seed=st.integers(0, 10**6), first=st.integers(0, DAYS - 2), days=st.integers(1, 20))
def test_a_window_of_readings_gives_the_rows_that_all_readings_give(seed: int, first: int, days: int) -> None:
    inputs = make_world(seed)
    hourly, daily = derive_all(inputs)
    start = FIRST + dt.timedelta(days=first)
    stop = min(start + dt.timedelta(days=days), LAST)
    some_hours, some_days = derive_window(inputs, hourly, [1, 2, 3, 4], start, stop)
    assert some_hours.equals(in_days(hourly, start, stop))
    assert some_days.equals(in_days(daily, start, stop))


@SETTINGS
@given(seed=st.integers(0, 10**6), late=st.floats(0, 0.3), block=st.integers(1, 200))
def test_late_readings_derived_where_they_touch_give_what_deriving_everything_gives(
    seed: int, late: float, block: int
) -> None:
    """The table after late data (appended, newest wins) is the table dropped and derived again (invariant 5)."""
    inputs = make_world(seed)
    rng = np.random.default_rng(seed + 1)
    count = inputs.readings.height
    is_late = rng.random(count) < late
    place = int(rng.integers(count))
    is_late[place : place + block] = True
    early = replace(inputs, readings=inputs.readings.filter(~pl.Series(is_late)))
    hourly, daily = derive_all(early)
    changes = inputs.readings.filter(pl.Series(is_late)).select("register", first_at="at", last_at="at")
    touched = derive_touched(changes, inputs.feeds, inputs.readings, horizon=END)
    touched = extend_touched(touched, hourly)
    for number, start, stop in touched.sort("start").iter_rows():
        hours, days = derive_window(inputs, hourly, [number], start, stop)
        hourly = pl.concat([hourly, hours]).unique(["series", "hour"], keep="last").sort("series", "hour")
        daily = pl.concat([daily, days]).unique(["series", "day"], keep="last").sort("series", "day")
    all_hours, all_days = derive_all(inputs)
    assert hourly.equals(all_hours)
    assert daily.equals(all_days)


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_order_and_repetition_of_arrival_do_not_matter(seed: int) -> None:
    inputs = make_world(seed)
    hourly, daily = derive_all(inputs)
    again = inputs.readings.sample(fraction=1.5, with_replacement=True, seed=seed)
    shuffled = pl.concat([inputs.readings, again]).sample(fraction=1, shuffle=True, seed=seed)
    feeds, those = (frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (inputs.feeds, inputs.series))
    other_hours, other_days = derive_all(replace(inputs, readings=shuffled, feeds=feeds, series=those))
    assert other_hours.equals(hourly)
    assert other_days.equals(daily)


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_days_are_the_sums_of_their_hours(seed: int) -> None:
    hourly, daily = derive_all(make_world(seed))
    local = hourly.with_columns(day=pl.col("hour").dt.convert_time_zone(OSLO.key).dt.date())
    sums = local.group_by("series", "day").agg(
        total=pl.when(pl.col("value").is_null().any()).then(None).otherwise(pl.col("value").sum()),
        lowest=pl.col("value").min(), highest=pl.col("value").max(), zeros=(pl.col("value") == 0).sum(),
        rank=pl.col("quality").min(), measured=(pl.col("quality") >= 45).sum(),
    )  # fmt: skip
    both = daily.join(sums, on=["series", "day"], how="left")
    for ours, theirs in (
        ("value", "total"), ("min_hour", "lowest"), ("max_hour", "highest"), ("zero_hours", "zeros"),
        ("quality", "rank"), ("hours_measured", "measured"),
    ):  # fmt: skip
        assert both[ours].cast(pl.Int64).equals(both[theirs].cast(pl.Int64)), ours
    assert both.height == daily.height > 4 * 70


@SETTINGS
@given(
    uses=st.lists(st.tuples(st.integers(1, 400_000), st.integers(0, 10**9)), min_size=2, max_size=60),
    offset=st.integers(0, 3600),
    first=st.integers(0, 10**12),
)
def test_hours_sum_exactly_to_register_differences(uses: list[tuple[int, int]], offset: int, first: int) -> None:
    """Any spacing from a second to days: the hours from reading to reading sum to what the register counted."""
    at, value = START + dt.timedelta(seconds=offset), first
    rows = [reading(at, value)]
    for seconds, use in uses:
        at, value = at + dt.timedelta(seconds=seconds), value + use
        rows.append(reading(at, value))
    inputs = make_inputs(rows, [feed(rows[0]["at"], at, start_value=first, end_value=value)])
    result = derive(inputs, FIRST, at.date() + dt.timedelta(days=2), horizon=at + HOUR * 48)
    assert total(result) == value - first
    assert (result.hourly["value"] >= 0).all()
    for one in rows:
        if one["at"].minute == one["at"].second == 0:
            before = result.hourly.filter(pl.col("hour") < one["at"])["value"].sum()
            assert before == one["value"] - first


@given(
    groups=st.lists(
        st.tuples(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**13), min_size=1, max_size=30)),
        min_size=1,
        max_size=8,
    )
)
def test_splits_sum_exactly_and_are_fair(groups: list[tuple[int, list[int]]]) -> None:
    """Each part is within one of its share for weights of usual size; the parts of each group sum to its amount."""
    amounts = np.array([amount for amount, _ in groups])
    counts = np.array([len(weights) for _, weights in groups])
    weights = np.array([weight for _, those in groups for weight in those])
    parts = np.split(split_amounts(amounts, weights, counts), np.cumsum(counts)[:-1])
    for (amount, those), part in zip(groups, parts, strict=True):
        assert part.sum() == amount
        assert (part * np.sign(amount or 1) >= 0).all()
        whole = sum(those)
        if 0 < whole < 2**30:
            assert all(abs(int(p) * whole - amount * w) < whole * 1 + whole for p, w in zip(part, those, strict=True))


def test_nothing_to_derive_is_nothing() -> None:
    inputs = make_inputs([], [], [series()])
    result = derive(inputs, FIRST, LAST)
    assert result.hourly.is_empty()
    assert result.daily.is_empty()
    assert result.findings.is_empty()
