# SPDX-License-Identifier: Apache-2.0
"""Keeping the tables: compaction changes nothing a reader sees, erasure leaves nothing behind."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from avlest.readings.tables import TABLES, Store, StoreError, open_store, rewrite, upkeep
from avlest.readings.tables.handle import TableHandle
from avlest.readings.tables.places import parse_place
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


def fill(store: Store, batches: int = 12, *, registers: int = 20) -> None:
    for batch in range(batches):
        store.append("readings", readings_batch(batch, registers=registers), writer="a", batch=batch)


def data_files(store: Store, table: str = "readings") -> list[Path]:
    return sorted(path for path in Path(store.location, table).rglob("*.parquet") if "_delta_log" not in path.parts)


def stored_ids(store: Store) -> set[int]:
    """Every register in every data file of the folder, whether or not it still belongs to the table."""
    return {n for path in data_files(store) for n in pl.read_parquet(path, columns=["register"])["register"]}


def test_compaction_of_readings_keeps_every_row(store: Store) -> None:
    fill(store)
    store.append("readings", readings_batch(3), writer="b", batch=0)
    before, read = contents(store), store.read_range("readings", ids=None)
    done = store.compact("readings", month=202611)
    assert (done.files_before, done.files_after, done.rows_before, done.superseded) == (13, 1, 260, 0)
    assert contents(store).equals(before)
    assert store.read_range("readings", ids=None).equals(read)
    assert contents(open_store(store.location)).equals(before)


def test_a_compacted_file_is_sorted_packed_and_in_small_row_groups(store: Store) -> None:
    fill(store, 8, registers=20_000)
    store.compact("readings", month=202611)
    store.vacuum("readings", retention_hours=0)
    (path,) = data_files(store)
    rows = pl.read_parquet(path)
    assert rows.equals(rows.sort("register", "at"))
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [65_536, 65_536, 28_928]
    column = groups.row_group(0).column(1)
    assert (column.path_in_schema, column.compression) == ("at", "ZSTD")
    assert "DELTA_BINARY_PACKED" in column.encodings


def test_compaction_of_hourly_drops_only_what_is_superseded(store: Store) -> None:
    for known in range(3):
        rows = (series_hour(n, hour, 100 * known + hour, known=known) for n in range(3) for hour in range(known, 6))
        store.append("hourly", make_frame("hourly", rows), writer="a", batch=known)
    read = store.read_range("hourly", ids=None)
    done = store.compact("hourly", month=202611)
    assert (done.rows_before, done.rows_after, done.superseded) == (45, 18, 27)
    assert store.history("hourly", ids=None).equals(read)


def test_a_tidy_partition_is_left_alone(store: Store) -> None:
    fill(store)
    store.compact("readings", month=202611)
    version = store.sizes()[1].version
    done = store.compact("readings", month=202611)
    assert (done.files_before, done.files_after) == (1, 1)
    assert store.compact("readings", month=203001).files_after == 0
    assert store.sizes()[1].version == version


def test_large_files_can_be_spared(store: Store) -> None:
    fill(store, 3)
    store.append("readings", readings_batch(9, registers=500), writer="b", batch=0)
    done = store.compact("readings", month=202611, spare_rows=500)
    assert (done.files_before, done.files_after, done.rows_before, done.rows_after) == (4, 2, 560, 560)


def test_a_large_partition_is_rewritten_in_portions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "PORTION_ROWS", 100)
    monkeypatch.setattr(upkeep, "PORTION_ROWS", 400)
    fill(store, 30)
    rows = (telegram(f"AVL-{n % 7}", n / 10) for n in range(350))
    store.append("telegrams", make_frame("telegrams", rows), writer="a", batch=0)
    before, heard = contents(store), contents(store, "telegrams")
    done = store.compact("readings", month=202611)
    assert (done.files_after, done.rows_after) == (6, 600)
    assert contents(store).equals(before)
    assert store.compact("readings", month=202611).files_after == 6
    monkeypatch.setattr(upkeep, "PORTION_ROWS", 1000)
    assert store.compact("telegrams", month=202611).files_after == 4
    assert contents(store, "telegrams").equals(heard)


def test_rows_appended_while_a_partition_is_compacted_survive(store: Store) -> None:
    fill(store, 5)
    stop, failures = threading.Event(), []

    def append() -> None:
        batch, own = 100, open_store(store.location)
        while not stop.is_set() or batch < 105:
            try:
                own.append("readings", readings_batch(batch), writer="b", batch=batch)
            except StoreError as error:
                failures.append(error)
            batch += 1
        done.append(batch)

    done: list[int] = []
    thread = threading.Thread(target=append)
    thread.start()
    for _ in range(5):
        store.compact("readings", month=202611)
    stop.set()
    thread.join()
    assert not failures
    expected = pl.concat([expected_rows(range(5)), expected_rows(range(100, done[0]))])
    assert contents(store).equals(expected.sort(expected.columns))


def test_two_compactions_at_once_do_not_double_rows(store: Store) -> None:
    fill(store, 10)
    before, gate = contents(store), threading.Barrier(4)

    def compact() -> None:
        own = open_store(store.location)
        own.list_partitions("readings")
        gate.wait()
        own.compact("readings", month=202611)

    threads = [threading.Thread(target=compact) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents(store).equals(before)
    assert store.sizes()[1].files == 1


def test_a_compaction_that_started_before_an_erasure_brings_nothing_back(store: Store) -> None:
    fill(store)
    table = TableHandle(parse_place(store.location, options={}).child("readings"), spec=TABLES["readings"])
    delta = table.open_private()
    plan = rewrite.Rewrite((202611, 0), table.read_snapshot().files[202611, 0], None, "compact")
    added = list(rewrite._write_portions(table, plan=plan))
    store.delete_ids("readings", ids=[7])
    with pytest.raises(CommitFailedError):
        rewrite.commit_exchange(table, delta, plan=plan, added=added)
    rewrite._delete_files(table, added=added)
    assert 7 not in contents(store)["register"]
    assert 7 not in stored_ids(store)


def test_erased_ids_are_gone_from_the_table_and_from_the_folder(store: Store) -> None:
    fill(store, 6)
    store.compact("readings", month=202611)
    fill(open_store(store.location), 8)
    store.append("readings", make_frame("readings", [reading(7, 24 * 90, 1)]), writer="b", batch=0)
    rest = contents(store).filter(~pl.col("register").is_in([3, 7]))
    done = store.delete_ids("readings", ids=[3, 7])
    assert (done.rows, done.partitions) == (17, 2)
    assert done.files_deleted > 0
    assert contents(store).equals(rest)
    assert contents(open_store(store.location)).equals(rest)
    assert stored_ids(store).isdisjoint({3, 7})
    assert store.read_latest("readings", ids=[3, 7]).is_empty()
    assert store.delete_ids("readings", ids=[3, 7]).rows == 0


def test_an_erasure_may_reach_only_a_tenancy(store: Store) -> None:
    fill(store, 6)
    assert store.delete_ids("readings", ids=[3], start=hours(1), stop=hours(4)).rows == 3
    assert store.read_range("readings", ids=[3])["at"].to_list() == [hours(0), hours(4), hours(5)]
    assert store.read_range("readings", ids=[4]).height == 6


def test_the_telegrams_of_an_address_can_be_erased(store: Store) -> None:
    rows = [telegram("AVL-1", 0), telegram("it's", 1), telegram("AVL-3", 800)]
    store.append("telegrams", make_frame("telegrams", rows), writer="a", batch=0)
    assert store.delete_ids("telegrams", ids=["it's", "AVL-3"]).rows == 2
    assert store.read_range("telegrams", ids=None)["address"].to_list() == ["AVL-1"]


def test_a_reader_with_an_old_list_of_files_looks_again(store: Store) -> None:
    fill(store, 4)
    reader = open_store(store.location)
    assert reader.read_range("readings", ids=[1]).height == 4
    handle = reader._open("readings").handle
    old = handle.read_snapshot()
    store.compact("readings", month=202611)
    store.vacuum("readings", retention_hours=0)
    looks = iter([old])
    fresh = handle.read_snapshot
    handle.read_snapshot = lambda *, force=False: next(looks, None) or fresh(force=True)  # type: ignore[method-assign]
    assert reader.read_range("readings", ids=[1]).height == 4


def test_retention_drops_whole_months(store: Store) -> None:
    rows = [telegram("A", 24 * day) for day in (0, 29, 30, 60, 61)]
    store.append("telegrams", make_frame("telegrams", rows), writer="a", batch=0)
    done = store.retain("telegrams", before=dt.date(2026, 12, 31))
    assert (done.periods, done.rows, done.files) == ((202611,), 2, 1)
    assert store.list_partitions("telegrams") == ((202612,), (202701,))
    assert store.retain("telegrams", before=dt.date(2026, 12, 31)).rows == 0
    assert store.vacuum("telegrams", retention_hours=0).files == 1
    assert len(data_files(store, "telegrams")) == 2


def test_vacuum_takes_leftovers_of_dead_writers_and_spares_those_at_work(store: Store) -> None:
    fill(store, 2)
    folder = data_files(store)[0].parent
    old, young = folder / "part-old.parquet", folder / "part-young.parquet"
    for path in (old, young):
        path.write_bytes(b"left behind")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    freed = store.vacuum("readings")
    assert (freed.files, freed.bytes) == (1, 11)
    assert young.exists()
    assert contents(store).equals(expected_rows(range(2)))


def test_a_failed_rewrite_takes_its_files_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 4)
    files = data_files(store)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rewrite, "commit_exchange", refuse)
    with pytest.raises(StoreError, match=r"cannot compact readings at .*/readings: the disk is full"):
        store.compact("readings", month=202611)
    assert data_files(store) == files
    assert contents(store).equals(expected_rows(range(4)))


def test_the_log_stays_short(store: Store) -> None:
    fill(store, 60, registers=2)
    log = Path(store.location, "readings", "_delta_log")
    an_hour_ago = time.time() - 3700
    for path in log.iterdir():
        os.utime(path, (an_hour_ago, an_hour_ago))
    assert store.sizes()[1].log_entries > 60
    store.checkpoint("readings")
    assert store.sizes()[1].log_entries <= 15
    assert contents(open_store(store.location)).equals(expected_rows(range(60)).filter(pl.col("register") < 2))


def test_the_log_tells_nothing_about_values(store: Store) -> None:
    store.append("readings", make_frame("readings", [reading(1, 0, 987_654_321)]), writer="a", batch=0)
    store.compact("readings", month=202611)
    log = Path(store.location, "readings", "_delta_log")
    assert not any("987654321" in path.read_text() for path in log.glob("*.json"))


def test_sizes_say_rows_bytes_files_and_growth_by_month(store: Store) -> None:
    fill(store, 3)
    store.append("readings", make_frame("readings", [reading(1, 24 * 40, 1)]), writer="b", batch=0)
    size = {size.table: size for size in store.sizes()}["readings"]
    assert (size.rows, size.files, size.version) == (61, 4, 4)
    assert [(p.period, p.rows, p.files, p.most_files) for p in size.periods] == [(202611, 60, 3, 3), (202612, 1, 1, 1)]
    assert size.bytes == sum(path.stat().st_size for path in data_files(store))
    assert size.bytes_per_row == size.bytes / 61
    assert {size.table for size in store.sizes() if not size.rows} == {"telegrams", "hourly", "daily"}


def test_the_log_says_who_wrote_which_batch(store: Store) -> None:
    fill(store, 2)
    store.compact("readings", month=202611)
    compacted, last, *_ = store.commits("readings")
    assert (compacted.operation, compacted.writer) == ("compact", None)
    assert (last.operation, last.writer, last.batch, last.rows) == ("write", "a", 1, 20)


def test_other_delta_readers_see_the_same_rows(store: Store) -> None:
    fill(store, 3)
    store.compact("readings", month=202611)
    fill(store, 5)
    table = DeltaTable(f"{store.location}/readings")
    seen = pl.DataFrame(table.to_pyarrow_table())
    columns = list(TABLES["readings"].columns)
    assert seen.select(columns).sort(columns).equals(contents(store))
    assert set(seen["month"]) == {202611}
