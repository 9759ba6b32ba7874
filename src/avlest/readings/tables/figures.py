# SPDX-License-Identifier: Apache-2.0
"""How large the tables are, how they grow, and what was done to them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from pyarrow.fs import FileSelector

from avlest.readings.tables.handle import TableHandle, naming_failures


@dataclass(frozen=True, slots=True)
class PeriodSize:
    """Rows, bytes and files of one month (202611) or year (2026); `most_files` is the most in one bucket of it."""

    period: int
    rows: int
    bytes: int
    files: int
    most_files: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table: totals, length of its log, and one `PeriodSize` a period, oldest first, which is its growth."""

    table: str
    version: int
    rows: int
    bytes: int
    files: int
    log_entries: int
    periods: tuple[PeriodSize, ...]

    @property
    def bytes_per_row(self) -> float:
        """Bytes on disk for each row; 0 for an empty table."""
        return self.bytes / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a table's log; `writer` and `batch` when it was an append."""

    version: int
    at: dt.datetime
    operation: str
    writer: str | None
    batch: int | None
    rows: int | None


def get_table_size(table: TableHandle) -> TableSize:
    """Measure one table from its log, without opening a data file."""
    snapshot = table.read_snapshot(force=True)
    grouped: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for partition, entries in snapshot.files.items():
        rows, size = sum(entry.rows for entry in entries), sum(entry.bytes for entry in entries)
        grouped[partition[0]].append((rows, size, len(entries)))
    periods = tuple(_sum_period(period, parts) for period, parts in sorted(grouped.items()))
    return TableSize(
        table=table.spec.name,
        version=snapshot.version,
        rows=sum(period.rows for period in periods),
        bytes=sum(period.bytes for period in periods),
        files=sum(period.files for period in periods),
        log_entries=_count_log_entries(table),
        periods=periods,
    )


def _sum_period(period: int, parts: list[tuple[int, int, int]]) -> PeriodSize:
    rows, sizes, files = zip(*parts, strict=True)
    return PeriodSize(period, sum(rows), sum(sizes), sum(files), max(files))


def _count_log_entries(table: TableHandle) -> int:
    """Files in the table's log: commits and checkpoints."""
    with naming_failures(location=table.place.location, action=f"measure {table.spec.name}"):
        filesystem, root = table.place.open_filesystem()
        return len(filesystem.get_file_info(FileSelector(f"{root}/_delta_log")))


def get_commits(table: TableHandle, *, limit: int) -> tuple[Commit, ...]:
    """The newest commits still in the log, newest first."""
    table.refresh(force=True)
    with table.lock, naming_failures(location=table.place.location, action=f"read the log of {table.spec.name}"):
        entries = table.delta.history(limit)
    return tuple(_to_commit(entry) for entry in entries)


def _to_commit(entry: dict[str, object]) -> Commit:
    operation = str(entry.get("upkeep") or entry.get("operation") or "unknown").lower()
    batch, rows, writer = entry.get("batch"), entry.get("rows"), entry.get("writer")
    return Commit(
        version=int(str(entry["version"])),
        at=dt.datetime.fromtimestamp(int(str(entry["timestamp"])) / 1000, tz=dt.UTC),
        operation=operation,
        writer=None if writer is None else str(writer),
        batch=None if batch is None else int(str(batch)),
        rows=None if rows is None else int(str(rows)),
    )
