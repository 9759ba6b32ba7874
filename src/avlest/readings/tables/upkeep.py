# SPDX-License-Identifier: Apache-2.0
"""Keeping the tables small and lawful: compaction, erasure, retention, vacuum, checkpoints."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from pyarrow.fs import FileSelector

from avlest.readings.tables.errors import StoreError
from avlest.readings.tables.frames import derive_period
from avlest.readings.tables.handle import (
    FileEntry,
    Partition,
    Snapshot,
    TableHandle,
    list_files,
    naming_failures,
)
from avlest.readings.tables.reading import Selection, prune_files, scan_files, selection_filter
from avlest.readings.tables.rewrite import (
    ATTEMPTS,
    PORTION_ROWS,
    SORTED_PREFIX,
    Rewrite,
    Rewritten,
    commit_exchange,
    do_rewrite,
    retry_when_beaten,
)
from avlest.readings.tables.schemas import Rule, TableSpec

ORPHAN_HOURS = 24
"""A file no commit knows may belong to a writer at work; after this long its writer is dead."""

_ERASURE_ORPHAN_HOURS = 1


@dataclass(frozen=True, slots=True)
class Compacted:
    """One partition before and after compaction; `superseded` rows were dropped (derived tables only)."""

    partition: Partition
    files_before: int
    files_after: int
    rows_before: int
    rows_after: int

    @property
    def superseded(self) -> int:
        """Rows dropped because a newer one counts."""
        return self.rows_before - self.rows_after


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: rows removed, partitions rewritten, old files deleted from the place."""

    rows: int
    partitions: int
    files_deleted: int


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Files and bytes a vacuum freed."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Retained:
    """What retention dropped: periods (months or years), rows and files."""

    periods: tuple[int, ...]
    rows: int
    files: int


def compact_partition(table: TableHandle, *, partition: Partition, spare_rows: int | None = None) -> Compacted:
    """Merge the files of a partition into few sorted ones; appends may go on meanwhile.

    Inputs keep every row. Of derived tables the rows that newer ones replaced are dropped. Files of at least
    `spare_rows` rows are left alone (None: all are merged, but for telegrams, whose full files need no second pass).
    """
    action = f"compact {table.spec.name}"
    for attempt in range(ATTEMPTS):
        delta, snapshot = _open_private(table, action=action)
        files = snapshot.files.get(partition, ())
        chosen = _choose_files(files, spec=table.spec, spare_rows=spare_rows)
        if not chosen:
            rows = sum(entry.rows for entry in files)
            return Compacted(partition, len(files), len(files), rows, rows)
        plan = Rewrite(partition, chosen, None, "compact")
        done = _try_rewrite(table, delta, plan=plan, action=action, attempt=attempt)
        if done is not None:
            left = len(files) - len(chosen)
            kept = sum(entry.rows for entry in files) - done.rows_before
            after = (left + done.files_after, kept + done.rows_before, kept + done.rows_after)
            return Compacted(partition, len(files), *after)
    raise AssertionError("unreachable")


def _choose_files(files: tuple[FileEntry, ...], *, spec: TableSpec, spare_rows: int | None) -> tuple[FileEntry, ...]:
    """The files worth merging; none when the partition is tidy."""
    if spare_rows is None and spec.rule is Rule.EVERY:
        spare_rows = PORTION_ROWS // 2
    if spare_rows is not None:
        files = tuple(entry for entry in files if entry.rows < spare_rows)
    return () if _is_tidy(files) else files


def _is_tidy(files: tuple[FileEntry, ...]) -> bool:
    """Whether all files came from compaction and no two of them share an id."""
    if not all(entry.path.rpartition("/")[2].startswith(SORTED_PREFIX) for entry in files):
        return False
    ordered = sorted(files, key=lambda entry: entry.low_id)
    return all(first.high_id < second.low_id for first, second in pairwise(ordered))


def delete_rows(table: TableHandle, *, selection: Selection) -> Erased:
    """Remove the rows of a selection from the table and from the files behind it.

    Partition by partition, so an interrupted erasure is finished by asking again. Rows appended for the same ids while
    it runs are not reached: stop their source first.
    """
    erased, partitions = 0, 0
    _, snapshot = _open_private(table, action="erase")
    touched = {entry.partition for entry in prune_files(snapshot, selection=selection, spec=table.spec)}
    for partition in sorted(touched):
        rows = _delete_in_partition(table, partition=partition, selection=selection)
        erased += rows
        partitions += rows > 0
    freed = vacuum_table(table, retention_hours=0, orphan_hours=_ERASURE_ORPHAN_HOURS)
    return Erased(erased, partitions, freed.files)


