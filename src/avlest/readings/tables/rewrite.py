# SPDX-License-Identifier: Apache-2.0
"""Replacing files of one partition by better ones in one commit, beside writers that go on appending.

Rows are read and written in portions, so that memory stays bounded however large a partition is. Two rewriters of one
partition exclude each other by an application transaction per partition: whoever commits second is refused, throws its
new files away and starts again from what the first one left.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from avlest.readings.tables.errors import StoreError
from avlest.readings.tables.frames import resolve_frame, sort_order
from avlest.readings.tables.handle import FAILURES, FileEntry, Partition, TableHandle, naming_failures
from avlest.readings.tables.reading import scan_files
from avlest.readings.tables.schemas import ROW_GROUP_ROWS, Rule, TableSpec
from avlest.readings.tables.writing import COMPRESSION_LEVEL, UPKEEP, pause_before_retry

PORTION_ROWS = 4_000_000
"""Rows sorted and written at a time, and so about the rows of one file after compaction."""

SORTED_PREFIX = "sorted-"
"""Files written here are called so: sorted as a whole, free of superseded rows, apart from each other by id."""

ATTEMPTS = 6

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Which files of a partition to replace, what to drop, and what to call it in the log."""

    partition: Partition
    files: tuple[FileEntry, ...]
    drop: pl.Expr | None
    operation: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Rows and files before and after, and the version that made the change."""

    rows_before: int
    rows_after: int
    files_before: int
    files_after: int
    version: int


def do_rewrite(table: TableHandle, delta: DeltaTable, *, plan: Rewrite) -> Rewritten:
    """Write the new files of a plan and exchange them for the old ones in one commit through `delta`.

    Raises `CommitFailedError` when another rewriter was first; the new files are then deleted again.
    """
    added: list[AddAction] = []
    try:
        added.extend(_write_portions(table, plan=plan))
        commit_exchange(table, delta, plan=plan, added=added)
    except BaseException:
        _delete_files(table, added=added)
        raise
    return Rewritten(
        rows_before=sum(entry.rows for entry in plan.files),
        rows_after=sum(json.loads(action.stats)["numRecords"] for action in added),
        files_before=len(plan.files),
        files_after=len(added),
        version=delta.version(),
    )


def commit_exchange(table: TableHandle, delta: DeltaTable, *, plan: Rewrite, added: Sequence[AddAction]) -> None:
    """Commit: the files of the plan out, `added` in. Appends since `delta` was opened do not hinder it."""
    now = int(time.time() * 1000)
    changes = plan.operation != "compact"
    values: dict[str, str | None] = partition_values(plan.partition, spec=table.spec)
    removed = [
        RemoveAction(entry.path, changes, now, size=entry.bytes, partition_values=values) for entry in plan.files
    ]
    app_id = "/".join([UPKEEP, *map(str, plan.partition)])
    delta.create_write_transaction(
        [*added, *removed],
        mode="append",
        schema=delta.schema(),
        partition_by=list(table.spec.partitions),
        commit_properties=CommitProperties(
            app_transactions=[Transaction(app_id, delta.version())],
            custom_metadata={"upkeep": plan.operation, "partition": "/".join(map(str, plan.partition))},
        ),
    )


def retry_when_beaten(table: TableHandle, *, action: str, attempt: int, error: CommitFailedError) -> None:
    """Pause before another try, or say that other rewriters were always first."""
    if attempt + 1 == ATTEMPTS:
        cause = f"other work on the same rows was always first ({error})"
        raise StoreError(location=table.place.location, action=action, cause=cause) from error
    pause_before_retry(attempt + 3)


def _write_portions(table: TableHandle, *, plan: Rewrite) -> Iterator[AddAction]:
    folder = "/".join(f"{key}={value}" for key, value in partition_values(plan.partition, spec=table.spec).items())
    dataless = plan.operation == "compact"
    for limits in split_portions(plan.files, spec=table.spec):
        frame = read_portion(table, plan=plan, limits=limits)
        if frame.height:
            path = f"{folder}/{SORTED_PREFIX}{uuid.uuid4()}.parquet"
            size = write_file(table, frame, path=path)
            yield AddAction(
                path=path,
                size=size,
                partition_values=partition_values(plan.partition, spec=table.spec),
                modification_time=int(time.time() * 1000),
                data_change=not dataless,
                stats=json.dumps(derive_statistics(frame, spec=table.spec)),
            )


def read_portion(table: TableHandle, *, plan: Rewrite, limits: pl.Expr | None) -> pl.DataFrame:
    """One portion of the plan's rows as they shall be: sorted; of derived tables only the rows that count."""
    lazy = scan_files(plan.files, table=table)
    if limits is not None:
        lazy = lazy.filter(limits)
    if plan.drop is not None:
        lazy = lazy.filter(~plan.drop)
    frame = lazy.collect()
    if table.spec.rule is Rule.NEWEST:
        return resolve_frame(frame, spec=table.spec)
    return frame.sort(sort_order(table.spec))


