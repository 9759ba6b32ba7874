# SPDX-License-Identifier: Apache-2.0
"""The store: the four Delta tables of an installation, in a folder or an S3 bucket."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

import polars as pl

from avlest.readings.tables.blocks import BlockCache
from avlest.readings.tables.changes import Changes, get_changes
from avlest.readings.tables.errors import StoreError
from avlest.readings.tables.figures import Commit, TableSize, get_commits, get_table_size
from avlest.readings.tables.freezing import FrozenTable, freeze_table, is_empty, open_file, put_file
from avlest.readings.tables.handle import Partition, TableHandle, naming_failures
from avlest.readings.tables.latest import LatestReader
from avlest.readings.tables.places import Place, parse_place
from avlest.readings.tables.reading import Ids, make_selection, read_history, read_range
from avlest.readings.tables.schemas import TABLES, get_spec
from avlest.readings.tables.upkeep import (
    Compacted,
    Erased,
    Retained,
    Vacuumed,
    checkpoint_table,
    compact_partition,
    delete_rows,
    retain_from,
    vacuum_table,
)
from avlest.readings.tables.writing import Appended, append_frame, check_writer

NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table and what it remembers between reads."""

    handle: TableHandle
    latest: LatestReader


class Store:
    """The tables `telegrams`, `readings`, `hourly` and `daily`. Threads may share a store; a process opens its own.

    Every method raises `StoreError` when the place cannot be read or written, naming it and the cause, and `KeyError`
    for a table that does not exist.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._tables: dict[str, OpenTable] = {}
        self._blocks = BlockCache()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Store({self._place.location!r})"

    @property
    def location(self) -> str:
        """The folder or `s3://` address of the store."""
        return self._place.location

    def append(self, table: str, frame: pl.DataFrame, *, writer: str, batch: int) -> Appended:
        """Append rows exactly once for each (writer, batch); see `append_frame`."""
        if frame.height == 0:
            check_writer(writer, batch=batch)
            return Appended(table, rows=0, repeated=False, version=self._open(table).handle.refresh())
        return append_frame(self._open(table).handle, frame, writer=writer, batch=batch)

    def get_last_batch(self, table: str, *, writer: str) -> int | None:
        """The number of the last batch of a writer in a table; None when it never wrote."""
        handle = self._open(table).handle
        handle.refresh(force=True)
        with handle.lock:
            return handle.delta.transaction_version(writer)

    def read_range(
        self,
        table: str,
        *,
        ids: Ids | None,
        start: dt.datetime | dt.date | None = None,
        stop: dt.datetime | dt.date | None = None,
        as_known_at: dt.datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Rows of `ids` (None: all) in the half-open period, one for each (id, time), sorted by them.

        `columns`: only these (and id, time, `quality`, `known_at`), which costs less; None: all.

        Readings: the highest quality rank, then the latest `known_at`, of the rows known at `as_known_at` (None: now).
        Hourly and daily: the latest `known_at`. Telegrams: all. Periods of `daily` are dates, of the others datetimes
        with a time zone; `ValueError` otherwise.
        """
        handle = self._open(table).handle
        selection = make_selection(handle.spec, ids=ids, start=start, stop=stop)
        return read_range(handle, selection=selection, as_known_at=as_known_at, columns=columns)

    def read_latest(self, table: str, *, ids: Ids | None = None) -> pl.DataFrame:
        """The latest row that has a value, of each of `ids` (None: of every id there is), sorted by id."""
        opened = self._open(table)
        return opened.latest.read_latest(ids=make_selection(opened.handle.spec, ids=ids).ids)

    def history(
        self,
        table: str,
        *,
        ids: Ids | None,
        start: dt.datetime | dt.date | None = None,
        stop: dt.datetime | dt.date | None = None,
    ) -> pl.DataFrame:
        """Every stored version of the rows of `ids` in the period, sorted by id, time and `known_at`."""
        handle = self._open(table).handle
        return read_history(handle, selection=make_selection(handle.spec, ids=ids, start=start, stop=stop))

    def list_partitions(self, table: str) -> tuple[Partition, ...]:
        """The partitions that hold rows, ascending: (month, bucket), (year, bucket), or (month,) for telegrams."""
        return tuple(self._open(table).handle.read_snapshot().files)

    def delete_ids(
        self,
        table: str,
        *,
        ids: Ids,
        start: dt.datetime | dt.date | None = None,
        stop: dt.datetime | dt.date | None = None,
    ) -> Erased:
        """Erase the rows of `ids` in the period (open: all their rows) from the table and from the files behind it."""
        handle = self._open(table).handle
        return delete_rows(handle, selection=make_selection(handle.spec, ids=ids, start=start, stop=stop))

    def retain(self, table: str, *, before: dt.date) -> Retained:
        """Drop whole months (`daily`: years) that ended before `before`; `vacuum` then frees the space."""
        return retain_from(self._open(table).handle, before=before)

    def compact(self, table: str, *, month: int, bucket: int = 0, spare_rows: int | None = None) -> Compacted:
        """Merge the small files of one partition; `month` is 202611, for `daily` the year. See `compact_partition`."""
        handle = self._open(table).handle
        partition = (month, bucket) if handle.spec.is_bucketed else (month,)
        return compact_partition(handle, partition=partition, spare_rows=spare_rows)

    def vacuum(self, table: str, *, retention_hours: int = 24) -> Vacuumed:
        """Delete files taken out of the table this long ago, and leftovers of killed writers."""
        return vacuum_table(self._open(table).handle, retention_hours=retention_hours)

    def checkpoint(self, table: str) -> int:
        """Write a checkpoint and shorten the log to its retention (an hour); return the table's version."""
        return checkpoint_table(self._open(table).handle)

    def sizes(self) -> tuple[TableSize, ...]:
        """Rows, bytes, files, log length and growth of every table."""
        return tuple(get_table_size(self._open(name).handle) for name in TABLES)

    def changes(self, table: str, *, since: int | None, since_at: dt.datetime | None = None) -> Changes:
        """Which ids were appended to after the version `since` (None: ever), and for which times; see `get_changes`."""
        return get_changes(self._open(table).handle, since=since, since_at=since_at)

    def commits(self, table: str, *, limit: int = 20) -> tuple[Commit, ...]:
        """The newest commits of a table's log, newest first."""
        return get_commits(self._open(table).handle, limit=limit)

    def freeze(self, table: str, *, last_batches: Mapping[str, int]) -> FrozenTable:
        """The files of the newest version in which no writer is past its batch in `last_batches`, for a backup."""
        return freeze_table(self._open(table).handle, last_batches=last_batches)

    def open_frozen(self, table: str, path: str) -> BinaryIO:
        """Open a file of a frozen table; `StoreError` where its rows were erased meanwhile."""
        place = self._place.child(table)
        with naming_failures(location=place.location, action=f"read {path}"):
            return open_file(place, path)

    def is_empty(self) -> bool:
        """Whether nothing is stored at this place yet, not even an empty table."""
        with naming_failures(location=self.location, action="look"):
            return is_empty(self._place)

    def put_file(self, path: str, stream: BinaryIO) -> None:
        """Write a file of a backup; the log of a table last, so that half a table is none."""
        with naming_failures(location=self.location, action=f"write {path}"):
            put_file(self._place, path, stream)

    def _open(self, table: str) -> OpenTable:
        spec = get_spec(table)
        with self._lock:
            if table not in self._tables:
                handle = TableHandle(self._place.child(table), spec=spec, blocks=self._blocks)
                self._tables[table] = OpenTable(handle, LatestReader(handle))
            return self._tables[table]


def open_store(location: str, *, options: Mapping[str, object] = NO_OPTIONS) -> Store:
    """Open the store at a folder or `s3://bucket/folder`; tables are created when first used.

    `options` come from configuration, for `s3://` only: `access_key_id`, `secret_access_key`, `session_token`,
    `region`, `endpoint_url`, `allow_http`, `connect_timeout`, `timeout`, `max_retries`, `retry_timeout`.
    """
    return Store(parse_place(location, options=options))


__all__ = ["Store", "StoreError", "open_store"]
