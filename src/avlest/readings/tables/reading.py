# SPDX-License-Identifier: Apache-2.0
"""Reading rows: only the files and row groups that can hold them, and of several versions the one that counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from avlest.readings.tables.blocks import Wanted, read_rows, to_period
from avlest.readings.tables.errors import StoreError, describe_cause
from avlest.readings.tables.frames import derive_period, resolve_frame
from avlest.readings.tables.handle import FAILURES, FileEntry, Snapshot, TableHandle
from avlest.readings.tables.schemas import BUCKET_SIZE, Rule, TableSpec

Ids = Sequence[int] | Sequence[str] | pl.Series
"""Ids to read: registers, series, or addresses for telegrams."""

STATISTICS_SLACK = dt.timedelta(milliseconds=1)
"""Instants in the Delta log are cut to milliseconds, so a file's last row may be this much later than it says."""

_ATTEMPTS = 4
_FEW_IDS = 64
_FEW_SLICES = 192
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Selection:
    """What to read: ids (None: all) and a half-open period (None: open)."""

    ids: pl.Series | None
    start: dt.datetime | dt.date | None
    stop: dt.datetime | dt.date | None

    @property
    def is_small(self) -> bool:
        """Whether only a few ids are wanted."""
        return self.ids is not None and len(self.ids) <= _FEW_IDS


