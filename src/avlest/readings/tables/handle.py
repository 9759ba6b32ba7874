# SPDX-License-Identifier: Apache-2.0
"""One open Delta table: created on first use, its list of files kept by version."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import Field, PrimitiveType
from deltalake.schema import Schema as DeltaSchema

from avlest.readings.tables.blocks import BlockCache
from avlest.readings.tables.errors import StoreError, describe_cause
from avlest.readings.tables.places import Place
from avlest.readings.tables.schemas import TableSpec

Partition = tuple[int, ...]
"""Values of the partition columns: (month, bucket), (year, bucket) or (month,)."""

FAILURES = (OSError, DeltaError, pl.exceptions.ComputeError)
"""What the libraries raise when a place cannot be read or written."""

_FULL_CHECK_SECONDS = 5.0
_REMOTE_FRESH_SECONDS = 1.0
_REOPEN_AFTER_COMMITS = 50
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 1 hours",
    "delta.deletedFileRetentionDuration": "interval 1 days",
    "delta.checkpointInterval": "50",
}
_DELTA_TYPES: Mapping[pl.DataType, str] = {
    pl.Int64(): "long",
    pl.Int32(): "integer",
    pl.Int16(): "short",
    pl.String(): "string",
    pl.Binary(): "binary",
    pl.Date(): "date",
    pl.Datetime("us", "UTC"): "timestamp",
}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One Parquet file of a table as the Delta log knows it; `low`/`high` are the smallest and largest id and time."""

    path: str
    uri: str
    partition: Partition
    rows: int
    bytes: int
    modified: int
    low_id: Any
    high_id: Any
    low_time: Any
    high_time: Any


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one version of a table, by partition."""

    version: int
    files: Mapping[Partition, tuple[FileEntry, ...]] = field(repr=False)

    def all_files(self) -> Iterator[FileEntry]:
        """Every file, partition by partition."""
        for entries in self.files.values():
            yield from entries


@contextmanager
def naming_failures(*, location: str, action: str) -> Iterator[None]:
    """Turn a failure of a library into a `StoreError` naming the place and the cause.

    A commit that lost against another one passes through: it is for the caller to try again.
    """
    try:
        yield
    except CommitFailedError:
        raise
    except FAILURES as error:
        raise StoreError(location=location, action=action, cause=describe_cause(error)) from error


class TableHandle:
    """An open table. Threads may share it; each process opens its own."""

    def __init__(self, place: Place, *, spec: TableSpec, blocks: BlockCache | None = None) -> None:
        self.place = place
        self.spec = spec
        self.blocks = blocks or BlockCache()
        self.lock = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._checked = 0.0
        self.delta = self._open_or_create()
        self._opened_version = self.delta.version()

    def open_private(self) -> DeltaTable:
        """A second view of the table, fixed at the version of now until it commits.

        Rewriting needs it: a commit is checked against everything that came after the version its view was opened at.
        """
        return DeltaTable(self.place.location, storage_options=self.place.delta_options)

    def refresh(self, *, force: bool = False) -> int:
        """Move `delta` to the newest version and return it. Cheap when nothing was committed since the last call."""
        with self.lock:
            if force or not self._is_fresh():
                with naming_failures(location=self.place.location, action=f"read {self.spec.name}"):
                    self._update()
                self._checked = time.monotonic()
            return self.delta.version()

    def _update(self) -> None:
        """Read the commits since the last time; open the table anew now and then.

        A view that only ever adds commits becomes slower with each: after 1,500 of them an append takes 180 ms instead
        of 18 (deltalake 1.6.6). Opened anew it starts from the last checkpoint.
        """
        if self.delta.version() - self._opened_version >= _REOPEN_AFTER_COMMITS:
            self.delta = self.open_private()
            self._opened_version = self.delta.version()
        else:
            self.delta.update_incremental()

    def read_snapshot(self, *, force: bool = False) -> Snapshot:
        """The files of the newest version; listed once for each version."""
        with self.lock:
            version = self.refresh(force=force)
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = list_files(self.delta, place=self.place, spec=self.spec)
                self.blocks.forget_others(f"{self.place.location}/", (each.uri for each in self._snapshot.all_files()))
            return self._snapshot

    def _is_fresh(self) -> bool:
        """Whether no newer version can be there; a folder is asked for the next commit, a bucket once a second."""
        age = time.monotonic() - self._checked
        if not self.place.is_local:
            return age < _REMOTE_FRESH_SECONDS
        upcoming = Path(self.place.location, "_delta_log", f"{self.delta.version() + 1:020}.json")
        return age < _FULL_CHECK_SECONDS and not upcoming.exists()

    def _open_or_create(self) -> DeltaTable:
        with naming_failures(location=self.place.location, action=f"open {self.spec.name}"):
            try:
                delta = self.open_private()
            except TableNotFoundError:
                delta = self._create()
        self._check_schema(delta)
        self._checked = time.monotonic()
        return delta

    def _create(self) -> DeltaTable:
        if self.place.is_local:
            Path(self.place.location).mkdir(parents=True, exist_ok=True)
        columns = ",".join(self.spec.statistics)
        try:
            return DeltaTable.create(
                self.place.location,
                schema=derive_delta_schema(self.spec),
                partition_by=list(self.spec.partitions),
                name=self.spec.name,
                configuration={**_CONFIGURATION, "delta.dataSkippingStatsColumns": columns},
                storage_options=self.place.delta_options,
            )
        except (CommitFailedError, DeltaError):
            # Another process may have created it in the same moment: then it opens, else this says why not.
            return self.open_private()

    def _check_schema(self, delta: DeltaTable) -> None:
        found = {entry.name: str(entry.type) for entry in delta.schema().fields}
        expected = {entry.name: str(entry.type) for entry in derive_delta_schema(self.spec).fields}
        wrong = [name for name in expected | found if found.get(name) != expected.get(name)]
        if wrong:
            parts = (f"{name} is {found.get(name, 'absent')}, not {expected.get(name, 'absent')}" for name in wrong)
            cause = "the table has other columns than this version of Avlest: " + "; ".join(parts)
            raise StoreError(location=self.place.location, action=f"open {self.spec.name}", cause=cause)


def derive_delta_schema(spec: TableSpec) -> DeltaSchema:
    """The Delta schema of a table, partition columns last."""
    columns = {**spec.columns, **dict.fromkeys(spec.partitions, pl.Int32())}
    fields = [Field(name, PrimitiveType(_DELTA_TYPES[dtype]), nullable=True) for name, dtype in columns.items()]
    return DeltaSchema(fields)


def list_files(delta: DeltaTable, *, place: Place, spec: TableSpec) -> Snapshot:
    """Read the list of files of the version `delta` is at."""
    actions = pl.DataFrame(delta.get_add_actions(flatten=True))
    files: dict[Partition, list[FileEntry]] = {}
    if actions.height:
        columns = [
            "path",
            *(f"partition.{name}" for name in spec.partitions),
            "num_records",
            "size_bytes",
            "modification_time",
            *(f"{side}.{name}" for name in (spec.id_column, spec.time_column) for side in ("min", "max")),
        ]
        count = len(spec.partitions)
        for path, *rest in actions.select(columns).iter_rows():
            partition = tuple(rest[:count])
            entry = FileEntry(path, f"{place.location}/{path}", partition, *rest[count:])
            files.setdefault(partition, []).append(entry)
    return Snapshot(delta.version(), {key: tuple(files[key]) for key in sorted(files)})
