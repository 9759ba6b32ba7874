# SPDX-License-Identifier: Apache-2.0
"""What was appended to a table since a version: the change feed that derivation lives on.

Each append names its files in its commit, so the new rows are found without looking at old ones.  Commits of upkeep
(compaction, erasure, retention) bring no new rows and are passed over.
"""

from __future__ import annotations

import datetime as dt
import json
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pyarrow.fs import FileSystem

from avlest.readings.tables.handle import FAILURES, FileEntry, TableHandle, naming_failures
from avlest.readings.tables.reading import with_snapshot
from avlest.readings.tables.schemas import TableSpec

_CLOCK_SLACK = dt.timedelta(minutes=5)
_RUN_GAP = dt.timedelta(days=1)
_PORTION = 200
_DAY = "__day"
_RUN = "__run"


@dataclass(frozen=True, slots=True)
class Changes:
    """What was appended after a version, up to `version`.

    `ids` has a row for each id and stretch of days without a longer gap than a day: the id, `first` and `last` (the
    earliest and latest time appended).  `is_exact` is false when the log no longer reached back and files that
    compaction rewrote meanwhile are in it too: then it says more than was appended, never less.
    """

    version: int
    at: dt.datetime
    is_exact: bool
    ids: pl.DataFrame = field(repr=False)


def get_changes(table: TableHandle, *, since: int | None, since_at: dt.datetime | None) -> Changes:
    """Return what was appended after the version `since` (None: everything).

    `since_at` is `Changes.at` of that version: when the log no longer reaches back to it, the files newer than that
    are taken.
    """
    with naming_failures(location=table.place.location, action=f"read the changes of {table.spec.name}"):
        return _find_changes(table, since=since, since_at=since_at)


def _find_changes(table: TableHandle, *, since: int | None, since_at: dt.datetime | None) -> Changes:
    version = table.refresh(force=True)
    now = dt.datetime.now(dt.UTC)
    if since is not None and since >= version:
        return Changes(version, now, is_exact=True, ids=_no_ids(table.spec))
    uris = None if since is None else _read_appended(table, since=since, upto=version)
    if uris is not None:
        try:
            return Changes(version, now, is_exact=True, ids=_read_stretches(table, uris))
        except FAILURES:
            pass  # compacted and vacuumed meanwhile: the rows are in newer files
    after = None if since is None or since_at is None else since_at - _CLOCK_SLACK
    return _take_files(table, now=now, after=after)


def _take_files(table: TableHandle, *, now: dt.datetime, after: dt.datetime | None) -> Changes:
    """The rows of all files written after an instant (None: of all files)."""
    least = -1 if after is None else int(after.timestamp() * 1000)

    def read(snapshot: Any) -> Changes:
        files = [entry.uri for entry in snapshot.all_files() if _modified_ms(entry) >= least]
        return Changes(snapshot.version, now, is_exact=False, ids=_read_stretches(table, files))

    return with_snapshot(table, read)


def _modified_ms(entry: FileEntry) -> int:
    moment: Any = entry.modified
    return int(moment.timestamp() * 1000) if isinstance(moment, dt.datetime) else int(moment)


def _read_appended(table: TableHandle, *, since: int, upto: int) -> list[str] | None:
    """The files of the appends in `(since, upto]`; None when an entry of the log is gone."""
    filesystem, root = table.place.open_filesystem()
    found: list[str] = []
    for version in range(since + 1, upto + 1):
        entry = _read_entry(filesystem, f"{root}/_delta_log/{version:020}.json")
        if entry is None:
            return None
        found.extend(f"{table.place.location}/{path}" for path in _appended_paths(entry))
    return found


def _read_entry(filesystem: FileSystem, path: str) -> list[dict[str, Any]] | None:
    try:
        with filesystem.open_input_stream(path) as stream:
            return [json.loads(line) for line in stream.read().splitlines() if line]
    except FileNotFoundError:
        return None


def _appended_paths(actions: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The files of a commit that is an append: it says which writer and batch it is of."""
    if any("writer" in action.get("commitInfo", {}) for action in actions):
        for action in actions:
            if "add" in action:
                yield urllib.parse.unquote(action["add"]["path"])


def _read_stretches(table: TableHandle, uris: Sequence[str]) -> pl.DataFrame:
    """Ids and stretches of time in some files, read in portions so that the memory does not grow with their number."""
    spec = table.spec
    parts = [_no_days(spec)]
    for at in range(0, len(uris), _PORTION):
        rows = pl.scan_parquet(
            list(uris[at : at + _PORTION]),
            glob=False,
            hive_partitioning=False,
            storage_options=table.place.polars_options,
        )
        parts.append(_by_day(rows, spec=spec).collect())
    days = _by_day(pl.concat(parts).lazy(), spec=spec, first="first", last="last").collect()
    return _join_days(days, spec=spec)


def _by_day(rows: pl.LazyFrame, *, spec: TableSpec, first: str = "", last: str = "") -> pl.LazyFrame:
    time = pl.col(first or spec.time_column)
    return rows.group_by(pl.col(spec.id_column), time.dt.date().alias(_DAY)).agg(
        pl.col(first or spec.time_column).min().alias("first"), pl.col(last or spec.time_column).max().alias("last")
    )


def _join_days(days: pl.DataFrame, *, spec: TableSpec) -> pl.DataFrame:
    """Days of one id that follow each other as one row."""
    identity = pl.col(spec.id_column)
    starts = (identity != identity.shift()) | (pl.col(_DAY) - pl.col(_DAY).shift() > _RUN_GAP)
    ordered = days.sort(spec.id_column, _DAY).with_columns(starts.fill_null(value=True).cum_sum().alias(_RUN))
    return (
        ordered.group_by(_RUN, maintain_order=True)
        .agg(identity.first(), pl.col("first").min(), pl.col("last").max())
        .drop(_RUN)
    )


def _no_days(spec: TableSpec) -> pl.DataFrame:
    time = spec.columns[spec.time_column]
    schema = {spec.id_column: spec.columns[spec.id_column], _DAY: pl.Date(), "first": time, "last": time}
    return pl.DataFrame(schema=schema)


def _no_ids(spec: TableSpec) -> pl.DataFrame:
    return _no_days(spec).drop(_DAY)