def read_range(
    table: TableHandle,
    *,
    selection: Selection,
    as_known_at: dt.datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Rows of the selection, one for each (id, time), sorted by them; see `resolve_frame` for which one counts.

    `columns`: only these, beside those that tell which row counts.
    """
    known = None if as_known_at is None else check_moment(as_known_at, name="as_known_at")
    if known is not None and table.spec.rule is not Rule.QUALITY:
        raise ValueError(f"{table.spec.name} cannot be read as known at an instant: derive it again from the readings")
    wanted = tuple(table.spec.columns) if columns is None else derive_columns(table.spec, columns)
    rows, in_order = _collect(table, selection=selection, known=known, columns=wanted)
    return rows if in_order else resolve_frame(rows, spec=table.spec)


def derive_columns(spec: TableSpec, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns asked for and those by which rows are told apart, in the table's order; `KeyError` for others."""
    unknown = [name for name in columns if name not in spec.columns]
    if unknown:
        raise KeyError(f"{spec.name} has no column {unknown[0]!r}; its columns are {', '.join(spec.columns)}")
    needed = {*columns, spec.id_column, spec.time_column, "quality", "known_at"}
    return tuple(name for name in spec.columns if name in needed)


def read_history(table: TableHandle, *, selection: Selection) -> pl.DataFrame:
    """Every stored version of the rows of the selection, sorted by (id, time, known_at)."""
    order = [table.spec.id_column, table.spec.time_column]
    order += ["known_at"] if table.spec.has_knowledge_time else []
    return _collect(table, selection=selection, known=None, columns=tuple(table.spec.columns))[0].sort(order)


def _collect(
    table: TableHandle, *, selection: Selection, known: dt.datetime | None, columns: tuple[str, ...]
) -> tuple[pl.DataFrame, bool]:
    """The stored rows of a selection, and whether they are known to be in order with none twice."""
    tests = [pl.col("known_at") <= known] if known is not None else []
    wanted, moments = id_filter(selection, spec=table.spec), time_filter(selection, spec=table.spec)

    def collect(snapshot: Snapshot) -> tuple[pl.DataFrame, bool]:
        files = prune_files(snapshot, selection=selection, spec=table.spec)
        if not files:
            return empty_frame(table.spec).select(columns), True
        if _is_worth_keeping(selection, files, spec=table.spec):
            found, in_order = _read_blocks(files, table=table, selection=selection, columns=columns)
            return (found.filter(*tests), in_order) if tests else (found, in_order)
        rows = scan_files(files, table=table).select(columns)
        if all(lies_inside(entry, selection=selection) for entry in files):
            return rows.filter(*wanted, *tests).collect(), False
        if selection.is_small:
            # Decoding the time of whole row groups to prune a few hundred rows costs more than it saves.
            return rows.filter(*wanted, *tests).collect().filter(*moments), False
        return rows.filter(*wanted, *tests, *moments).collect(), False

    return with_snapshot(table, collect)


def _is_worth_keeping(selection: Selection, files: Sequence[FileEntry], *, spec: TableSpec) -> bool:
    """Whether so little is wanted that it is cut from row groups which are kept decoded."""
    if selection.ids is None or not spec.is_bucketed:
        return False
    return selection.is_small and len(selection.ids) * len(files) <= _FEW_SLICES


def _read_blocks(
    files: Sequence[FileEntry], *, table: TableHandle, selection: Selection, columns: tuple[str, ...]
) -> tuple[pl.DataFrame, bool]:
    assert selection.ids is not None
    period = to_period(selection.start, selection.stop)
    wanted = Wanted([entry.uri for entry in files], selection.ids.to_list(), period, columns)
    return read_rows(table.blocks, wanted, place=table.place, spec=table.spec)


def with_snapshot(table: TableHandle, read: Callable[[Snapshot], T]) -> T:
    """Call `read` with the newest snapshot; again when a file is gone because it was vacuumed meanwhile."""
    for attempt in range(_ATTEMPTS):
        snapshot = table.read_snapshot(force=attempt > 0)
        try:
            return read(snapshot)
        except FAILURES as error:
            if attempt + 1 == _ATTEMPTS or not _is_missing_file(error):
                location, action = table.place.location, f"read {table.spec.name}"
                raise StoreError(location=location, action=action, cause=describe_cause(error)) from error
    raise AssertionError("unreachable")


def _is_missing_file(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, FileNotFoundError) or any(
        phrase in text for phrase in ("no such file", "not found", "nosuchkey", "os error 2)")
    )


def scan_files(files: Iterable[FileEntry], *, table: TableHandle) -> pl.LazyFrame:
    """A lazy frame over files of a table, without the partition columns."""
    uris = [entry.uri for entry in files]
    return pl.scan_parquet(
        uris, glob=False, hive_partitioning=False, storage_options=table.place.polars_options
    ).select(list(table.spec.columns))


def empty_frame(spec: TableSpec) -> pl.DataFrame:
    """No rows, with the columns of the table."""
    return pl.DataFrame(schema=dict(spec.columns))


def make_selection(
    spec: TableSpec,
    *,
    ids: Ids | None,
    start: dt.datetime | dt.date | None = None,
    stop: dt.datetime | dt.date | None = None,
) -> Selection:
    """Check and convert what a caller asks for. Naive datetimes are refused; days are asked for by date."""
    dtype = spec.columns[spec.id_column]
    wanted = None if ids is None else _sort_ids(ids, dtype)
    by_day = spec.columns[spec.time_column] == pl.Date()
    check = _check_day if by_day else check_moment
    first = None if start is None else check(start, name="start")
    last = None if stop is None else check(stop, name="stop")
    return Selection(wanted, first, last)


def _sort_ids(ids: Ids, dtype: pl.DataType) -> pl.Series:
    """The ids in order, each once."""
    if isinstance(ids, pl.Series) or len(ids) > _FEW_IDS:
        return pl.Series("ids", ids, dtype=dtype).unique().sort()
    return pl.Series("ids", sorted(set(ids)), dtype=dtype)


def check_moment(moment: dt.date, *, name: str) -> dt.datetime:
    """The instant in UTC; `ValueError` for a date or a datetime without time zone."""
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
        raise ValueError(f"{name} is {moment!r}; expected a datetime with a time zone")
    return moment.astimezone(dt.UTC)


def _check_day(moment: dt.date, *, name: str) -> dt.date:
    if isinstance(moment, dt.datetime):
        raise ValueError(f"{name} is {moment!r}; expected a date (local days)")
    return moment


def selection_filter(selection: Selection, *, spec: TableSpec) -> list[pl.Expr]:
    """The selection as row filters."""
    return id_filter(selection, spec=spec) + time_filter(selection, spec=spec)


def id_filter(selection: Selection, *, spec: TableSpec) -> list[pl.Expr]:
    """The ids as row filters; the range of ids comes first, for row groups are pruned by it."""
    ids, identity = selection.ids, pl.col(spec.id_column)
    if ids is None or not len(ids):
        return []
    low, high = ids[0], ids[-1]
    if low == high:
        return [identity == pl.lit(low)]
    between = identity.is_between(pl.lit(low), pl.lit(high))
    if spec.columns[spec.id_column] == pl.Int64() and high - low + 1 == len(ids):
        return [between]
    return [between, identity.is_in(ids.implode())]


def time_filter(selection: Selection, *, spec: TableSpec) -> list[pl.Expr]:
    """The period as row filters."""
    time, tests = pl.col(spec.time_column), []
    if selection.start is not None:
        tests.append(time >= selection.start)
    if selection.stop is not None:
        tests.append(time < selection.stop)
    return tests


def prune_files(snapshot: Snapshot, *, selection: Selection, spec: TableSpec) -> list[FileEntry]:
    """The files that can hold rows of the selection, by partition and by smallest and largest id and time."""
    ids = selection.ids
    if ids is not None and not len(ids):
        return []
    first = None if selection.start is None else derive_period(selection.start, spec=spec)
    last = None if selection.stop is None else derive_period(selection.stop, spec=spec)
    buckets = {n // BUCKET_SIZE for n in ids} if ids is not None and spec.is_bucketed else None
    files: list[FileEntry] = []
    for partition, entries in snapshot.files.items():
        if (first is not None and partition[0] < first) or (last is not None and partition[0] > last):
            continue
        if buckets is None or partition[1] in buckets:
            files.extend(entry for entry in entries if may_hold(entry, selection=selection))
    return files


def lies_inside(entry: FileEntry, *, selection: Selection) -> bool:
    """Whether all rows of a file are certainly in the period."""
    if entry.low_time is None:
        return selection.start is None and selection.stop is None
    slack = STATISTICS_SLACK if isinstance(entry.high_time, dt.datetime) else dt.timedelta()
    begins = selection.start is None or entry.low_time >= selection.start
    return begins and (selection.stop is None or entry.high_time + slack < selection.stop)


def may_hold(entry: FileEntry, *, selection: Selection) -> bool:
    """Whether a file's smallest and largest id and time allow rows of the selection."""
    ids, start, stop = selection.ids, selection.start, selection.stop
    if ids is not None and entry.low_id is not None and (entry.high_id < ids[0] or entry.low_id > ids[-1]):
        return False
    if entry.low_time is None:
        return True
    slack = STATISTICS_SLACK if isinstance(entry.high_time, dt.datetime) else dt.timedelta()
    if start is not None and entry.high_time + slack < start:
        return False
    return stop is None or entry.low_time < stop
