# SPDX-License-Identifier: Apache-2.0
"""Appending exactly once.

The number of a batch travels in the Delta commit itself as an application transaction: rows and number become visible
together or not at all. A writer that was killed asks again with the same number and is told that it was written.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import polars as pl
from deltalake import ColumnProperties, CommitProperties, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError

from avlest.readings.tables.errors import StoreError, describe_cause
from avlest.readings.tables.frames import prepare_frame
from avlest.readings.tables.handle import FAILURES, TableHandle
from avlest.readings.tables.schemas import ROW_GROUP_ROWS, TableSpec

UPKEEP = "upkeep"
"""Application ids starting with this serialise rewriting; no writer may be called so."""

COMPRESSION_LEVEL = 3
_ATTEMPTS = 12
_LONGEST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did: `rows` written, or `repeated` when the batch was there already; the table's `version`."""

    table: str
    rows: int
    repeated: bool
    version: int


def append_frame(table: TableHandle, frame: pl.DataFrame, *, writer: str, batch: int) -> Appended:
    """Append a frame once for each (writer, batch).

    Batch numbers of one writer rise (gaps are fine): a number not above the writer's last one is a repetition and is
    skipped. Writers work side by side, each with its own numbers. Raises `FrameError` or `StoreError`; then nothing of
    the batch is in the table.
    """
    check_writer(writer, batch=batch)
    rows = prepare_frame(frame, spec=table.spec)
    for attempt in range(_ATTEMPTS):
        try:
            return _append_once(table, rows, writer=writer, batch=batch)
        except CommitFailedError as error:
            if attempt + 1 == _ATTEMPTS:
                raise _append_error(table, cause=f"other writers were always first ({error})") from error
            pause_before_retry(attempt)
        except FAILURES as error:
            raise _append_error(table, cause=describe_cause(error)) from error
    raise AssertionError("unreachable")


def _append_error(table: TableHandle, *, cause: str) -> StoreError:
    return StoreError(location=table.place.location, action=f"append to {table.spec.name}", cause=cause)


def check_writer(writer: str, *, batch: int) -> None:
    """`ValueError` when the name is empty or reserved, or the number is negative."""
    if not writer or writer.startswith(UPKEEP):
        raise ValueError(f"writer {writer!r}: expected a name that does not start with {UPKEEP!r}")
    if batch < 0:
        raise ValueError(f"batch {batch}: expected a number from 0 up")


def _append_once(table: TableHandle, rows: pl.DataFrame, *, writer: str, batch: int) -> Appended:
    with table.lock:
        version = table.refresh(force=True)
        last = table.delta.transaction_version(writer)
        if last is not None and batch <= last:
            return Appended(table.spec.name, rows=0, repeated=True, version=version)
        write_deltalake(
            table.delta,
            rows,
            mode="append",
            writer_properties=derive_writer_properties(table.spec),
            commit_properties=CommitProperties(
                app_transactions=[Transaction(writer, batch)],
                custom_metadata={"writer": writer, "batch": str(batch), "rows": str(rows.height)},
            ),
        )
        return Appended(table.spec.name, rows=rows.height, repeated=False, version=table.delta.version())


def pause_before_retry(attempt: int) -> None:
    """Wait a little, longer each time, by chance, so that competing processes do not meet again."""
    longest = min(_LONGEST_PAUSE_SECONDS, 0.02 * 2**attempt)
    time.sleep(random.uniform(0, longest))  # noqa: S311 - spreads processes, keeps no secret


def derive_writer_properties(spec: TableSpec) -> WriterProperties:
    """How rows are encoded: zstd, small row groups, differences instead of values for what changes slowly."""
    packed = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
    return WriterProperties(
        max_row_group_size=ROW_GROUP_ROWS,
        compression="ZSTD",
        compression_level=COMPRESSION_LEVEL,
        column_properties=dict.fromkeys(spec.packed, packed),
    )