def _delete_in_partition(table: TableHandle, *, partition: Partition, selection: Selection) -> int:
    action = f"erase from {table.spec.name}"
    for attempt in range(ATTEMPTS):
        delta, snapshot = _open_private(table, action=action)
        with naming_failures(location=table.place.location, action=action):
            holding = _files_holding(table, snapshot, partition=partition, selection=selection)
        if not holding:
            return 0
        drop = pl.all_horizontal(selection_filter(selection, spec=table.spec))
        plan = Rewrite(partition, holding, drop, "erase")
        done = _try_rewrite(table, delta, plan=plan, action=action, attempt=attempt)
        if done is not None:
            return done.rows_before - done.rows_after
    raise AssertionError("unreachable")


def _files_holding(
    table: TableHandle, snapshot: Snapshot, *, partition: Partition, selection: Selection
) -> tuple[FileEntry, ...]:
    """The files of a partition that do hold rows of the selection."""
    files = prune_files(snapshot, selection=selection, spec=table.spec)
    tests = selection_filter(selection, spec=table.spec)
    return tuple(
        entry
        for entry in files
        if entry.partition == partition
        and scan_files([entry], table=table).filter(*tests).select(pl.len()).collect().item()
    )


def retain_from(table: TableHandle, *, before: dt.date) -> Retained:
    """Drop every month (or year) that ended before `before`; the period `before` lies in stays whole."""
    limit = derive_period(before, spec=table.spec)
    action = f"drop old rows of {table.spec.name}"
    dropped: list[FileEntry] = []
    _, snapshot = _open_private(table, action=action)
    for partition in [partition for partition in snapshot.files if partition[0] < limit]:
        dropped.extend(_drop_partition(table, partition=partition, action=action))
    periods = sorted({entry.partition[0] for entry in dropped})
    return Retained(tuple(periods), sum(entry.rows for entry in dropped), len(dropped))


def _drop_partition(table: TableHandle, *, partition: Partition, action: str) -> tuple[FileEntry, ...]:
    for attempt in range(ATTEMPTS):
        delta, snapshot = _open_private(table, action=action)
        files = snapshot.files.get(partition, ())
        if not files:
            return ()
        plan = Rewrite(partition, files, None, "retain")
        try:
            with naming_failures(location=table.place.location, action=action):
                commit_exchange(table, delta, plan=plan, added=[])
        except CommitFailedError as error:
            retry_when_beaten(table, action=action, attempt=attempt, error=error)
        else:
            return files
    raise AssertionError("unreachable")


def _open_private(table: TableHandle, *, action: str) -> tuple[DeltaTable, Snapshot]:
    with naming_failures(location=table.place.location, action=action):
        delta = table.open_private()
        return delta, list_files(delta, place=table.place, spec=table.spec)


def _try_rewrite(
    table: TableHandle, delta: DeltaTable, *, plan: Rewrite, action: str, attempt: int
) -> Rewritten | None:
    """Carry out a plan; None when another rewriter was first and the plan must be made anew."""
    try:
        with naming_failures(location=table.place.location, action=action):
            return do_rewrite(table, delta, plan=plan)
    except CommitFailedError as error:
        retry_when_beaten(table, action=action, attempt=attempt, error=error)
    except StoreError as error:
        if not isinstance(error.__cause__, FileNotFoundError) or attempt + 1 == ATTEMPTS:
            raise
    return None


def vacuum_table(table: TableHandle, *, retention_hours: int, orphan_hours: int = ORPHAN_HOURS) -> Vacuumed:
    """Delete files that no longer belong to the table.

    Files taken out by compaction or erasure go after `retention_hours` (0: now; readers that hold an older list of
    files look again). Files no commit ever knew, left by killed writers, go after `orphan_hours`.
    """
    with naming_failures(location=table.place.location, action=f"vacuum {table.spec.name}"):
        before = _measure_files(table)
        for hours, full in ((retention_hours, False), (max(orphan_hours, retention_hours), True)):
            table.open_private().vacuum(
                retention_hours=hours, dry_run=False, enforce_retention_duration=False, full=full
            )
        gone = before.items() - _measure_files(table).items()
    return Vacuumed(files=len(gone), bytes=sum(size for _, size in gone))


def _measure_files(table: TableHandle) -> dict[str, int]:
    """Sizes of the data files below a table, whether or not they still belong to it."""
    filesystem, root = table.place.open_filesystem()
    found = filesystem.get_file_info(FileSelector(root, recursive=True))
    return {info.path: info.size for info in found if info.is_file and "/_delta_log/" not in info.path}


def checkpoint_table(table: TableHandle) -> int:
    """Write a checkpoint, delete log entries older than the log retention, and return the version."""
    with naming_failures(location=table.place.location, action=f"checkpoint {table.spec.name}"):
        delta = table.open_private()
        delta.create_checkpoint()
        delta.cleanup_metadata()
        return delta.version()
