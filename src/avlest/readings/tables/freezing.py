# SPDX-License-Identifier: Apache-2.0
"""One version of a table as the files it is made of, for a backup that is consistent while writers go on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType

from avlest.readings.tables.errors import StoreError
from avlest.readings.tables.handle import Snapshot, TableHandle, list_files, naming_failures
from avlest.readings.tables.places import Place

_LOG = "_delta_log"
_ENTRY = re.compile(r"(\d{20})\.(json|checkpoint\.parquet)")
_CHUNK = 1 << 20
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class FrozenTable:
    """A version of a table: `files` (path in the table, bytes) hold its rows, `log` (name, content) names them.

    Data files stay readable for a day after they were replaced (see `vacuum`); the log is kept here, because
    checkpoints shorten it every few minutes.
    """

    table: str
    version: int
    rows: int
    files: tuple[tuple[str, int], ...]
    log: tuple[tuple[str, bytes], ...] = field(repr=False)


def freeze_table(table: TableHandle, *, last_batches: Mapping[str, int]) -> FrozenTable:
    """Return the newest version in which no writer of `last_batches` is past its batch number there.

    Raises `StoreError` when the log does not reach that far back any more.
    """
    action = f"freeze {table.spec.name}"
    with naming_failures(location=table.place.location, action=action):
        for _ in range(_ATTEMPTS):
            delta = _go_back(table, table.open_private(), last_batches)
            log = _read_log(table.place, upto=delta.version())
            if log is not None:
                return _describe(table, list_files(delta, place=table.place, spec=table.spec), log)
    raise StoreError(location=table.place.location, action=action, cause="the log changes faster than it can be read")


def _describe(table: TableHandle, snapshot: Snapshot, log: tuple[tuple[str, bytes], ...]) -> FrozenTable:
    entries = tuple(snapshot.all_files())
    files = tuple((entry.path, entry.bytes) for entry in entries)
    return FrozenTable(table.spec.name, snapshot.version, sum(entry.rows for entry in entries), files, log)


def _go_back(table: TableHandle, delta: DeltaTable, last_batches: Mapping[str, int]) -> DeltaTable:
    """Step back, version by version, until no writer is ahead."""
    while any((delta.transaction_version(writer) or 0) > last for writer, last in last_batches.items()):
        version = delta.version() - 1
        try:
            delta = DeltaTable(table.place.location, version=version, storage_options=table.place.delta_options)
        except DeltaError as error:
            cause = f"the log does not reach back to version {version}: {error}"
            raise StoreError(location=table.place.location, action=f"freeze {table.spec.name}", cause=cause) from error
    return delta


def _read_log(place: Place, *, upto: int) -> tuple[tuple[str, bytes], ...] | None:
    """Read the log up to a version; None when it was shortened meanwhile and does not hang together."""
    filesystem, root = place.open_filesystem()
    read: list[tuple[str, bytes]] = []
    for info in sorted(filesystem.get_file_info(FileSelector(f"{root}/{_LOG}")), key=lambda info: info.base_name):
        match = _ENTRY.fullmatch(info.base_name)
        if match and int(match[1]) <= upto:
            try:
                with filesystem.open_input_stream(info.path) as stream:
                    read.append((info.base_name, stream.read()))
            except FileNotFoundError:
                return None
    return tuple(read) if _hangs_together([name for name, _ in read], upto=upto) else None


def _hangs_together(names: list[str], *, upto: int) -> bool:
    """Whether every commit from the newest checkpoint (else from the first) to `upto` is there."""
    found = [match for name in names if (match := _ENTRY.fullmatch(name))]
    checkpoints = [int(match[1]) for match in found if match[2] != "json"]
    commits = {int(match[1]) for match in found if match[2] == "json"}
    first = max(checkpoints) + 1 if checkpoints else 0
    return commits.issuperset(range(first, upto + 1))


def open_file(place: Place, path: str) -> BinaryIO:
    """Open a file below a place for reading; `FileNotFoundError` where it is gone."""
    filesystem, root = place.open_filesystem()
    stream: BinaryIO = filesystem.open_input_stream(f"{root}/{path}")
    return stream


def put_file(place: Place, path: str, stream: BinaryIO) -> None:
    """Write a file below a place, making the folders above it."""
    filesystem, root = place.open_filesystem()
    if place.is_local:
        filesystem.create_dir(f"{root}/{path}".rpartition("/")[0], recursive=True)
    with filesystem.open_output_stream(f"{root}/{path}") as target:
        while chunk := stream.read(_CHUNK):
            target.write(chunk)


def is_empty(place: Place) -> bool:
    """Whether there is no file below a place."""
    filesystem, root = place.open_filesystem()
    return not any(info.type == FileType.File for info in _list_all(filesystem, root))


def _list_all(filesystem: FileSystem, root: str) -> list[FileInfo]:
    return list(filesystem.get_file_info(FileSelector(root, allow_not_found=True, recursive=True)))
