# SPDX-License-Identifier: Apache-2.0
"""The latest row of every id: newest month first, and older months only for ids not seen yet.

A table cannot say which ids it holds without reading them. Files never change, so the distinct ids of a file are read
once and kept; after that an older month is opened only for ids that fell silent before the newer one.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from itertools import groupby

import polars as pl

from avlest.readings.tables.frames import resolve_frame
from avlest.readings.tables.handle import FileEntry, Snapshot, TableHandle
from avlest.readings.tables.reading import (
    Selection,
    empty_frame,
    may_hold,
    scan_files,
    selection_filter,
    with_snapshot,
)
from avlest.readings.tables.schemas import TableSpec

_RECENT = dt.timedelta(days=1)
_SMALL_FILE_ROWS = 100_000


class LatestReader:
    """Finds latest rows in one table and remembers which ids its files hold."""

    def __init__(self, table: TableHandle) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._ids: dict[str, pl.Series] = {}

    def read_latest(self, *, ids: pl.Series | None) -> pl.DataFrame:
        """The latest row with a value of each id (None: every id), sorted by id."""
        return with_snapshot(self._table, lambda snapshot: self._read(snapshot, ids=ids))

    def _read(self, snapshot: Snapshot, *, ids: pl.Series | None) -> pl.DataFrame:
        spec = self._table.spec
        self._forget_old_files(snapshot)
        found = [empty_frame(spec)]
        seen = pl.Series(spec.id_column, [], dtype=spec.columns[spec.id_column])
        periods = groupby(sorted(snapshot.files, reverse=True), key=lambda partition: partition[0])
        for _, partitions in periods:
            entries = [entry for partition in partitions for entry in snapshot.files[partition]]
            for rows in self._read_period(entries, ids=ids, seen=seen):
                found.append(rows)
                seen = pl.concat([seen, rows[spec.id_column]])
            if ids is not None and len(seen) == len(ids):
                break
        return pl.concat(found).sort(spec.id_column)

    def _read_period(
        self, entries: Sequence[FileEntry], *, ids: pl.Series | None, seen: pl.Series
    ) -> list[pl.DataFrame]:
        """Latest rows of one month (or year): first its last day, which most ids reach, then the rest of it."""
        found: list[pl.DataFrame] = []
        edge = max((entry.high_time for entry in entries if entry.high_time is not None), default=None)
        cut = None if edge is None else edge - _RECENT
        steps = [(None, None)] if cut is None else [(cut, None), (None, cut)]
        for start, stop in steps:
            missing = self._missing_ids(entries, ids=ids, seen=seen)
            if not len(missing):
                break
            rows = self._latest_rows(entries, selection=Selection(missing, start, stop))
            found.append(rows)
            seen = pl.concat([seen, rows[self._table.spec.id_column]])
        return found

    def _missing_ids(self, entries: Sequence[FileEntry], *, ids: pl.Series | None, seen: pl.Series) -> pl.Series:
        """Ids these files hold that are wanted and not seen, sorted."""
        held = pl.concat(self._list_ids(entries)).unique()
        missing = held.filter(~held.is_in(seen.implode()))
        if ids is not None:
            missing = missing.filter(missing.is_in(ids.implode()))
        return missing.sort()

    def _list_ids(self, entries: Sequence[FileEntry]) -> list[pl.Series]:
        """The distinct ids of each file. Of new files, large ones are read one by one, small ones together."""
        with self._lock:
            known = {entry.path: self._ids[entry.path] for entry in entries if entry.path in self._ids}
        unknown = [entry for entry in entries if entry.path not in known]
        small = [entry for entry in unknown if entry.rows < _SMALL_FILE_ROWS]
        learnt = self._read_ids_together(small) if small else {}
        column = pl.col(self._table.spec.id_column)
        for entry in unknown:
            if entry.path not in learnt:
                learnt[entry.path] = (
                    scan_files([entry], table=self._table).select(column.unique()).collect().to_series()
                )
        with self._lock:
            self._ids.update(learnt)
        return [*known.values(), *learnt.values()]

    def _read_ids_together(self, entries: Sequence[FileEntry]) -> dict[str, pl.Series]:
        column = self._table.spec.id_column
        paths = {entry.uri: entry.path for entry in entries}
        rows = (
            pl.scan_parquet(
                list(paths),
                glob=False,
                hive_partitioning=False,
                include_file_paths="uri",
                storage_options=self._table.place.polars_options,
            )
            .select("uri", column)
            .unique()
            .collect()
        )
        parts = rows.partition_by("uri", as_dict=True, include_key=False)
        return {paths[str(key[0])]: part[column] for key, part in parts.items() if str(key[0]) in paths}

    def _forget_old_files(self, snapshot: Snapshot) -> None:
        current = {entry.path for entry in snapshot.all_files()}
        with self._lock:
            for path in [path for path in self._ids if path not in current]:
                del self._ids[path]

    def _latest_rows(self, entries: Sequence[FileEntry], *, selection: Selection) -> pl.DataFrame:
        spec = self._table.spec
        files = [entry for entry in entries if may_hold(entry, selection=selection)]
        if not files:
            return empty_frame(spec)
        rows = scan_files(files, table=self._table).filter(*selection_filter(selection, spec=spec)).collect()
        return keep_latest(rows, spec=spec)


def keep_latest(rows: pl.DataFrame, *, spec: TableSpec) -> pl.DataFrame:
    """Of the rows that count, the latest of each id that has a value."""
    counting = resolve_frame(rows, spec=spec)
    if spec.has_value:
        counting = counting.filter(pl.col("value").is_not_null())
    return counting.unique(subset=[spec.id_column], keep="last", maintain_order=True)
