# SPDX-License-Identifier: Apache-2.0
"""Appending: exactly once, only what fits, in any order."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avlest.readings.tables import BUCKET_SIZE, FrameError, Store, StoreError, open_store
from tests.readings.tables.samples import (
    contents,
    expected_rows,
    hours,
    make_frame,
    reading,
    readings_batch,
    series_hour,
    telegram,
)


def test_a_batch_is_stored_once_however_often_it_is_sent(store: Store) -> None:
    first = store.append("readings", readings_batch(0), writer="pipeline", batch=7)
    again = store.append("readings", readings_batch(0), writer="pipeline", batch=7)
    older = store.append("readings", readings_batch(1), writer="pipeline", batch=6)
    assert (first.rows, first.repeated) == (20, False)
    assert (again.rows, again.repeated) == (0, True)
    assert older.repeated
    assert contents(store).equals(expected_rows(range(1)))
    assert store.get_last_batch("readings", writer="pipeline") == 7
    assert store.get_last_batch("readings", writer="somebody else") is None


def test_each_writer_counts_its_own_batches(store: Store) -> None:
    for batch, writer in enumerate(("a", "b", "c")):
        assert not store.append("readings", readings_batch(batch), writer=writer, batch=0).repeated
    assert contents(store).equals(expected_rows(range(3)))


def test_a_second_process_recognises_the_batches_of_the_first(store: Store) -> None:
    other = open_store(store.location)
    other.list_partitions("readings")
    store.append("readings", readings_batch(0), writer="pipeline", batch=1)
    assert other.append("readings", readings_batch(0), writer="pipeline", batch=1).repeated
    assert contents(other).equals(expected_rows(range(1)))


def test_batch_numbers_outlive_checkpoints_and_log_cleanup(store: Store) -> None:
    for batch in range(60):
        store.append("readings", readings_batch(batch, registers=2), writer="pipeline", batch=batch)
    store.checkpoint("readings")
    assert open_store(store.location).append("readings", readings_batch(9), writer="pipeline", batch=59).repeated


def test_a_batch_over_two_months_is_one_commit(store: Store) -> None:
    rows = [reading(1, hour, hour) for hour in (0, 24 * 29, 24 * 30, 24 * 61)]
    before = store.append("readings", make_frame("readings", rows[:1]), writer="a", batch=0).version
    after = store.append("readings", make_frame("readings", rows[1:]), writer="a", batch=1).version
    assert after == before + 1
    assert store.list_partitions("readings") == ((202611, 0), (202612, 0), (202701, 0))


def test_the_bucket_follows_from_the_id(store: Store) -> None:
    ids = (0, BUCKET_SIZE - 1, BUCKET_SIZE, 5 * BUCKET_SIZE + 3)
    store.append("readings", make_frame("readings", (reading(n, 0, n) for n in ids)), writer="a", batch=0)
    assert store.list_partitions("readings") == ((202611, 0), (202611, 1), (202611, 5))
    assert store.read_range("readings", ids=ids[2:])["register"].to_list() == list(ids[2:])


def test_every_table_takes_its_rows_and_gives_them_back(store: Store) -> None:
    day = {"series": 3, "day": dt.date(2026, 11, 1), "value": 240_000, "quality": 50, "known_at": hours(30)}
    frames = {
        "telegrams": make_frame("telegrams", [telegram("AVL-1", 0), telegram("AVL-1", 0)]),
        "readings": readings_batch(0),
        "hourly": make_frame("hourly", [series_hour(3, 0, None), series_hour(3, 1, 12_000)]),
        "daily": make_frame("daily", [day]),
    }
    for table, frame in frames.items():
        store.append(table, frame, writer="a", batch=0)
        assert store.read_range(table, ids=None).equals(frame)
    assert store.list_partitions("daily") == ((2026, 0),)


def test_an_empty_frame_is_no_commit(store: Store) -> None:
    done = store.append("readings", make_frame("readings", []), writer="a", batch=5)
    assert (done.rows, done.repeated, done.version) == (0, False, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": pl.lit(1.5)}, "column 'value': is Float64; expected Int64"),
        ({"at": pl.col("at").dt.replace_time_zone(None)}, "column 'at': is Datetime"),
        ({"month": pl.lit(202611)}, "column 'month': is derived by the store; leave it out"),
        ({"litres": pl.lit(1)}, "column 'litres': is not a column of this table"),
        ({"value": pl.when(pl.col("register") != 3).then("value")}, "column 'value', row 3: is null"),
        ({"register": pl.col("register") - 2}, "column 'register', row 0: -2 is negative; ids start at 0 (and 1 more"),
        ({"quality": pl.col("register") + 32_750}, "column 'quality', row 18: 32768 does not fit Int16"),
        (
            {"at": pl.when(pl.col("register") == 4).then(hours(0) - dt.timedelta(days=20_000)).otherwise("at")},
            "column 'at', row 4: 1972-01-29 00:00:00+00:00 is outside [2000-01-01, 2100-01-01)",
        ),
    ],
)
def test_a_frame_that_does_not_fit_says_which_column_and_row(
    store: Store, change: dict[str, pl.Expr], message: str
) -> None:
    with pytest.raises(FrameError) as caught:
        store.append("readings", readings_batch(0).with_columns(**change), writer="a", batch=0)
    assert message in str(caught.value)
    assert store.history("readings", ids=None).is_empty()


def test_a_missing_column_is_named_and_optional_ones_may_be_absent(store: Store) -> None:
    with pytest.raises(FrameError, match="column 'known_at': missing; expected Datetime"):
        store.append("readings", readings_batch(0).drop("known_at"), writer="a", batch=0)
    store.append("readings", readings_batch(0).drop("status", "source"), writer="a", batch=0)
    assert store.read_range("readings", ids=[0])["source"].to_list() == [None]


def test_the_rows_at_fault_can_be_put_aside_and_the_rest_appended(store: Store) -> None:
    frame = readings_batch(0).with_columns(value=pl.when(~pl.col("register").is_in([3, 8])).then("value"))
    with pytest.raises(FrameError) as caught:
        store.append("readings", frame, writer="a", batch=0)
    assert caught.value.rows == (3, 8)
    good = frame.with_row_index().filter(~pl.col("index").is_in(caught.value.rows)).drop("index")
    assert store.append("readings", good, writer="a", batch=0).rows == 18


@pytest.mark.parametrize(("writer", "batch"), [("", 0), ("upkeep/202611/0", 0), ("a", -1)])
def test_names_and_numbers_that_would_break_the_count_are_refused(store: Store, writer: str, batch: int) -> None:
    with pytest.raises(ValueError, match=r"(writer|batch) .*: expected"):
        store.append("readings", readings_batch(0), writer=writer, batch=batch)


def test_an_unknown_table_is_named(store: Store) -> None:
    with pytest.raises(KeyError, match="no table 'weekly'; the tables are telegrams, readings, hourly, daily"):
        store.append("weekly", readings_batch(0), writer="a", batch=0)


def test_processes_may_create_the_store_at_the_same_moment(tmp_path: Path) -> None:
    stores = [open_store(str(tmp_path / "new")) for _ in range(8)]
    gate, failures = threading.Barrier(len(stores)), []

    def create(number: int) -> None:
        gate.wait()
        try:
            stores[number].append("readings", readings_batch(number), writer=str(number), batch=0)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert contents(stores[0]).equals(expected_rows(range(8)))


def test_a_store_that_cannot_be_made_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot open readings at .*/file/readings: "):
        open_store(str(tmp_path / "file")).list_partitions("readings")
    with pytest.raises(StoreError, match=r"gopher://x: expected a folder or s3://bucket/folder"):
        open_store("gopher://x")


def test_a_table_with_other_columns_is_refused_by_name(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    other = pl.DataFrame({"register": ["1"], "month": pl.Series([202611], dtype=pl.Int32)})
    (tmp_path / "readings").mkdir()
    write_deltalake(tmp_path / "readings", other, partition_by=["month"])
    with pytest.raises(StoreError, match=r"other columns .*register is .*string.*, not .*long"):
        open_store(str(tmp_path)).list_partitions("readings")


ROWS = st.lists(
    st.builds(
        lambda register, hour, value, quality, known: reading(register, hour, value, quality=quality, known=known),
        st.integers(0, 2),
        st.integers(0, 3),
        st.integers(0, 5),
        st.sampled_from([10, 50]),
        st.integers(4, 8),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(ROWS, min_size=1, max_size=4), data=st.data())
def test_any_order_and_repetition_of_batches_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[dict[str, object]]], data: st.DataObject
) -> None:
    """Each batch has a writer of its own here, so that they may come in any order; each may come up to twice."""
    arrivals = data.draw(st.permutations([*range(len(batches)), *range(len(batches))]))
    folder = tmp_path_factory.mktemp("order")
    direct, mixed = open_store(str(folder / "direct")), open_store(str(folder / "mixed"))
    everything = [row for batch in batches for row in batch]
    direct.append("readings", make_frame("readings", everything), writer="all", batch=0)
    for step, number in enumerate(arrivals):
        mixed.append("readings", make_frame("readings", batches[number]), writer=f"batch {number}", batch=0)
        if step == len(batches):
            mixed.compact("readings", month=202611)
    assert contents(mixed).equals(contents(direct))
    assert mixed.read_range("readings", ids=None).equals(direct.read_range("readings", ids=None))
