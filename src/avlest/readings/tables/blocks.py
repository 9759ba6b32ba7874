# SPDX-License-Identifier: Apache-2.0
"""Rows of a few ids, from row groups that are kept decoded: what pages read.

To find the month of one home, Parquet has a whole row group decoded: 65,536 rows of some 180 series.  Files never
change, so a decoded row group may be kept as long as there is room, with where each id begins in it; the next home
of the same row group costs a hundredth.  What is erased is in new files; the old ones are forgotten with the version.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from avlest.readings.tables.places import Place
from avlest.readings.tables.schemas import TableSpec

KEPT_BYTES: Final = 96 * 2**20
"""Room for decoded row groups in one process: days of two years of 4,000 series, as pages read them, take 80 MB."""

Period = tuple[int | None, int | None]
"""Half-open, as `Block.times` counts; None: open."""
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """A row group: where it begins in its file, its rows, its smallest and largest id (None: not said)."""

    first: int
    rows: int
    low: Any
    high: Any


@dataclass(frozen=True, slots=True)
class Block:
    """A decoded row group, sorted by (id, time): the rows of an id are those from `begins[id]` to `ends[id]`.

    `times` are the instants (microseconds) or days of the rows since 1970; `is_single`: none of them comes twice.
    """

    frame: pl.DataFrame
    times: NDArray[np.int64]
    begins: dict[int, int]
    ends: dict[int, int]
    is_single: bool

    def find(self, wanted: int, period: Period) -> tuple[int, int] | None:
        """First and last row (behind it) of one id in a period; None where there is none."""
        begin = self.begins.get(wanted)
        if begin is None:
            return None
        times = self.times[begin : self.ends[wanted]]
        first = 0 if period[0] is None else int(np.searchsorted(times, period[0]))
        last = len(times) if period[1] is None else int(np.searchsorted(times, period[1]))
        return (begin + first, begin + last) if first < last else None


@dataclass(slots=True)
class BlockCache:
    """Decoded row groups of the tables of a store, the longest unused dropped first; threads may share it."""

    room: int = KEPT_BYTES
    _groups: dict[str, tuple[Group, ...]] = field(default_factory=dict)
    _blocks: OrderedDict[tuple[str, int, tuple[str, ...]], Block] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _used: int = 0

    @property
    def used(self) -> int:
        """Bytes of the row groups that are kept."""
        return self._used

    def forget_others(self, root: str, current: Iterable[str]) -> None:
        """Drop what is kept of files below `root` that are no longer the table's."""
        kept = set(current)
        with self._lock:
            for uri in [uri for uri in self._groups if uri.startswith(root) and uri not in kept]:
                del self._groups[uri]
            for key in [key for key in self._blocks if key[0].startswith(root) and key[0] not in kept]:
                self._drop(key)

    def get_groups(self, uri: str, place: Place, spec: TableSpec) -> tuple[Group, ...]:
        """The row groups of a file, read once from its footer."""
        with self._lock:
            known = self._groups.get(uri)
        if known is None:
            known = _read_groups(uri, place, spec)
            with self._lock:
                self._groups[uri] = known
        return known

    def get_block(self, uri: str, number: int, place: Place, spec: TableSpec, columns: tuple[str, ...]) -> Block:
        """A row group, decoded or kept."""
        key = (uri, number, columns)
        with self._lock:
            found = self._blocks.get(key)
            if found is not None:
                self._blocks.move_to_end(key)
                return found
            group = self._groups[uri][number]
        made = _read_block(uri, group, place, spec, columns)
        with self._lock:
            if key not in self._blocks:
                self._blocks[key] = made
                self._used += int(made.frame.estimated_size())
            while self._used > self.room and len(self._blocks) > 1:
                self._drop(next(iter(self._blocks)))
        return made

    def _drop(self, key: tuple[str, int, tuple[str, ...]]) -> None:
        self._used -= int(self._blocks.pop(key).frame.estimated_size())


def _read_groups(uri: str, place: Place, spec: TableSpec) -> tuple[Group, ...]:
    filesystem, _ = place.open_filesystem()
    with filesystem.open_input_file(uri.removeprefix("s3://")) as file:
        metadata = pq.ParquetFile(file).metadata
    found, first = [], 0
    at = metadata.schema.names.index(spec.id_column)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        said = group.column(at).statistics
        low, high = (said.min, said.max) if said is not None and said.has_min_max else (None, None)
        found.append(Group(first, group.num_rows, low, high))
        first += group.num_rows
    return tuple(found)


def _read_block(uri: str, group: Group, place: Place, spec: TableSpec, columns: tuple[str, ...]) -> Block:
    scanned = pl.scan_parquet([uri], glob=False, hive_partitioning=False, storage_options=place.polars_options)
    rows = scanned.select(columns).slice(group.first, group.rows).collect()
    frame = rows.sort(spec.id_column, spec.time_column, maintain_order=True)
    runs = frame[spec.id_column].rle().struct.unnest()
    ends = runs["len"].cum_sum()
    ids = runs["value"].to_list()
    begins = dict(zip(ids, (ends - runs["len"]).to_list(), strict=True))
    times = frame[spec.time_column].to_physical().cast(pl.Int64).to_numpy()
    numbers = frame[spec.id_column].to_numpy()
    is_twice = (numbers[1:] == numbers[:-1]) & (times[1:] == times[:-1])
    return Block(frame, times, begins, dict(zip(ids, ends.to_list(), strict=True)), not is_twice.any())


def to_period(start: dt.date | None, stop: dt.date | None) -> Period:
    """Instants (with time zone) or days as `Block` counts them."""
    return (None if start is None else _to_number(start), None if stop is None else _to_number(stop))


def _to_number(moment: dt.date) -> int:
    if isinstance(moment, dt.datetime):
        return (moment - _EPOCH) // dt.timedelta(microseconds=1)
    return (moment - _EPOCH.date()).days


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: the files, ids in order, the period and the columns."""

    uris: Sequence[str]
    ids: Sequence[int]
    period: Period
    columns: tuple[str, ...]


def read_rows(cache: BlockCache, wanted: Wanted, *, place: Place, spec: TableSpec) -> tuple[pl.DataFrame, bool]:
    """Return the rows of some ids, by id and then by file, and whether they are in order with none twice."""
    held = [(uri, at, group) for uri in wanted.uris for at, group in enumerate(cache.get_groups(uri, place, spec))]
    found, in_order = [], True
    for one in wanted.ids:
        latest = None
        for uri, number, group in held:
            if group.low is not None and not group.low <= one <= group.high:
                continue
            block = cache.get_block(uri, number, place, spec, wanted.columns)
            rows = block.find(one, wanted.period)
            if rows is not None:
                found.append(block.frame.slice(rows[0], rows[1] - rows[0]))
                in_order &= block.is_single and (latest is None or bool(latest < block.times[rows[0]]))
                latest = block.times[rows[1] - 1]
    if not found:
        return pl.DataFrame(schema={name: spec.columns[name] for name in wanted.columns}), True
    return (pl.concat(found) if len(found) > 1 else found[0]), in_order