def split_portions(files: Sequence[FileEntry], *, spec: TableSpec) -> list[pl.Expr | None]:
    """Filters that part the rows of `files` into ranges of about `PORTION_ROWS`, by id (telegrams: by time)."""
    count = -(-sum(entry.rows for entry in files) // PORTION_ROWS)
    by_time = spec.rule is Rule.EVERY
    lows = [entry.low_time if by_time else entry.low_id for entry in files]
    highs = [entry.high_time if by_time else entry.high_id for entry in files]
    if count <= 1 or None in lows or None in highs:
        return [None]
    column = pl.col(spec.time_column if by_time else spec.id_column)
    low, step = min(lows), (max(highs) - min(lows)) / count
    edges = [low + step * n for n in range(1, count)]
    if not by_time:
        edges = sorted({int(edge) for edge in edges})
    inner = [(column >= first) & (column < second) for first, second in pairwise(edges)]
    return [column < edges[0], *inner, column >= edges[-1]]


def write_file(table: TableHandle, frame: pl.DataFrame, *, path: str) -> int:
    """Write one Parquet file below the table and return its size in bytes."""
    filesystem, root = table.place.open_filesystem()
    target = f"{root}/{path}"
    spec = table.spec
    pq.write_table(
        frame.to_arrow(compat_level=pl.CompatLevel.oldest()),
        target,
        filesystem=filesystem,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=[name for name in spec.columns if name not in (*spec.packed, "payload")],
        column_encoding=dict.fromkeys(spec.packed, "DELTA_BINARY_PACKED"),
        write_page_index=True,
    )
    return int(filesystem.get_file_info(target).size)


def _delete_files(table: TableHandle, *, added: Sequence[AddAction]) -> None:
    """Take back files that were never committed; what cannot be deleted now, vacuum finds later."""
    if not added:
        return
    with naming_failures(location=table.place.location, action="take back uncommitted files"):
        filesystem, root = table.place.open_filesystem()
        for action in added:
            try:
                filesystem.delete_file(f"{root}/{action.path}")
            except FAILURES as error:
                _log.warning("%s stays behind in %s until vacuum: %s", action.path, table.place.location, error)


def partition_values(partition: Partition, *, spec: TableSpec) -> dict[str, str | None]:
    """Partition columns and their values as the Delta log writes them."""
    return {name: str(value) for name, value in zip(spec.partitions, partition, strict=True)}


def derive_statistics(frame: pl.DataFrame, *, spec: TableSpec) -> dict[str, Any]:
    """Row count, smallest and largest values of the statistics columns, in the notation of the Delta log."""
    names = list(spec.statistics)
    low = frame.select(pl.col(names).min()).row(0, named=True)
    high = frame.select(pl.col(names).max()).row(0, named=True)
    return {
        "numRecords": frame.height,
        "minValues": {name: _log_value(low[name]) for name in names},
        "maxValues": {name: _log_value(high[name]) for name in names},
        "nullCount": {name: frame[name].null_count() for name in names},
    }


def _log_value(value: object) -> object:
    """Instants are cut to milliseconds in the Delta log."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return value.isoformat() if isinstance(value, dt.date) else value
