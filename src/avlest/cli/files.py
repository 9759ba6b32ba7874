# SPDX-License-Identifier: Apache-2.0
"""Wide files: CSV and Parquet with one row a telegram and a column for every field that occurs.

Which columns there are is known only at the end, so Parquet is written in parts when a
new field turns up late and put together at the end; CSV is made from such a file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from avlest.catalogue.batch_decoder import DecodedGroup
from avlest.catalogue.frames import build_frame
from avlest.cli.output import DecodedChunk, Object, single_objects

_HEAD = (("line", pa.int64()), ("media", pa.large_string()), ("meter", pa.large_string()), ("id", pa.large_string()))
_TYPES = {pl.Int64: pa.float64(), pl.UInt64: pa.float64(), pl.Float64: pa.float64(), pl.String: pa.large_string()}


class ParquetSink:
    """A Parquet file; rows stand in the order of their skeletons, `line` tells the input's order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = tempfile.TemporaryDirectory(prefix=".avlest-", dir=path.parent)
        self._parts: list[Path] = []
        self._schema = pa.schema([*_HEAD, ("manufacturer", pa.large_string())])
        self._writer: pq.ParquetWriter | None = None

    def write(self, chunk: DecodedChunk) -> None:
        """Append one chunk as a row group."""
        tables = [group_table(group, chunk) for group in chunk.result.groups]
        single = single_objects(chunk)
        if single:
            tables.append(object_table(single, chunk))
        if not tables:
            return
        schema = unify(self._schema, tables)
        if self._writer is None or schema != self._schema:
            self._start_part(schema)
        assert self._writer is not None
        self._writer.write_table(stack_tables(tables, schema), row_group_size=1 << 20)

    def _start_part(self, schema: pa.Schema) -> None:
        if self._writer is not None:
            self._writer.close()
        self._schema = schema
        self._parts.append(Path(self._folder.name) / f"part-{len(self._parts)}.parquet")
        self._writer = _open_writer(self._parts[-1], schema)

    def close(self) -> None:
        """Put the parts together; the file appears whole or not at all."""
        if self._writer is None:
            self._start_part(self._schema)
        assert self._writer is not None
        self._writer.close()
        if len(self._parts) > 1:
            self._join_parts()
        self._parts[-1].replace(self._path)
        self._folder.cleanup()

    def _join_parts(self) -> None:
        whole = Path(self._folder.name) / "whole.parquet"
        with _open_writer(whole, self._schema) as writer:
            for table in read_row_groups(self._parts):
                writer.write_table(stack_tables([table], self._schema), row_group_size=1 << 20)
        self._parts.append(whole)


def _open_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    texts = [field.name for field in schema if pa.types.is_large_string(field.type)]
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, use_dictionary=texts)


class CsvSink:
    """CSV in the order of the input, all columns in the header."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._folder = tempfile.TemporaryDirectory(prefix="avlest-")
        self._path = Path(self._folder.name) / "rows.parquet"
        self._parquet = ParquetSink(self._path)

    def write(self, chunk: DecodedChunk) -> None:
        """Keep one chunk."""
        self._parquet.write(chunk)

    def close(self) -> None:
        """Write the rows kept."""
        self._parquet.close()
        header = True
        for table in read_row_groups([self._path]):
            frame = pl.DataFrame(pl.from_arrow(table)).sort("line")
            self._stream.write(frame.write_csv(include_header=header))
            header = False
        self._stream.flush()
        self._folder.cleanup()


def read_row_groups(paths: list[Path]) -> Iterator[pa.Table]:
    """The row groups of several files, one at a time."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number)


def group_table(group: DecodedGroup, chunk: DecodedChunk) -> pa.Table:
    """A group with its constant columns; numbers are doubles whatever they were sent as."""
    frame = build_frame(group)
    count = len(group.rows)
    columns = {
        "line": pa.array(chunk.lines.numbers[group.rows]),
        "media": _repeat(group.media, count),
        "meter": _repeat(group.meter, count),
        "id": frame["id"].to_arrow(),
        "manufacturer": _repeat(group.manufacturer, count),
    }
    if chunk.lines.received_at:
        columns["received_at"] = pa.array([chunk.received_at(row) for row in group.rows.tolist()], pa.large_string())
    for series in frame.get_columns()[1:]:
        columns[series.name] = series.to_arrow().cast(_TYPES[type(series.dtype)], safe=False)
    return pa.table({name: _large(column) for name, column in columns.items()})


def _repeat(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.large_string()), count)


def _large(column: pa.Array) -> pa.Array:
    return column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column


def object_table(objects: dict[int, Object], chunk: DecodedChunk) -> pa.Table:
    """Single objects as a table; a field that is text once is text throughout."""
    rows = [{"line": chunk.line(row), **item} for row, item in objects.items()]
    names = dict.fromkeys(name for item in rows for name in item)
    columns = {}
    for name in names:
        values = [item.get(name) for item in rows]
        if name == "line":
            columns[name] = pa.array(values, pa.int64())
        elif any(isinstance(value, str) for value in values) or all(value is None for value in values):
            columns[name] = pa.array([None if value is None else str(value) for value in values], pa.large_string())
        else:
            columns[name] = pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.table(columns)


def unify(schema: pa.Schema, tables: list[pa.Table]) -> pa.Schema:
    """The schema with every column of the tables; a column that is text anywhere is text."""
    types = {field.name: field.type for field in schema}
    for table in tables:
        for field in table.schema:
            known = types.get(field.name)
            text = pa.types.is_large_string(field.type) or (known is not None and pa.types.is_large_string(known))
            types[field.name] = pa.large_string() if text else field.type
    return pa.schema(list(types.items()))


def stack_tables(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    """Tables of different columns one over the other; what a table lacks is null, without copies."""
    count = sum(table.num_rows for table in tables)
    nulls = {kind: pa.nulls(count, kind) for kind in set(schema.types)}
    types = dict(zip(schema.names, schema.types, strict=True))
    parts: dict[str, list[pa.Array]] = {name: [] for name in schema.names}
    filled = dict.fromkeys(schema.names, 0)
    start = 0
    for table in tables:
        for name, column in zip(table.column_names, table.columns, strict=True):
            kind = types[name]
            if filled[name] < start:
                parts[name].append(nulls[kind].slice(0, start - filled[name]))
            parts[name] += column.chunks if column.type == kind else column.cast(kind).chunks
            filled[name] = start + table.num_rows
        start += table.num_rows
    for name, done in filled.items():
        if done < count:
            parts[name].append(nulls[types[name]].slice(0, count - done))
    columns = [pa.chunked_array(parts[name], type=kind) for name, kind in types.items()]
    return pa.table(columns, schema=schema)
