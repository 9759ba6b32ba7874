# SPDX-License-Identifier: Apache-2.0
"""Reading: which of several rows counts, what was known when, and what is latest."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.readings.tables import BUCKET_SIZE, TABLES, Store, open_store
from avlest.readings.tables.frames import resolve_frame
from tests.readings.tables.samples import hours, make_frame, reading, readings_batch, series_hour, telegram


def values(frame: pl.DataFrame) -> list[int]:
    return frame["value"].to_list()


def test_the_highest_quality_rank_counts_then_the_latest_knowledge(store: Store) -> None:
    rows = [
        reading(1, 0, 100, quality=20, known=1),
        reading(1, 0, 101, quality=50, known=2),
        reading(1, 0, 102, quality=50, known=3),
        reading(1, 0, 103, quality=20, known=4),
    ]
    for batch, row in enumerate(rows):
        store.append("readings", make_frame("readings", [row]), writer="a", batch=batch)
    assert values(store.read_range("readings", ids=[1])) == [102]
    assert values(store.history("readings", ids=[1])) == [100, 101, 102, 103]


def test_what_was_known_at_an_instant_is_a_query(store: Store) -> None:
    rows = [
        reading(1, 0, 100, quality=20, known=1),
        reading(1, 0, 101, quality=50, known=2),
        reading(1, 0, 99, quality=60, known=9),
    ]
    store.append("readings", make_frame("readings", rows), writer="a", batch=0)
    known = {
        known: values(store.read_range("readings", ids=[1], as_known_at=hours(known))) for known in (0, 1, 2, 8, 9)
    }
    assert known == {0: [], 1: [100], 2: [101], 8: [101], 9: [99]}


def test_of_derived_rows_the_newest_counts_even_with_lower_quality(store: Store) -> None:
    rows = [series_hour(1, 0, 12, known=1), series_hour(1, 0, None, quality=0, known=2)]
    store.append("hourly", make_frame("hourly", rows), writer="a", batch=0)
    assert values(store.read_range("hourly", ids=[1])) == [None]
    with pytest.raises(ValueError, match="hourly cannot be read as known at an instant: derive it again"):
        store.read_range("hourly", ids=[1], as_known_at=hours(1))


def test_periods_are_half_open_and_cross_months(store: Store) -> None:
    rows = [reading(1, hour, hour) for hour in (0, 719, 720, 721)]
    store.append("readings", make_frame("readings", rows), writer="a", batch=0)
    assert values(store.read_range("readings", ids=[1], start=hours(719), stop=hours(721))) == [719, 720]
    assert values(store.read_range("readings", ids=[1], start=hours(720))) == [720, 721]
    assert values(store.read_range("readings", ids=[1], stop=hours(720))) == [0, 719]


def test_a_row_with_microseconds_is_found_though_the_log_cuts_to_milliseconds(store: Store) -> None:
    moment = hours(5) + dt.timedelta(microseconds=123_999)
    row = {**reading(1, 5, 7), "at": moment}
    store.append("readings", make_frame("readings", [row]), writer="a", batch=0)
    for _ in range(2):
        assert values(store.read_range("readings", ids=[1], start=moment)) == [7]
        store.append("readings", make_frame("readings", [reading(2, 5, 8)]), writer="a", batch=1)
        store.compact("readings", month=202611)


def test_local_time_is_converted_and_naive_time_refused(store: Store) -> None:
    store.append("readings", readings_batch(0), writer="a", batch=0)
    oslo = dt.datetime(2026, 11, 1, 1, tzinfo=ZoneInfo("Europe/Oslo"))
    assert store.read_range("readings", ids=[1], start=oslo).height == 1
    assert store.read_range("readings", ids=[1], stop=oslo).height == 0
    with pytest.raises(ValueError, match=r"start is .* expected a datetime with a time zone"):
        store.read_range("readings", ids=[1], start=oslo.replace(tzinfo=None))
    with pytest.raises(ValueError, match="expected a date"):
        store.read_range("daily", ids=[1], start=oslo)


def test_only_the_asked_ids_are_read(store: Store) -> None:
    frame = make_frame("readings", (reading(n, 0, n) for n in (0, 1, 2, 3, BUCKET_SIZE + 1)))
    store.append("readings", frame, writer="a", batch=0)
    assert values(store.read_range("readings", ids=[3, 1, 1, 77])) == [1, 3]
    assert values(store.read_range("readings", ids=pl.Series([1, BUCKET_SIZE + 1]))) == [1, BUCKET_SIZE + 1]
    assert store.read_range("readings", ids=[]).is_empty()
    assert store.read_range("readings", ids=None).height == 5


def test_every_telegram_heard_is_kept(store: Store) -> None:
    rows = [telegram("AVL-2", 1), telegram("AVL-1", 0), telegram("AVL-1", 0)]
    store.append("telegrams", make_frame("telegrams", rows), writer="a", batch=0)
    assert store.read_range("telegrams", ids=["AVL-1"]).height == 2
    assert store.read_range("telegrams", ids=["AVL-1", "AVL-2", "AVL-3"])["address"].to_list() == [
        "AVL-1",
        "AVL-1",
        "AVL-2",
    ]


def test_another_process_s_rows_are_seen_at_the_next_read(store: Store) -> None:
    other = open_store(store.location)
    assert store.read_range("readings", ids=None).is_empty()
    for batch in range(3):
        other.append("readings", readings_batch(batch), writer="a", batch=batch)
        assert store.read_range("readings", ids=[0]).height == batch + 1


def test_the_latest_value_of_each_id_is_found_however_old(store: Store) -> None:
    rows = [reading(1, 0, 10), reading(1, 24 * 70, 11), reading(2, 24 * 3, 20), reading(3, 24 * 69 - 5, 30)]
    rows.append(reading(BUCKET_SIZE * 3, 24 * 40, 40))
    for batch, row in enumerate(rows):
        store.append("readings", make_frame("readings", [row]), writer="a", batch=batch)
    assert values(store.read_latest("readings")) == [11, 20, 30, 40]
    assert values(store.read_latest("readings", ids=[2, 9])) == [20]
    store.append("readings", make_frame("readings", [reading(2, 24 * 71, 21)]), writer="a", batch=9)
    assert values(store.read_latest("readings")) == [11, 21, 30, 40]


def test_the_latest_value_is_the_row_that_counts_at_its_time(store: Store) -> None:
    rows = [reading(1, 5, 10, quality=50), reading(1, 5, 11, quality=20, known=9), reading(1, 4, 9, quality=60)]
    store.append("readings", make_frame("readings", rows), writer="a", batch=0)
    assert values(store.read_latest("readings")) == [10]


def test_a_missing_hour_is_not_a_latest_value(store: Store) -> None:
    rows = [
        series_hour(1, 24 * 40, 5),
        series_hour(1, 24 * 40, None, known=2),
        series_hour(1, 24 * 5, 4),
        series_hour(2, 24 * 40, None),
    ]
    store.append("hourly", make_frame("hourly", rows), writer="a", batch=0)
    assert values(store.read_latest("hourly")) == [4]


def test_the_latest_day_and_the_latest_telegram(store: Store) -> None:
    days = [
        {"series": 1, "day": dt.date(2026, 11, day), "value": day, "quality": 50, "known_at": hours(999)}
        for day in (1, 7, 3)
    ]
    store.append("daily", make_frame("daily", days), writer="a", batch=0)
    store.append(
        "telegrams", make_frame("telegrams", [telegram("A", 1, b"1"), telegram("A", 2, b"2")]), writer="a", batch=0
    )
    assert values(store.read_latest("daily")) == [7]
    assert store.read_latest("telegrams")["payload"].to_list() == [b"2"]
    assert values(store.read_range("daily", ids=[1], start=dt.date(2026, 11, 2), stop=dt.date(2026, 11, 7))) == [3]


def test_an_empty_table_reads_as_no_rows_with_its_columns(store: Store) -> None:
    for name, spec in TABLES.items():
        for frame in (store.read_range(name, ids=None), store.read_latest(name), store.history(name, ids=None)):
            assert frame.is_empty()
            assert dict(frame.schema) == dict(spec.columns)


VERSIONS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.integers(0, 9), st.sampled_from([0, 10, 50, 60]), st.integers(0, 5)
    ),
    max_size=30,
)


@given(VERSIONS, st.randoms())
def test_resolving_equals_choosing_by_hand_in_any_order(
    versions: list[tuple[int, int, int, int, int]], chance: st.DataObject
) -> None:
    """The readable definition: for each (id, time) the maximum by (quality, known_at), ties by value."""
    chosen: dict[tuple[int, int], tuple[int, int, int]] = {}
    for register, hour, value, quality, known in versions:
        key, rank = (register, hour), (quality, known, value)
        chosen[key] = max(chosen.get(key, rank), rank)
    rows = [reading(r, h, v, quality=q, known=k) for r, h, v, q, k in versions]
    chance.shuffle(rows)  # type: ignore[attr-defined]
    resolved = resolve_frame(make_frame("readings", rows), spec=TABLES["readings"])
    assert values(resolved) == [chosen[key][2] for key in sorted(chosen)]


@given(VERSIONS)
def test_of_derived_versions_the_newest_is_chosen(versions: list[tuple[int, int, int, int, int]]) -> None:
    chosen: dict[tuple[int, int], tuple[int, int, int]] = {}
    for series, hour, value, quality, known in versions:
        rank = (known, quality, value)
        chosen[series, hour] = max(chosen.get((series, hour), rank), rank)
    rows = [series_hour(s, h, v, quality=q, known=k) for s, h, v, q, k in versions]
    resolved = resolve_frame(make_frame("hourly", rows), spec=TABLES["hourly"])
    assert values(resolved) == [chosen[key][2] for key in sorted(chosen)]
