# SPDX-License-Identifier: Apache-2.0
"""Readings that programs send, as JSON, CSV, Parquet or Arrow: rows that can be read, and what is wrong with others."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from avlest.collect.formats.canonical import Reading, load_readings, parse_reading_fields
from avlest.collect.formats.fields import Fields, parse_json
from avlest.collect.formats.model import FormatError, Message
from avlest.collect.formats.readings_csv import parse_readings_csv
from avlest.portal.api.problems import FieldProblem, ProblemError

MOST_BYTES: Final = 5_000_000
MOST_ROWS: Final = 20_000
_MOST_UNPACKED: Final = 50_000_000
_LONGEST_CELL: Final = 1000
_COLUMNS: Final = (
    "meter", "point", "at", "value", "unit", "quantity", "since", "direction", "quality", "note",
)  # fmt: skip
_UTC: Final = ZoneInfo("UTC")


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """Readings by row (from 0) and what is wrong with the rows that are none."""

    readings: Mapping[int, Reading]
    problems: tuple[FieldProblem, ...]


def parse_sent(body: bytes, media_type: str, *, now: datetime) -> Sent:
    """Return what was sent; `ProblemError` where the whole of it cannot be read."""
    kind = media_type.partition(";")[0].strip().lower()
    parse = _PARSERS.get(kind)
    if parse is None:
        raise ProblemError(415, "media_type", f"expected Content-Type to be one of {', '.join(_PARSERS)}")
    try:
        return parse(body, now)
    except FormatError as error:
        raise ProblemError(422, "unreadable", str(error)) from error


def _parse_json(body: bytes, _now: datetime) -> Sent:
    """A list of readings, or an object with the list `readings`."""
    found = parse_json(body)
    rows = found.get("readings") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise FormatError("expected a list of readings, or an object with the list readings")
    _check_count(len(rows))
    return _parse_rows(rows)


def _parse_rows(rows: Iterable[Any]) -> Sent:
    readings, problems = {}, []
    for number, row in enumerate(rows):
        try:
            if not isinstance(row, dict):
                raise FormatError("expected an object")
            readings[number] = _parse_row(row)
        except FormatError as error:
            problems.append(FieldProblem(error.detail, error.field, "invalid", number))
    return Sent(readings, tuple(problems))


def _parse_row(row: dict[str, Any]) -> Reading:
    fields = Fields({name: value for name, value in row.items() if value is not None})
    reading = parse_reading_fields(fields, at=None, zone=_UTC)
    if not reading.unit:
        raise fields.fail("unit", "a unit such as m3 or kwh")
    return reading


def _check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise ProblemError(413, "too_many", f"expected at most {MOST_ROWS} readings at once: send them in parts")


def _parse_csv(body: bytes, now: datetime) -> Sent:
    """Headings as in other lists of readings; rows count from the first below the heading."""
    parsed = parse_readings_csv(Message(body, now.astimezone(UTC), "api", topic="readings.csv", zone=_UTC))
    _check_count(len(parsed.heard) + len(parsed.problems))
    broken = {problem.line for problem in parsed.problems}
    written = [number for number, line in enumerate(body.splitlines(), 1) if line.strip(b" \t;,")]
    lines = iter([number for number in written[1:] if number not in broken])
    readings = {next(lines) - 2: each for heard in parsed.heard for each in load_readings(heard.payload)}
    problems = [
        FieldProblem(each.detail, each.field, "invalid", None if each.line is None else each.line - 2)
        for each in parsed.problems
    ]
    return Sent(readings, tuple(problems))


def _parse_parquet(body: bytes, _now: datetime) -> Sent:
    try:
        file = pq.ParquetFile(io.BytesIO(body))
        _check_count(file.metadata.num_rows)
        unpacked = sum(file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups))
        _check_size(unpacked)
        names = [name for name in file.schema_arrow.names if name in _COLUMNS]
        table = file.read(columns=names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError("not a Parquet file that can be read") from error
    return _parse_table([table])


def _parse_arrow(body: bytes, _now: datetime) -> Sent:
    batches, rows, size = [], 0, 0
    try:
        with pa.ipc.open_stream(body) as stream:
            for batch in stream:
                rows, size = rows + batch.num_rows, size + batch.nbytes
                _check_count(rows)
                _check_size(size)
                batches.append(pa.Table.from_batches([batch]))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError("not an Arrow stream that can be read") from error
    return _parse_table(batches)


def _check_size(unpacked: int) -> None:
    if unpacked > _MOST_UNPACKED:
        raise ProblemError(413, "too_large", f"expected at most {_MOST_UNPACKED} bytes when unpacked")


def _parse_table(parts: list[pa.Table]) -> Sent:
    rows: list[dict[str, Any]] = []
    for part in parts:
        names = [name for name in dict.fromkeys(part.column_names) if name in _COLUMNS]
        columns = [[_to_plain(cell.as_py()) for cell in _column(part, name)] for name in names]
        rows += [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)] if names else []
    return _parse_rows(rows)


def _column(table: pa.Table, name: str) -> Any:
    if table.column_names.count(name) > 1:
        raise FormatError("there are two columns of this name", field=name)
    column = table.column(name)
    if pa.types.is_nested(column.type):
        raise FormatError("expected plain values", field=name)
    return column


def _to_plain(cell: Any) -> Any:
    """A cell as JSON would have it; a time without zone is UTC."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).isoformat()
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    return str(cell)[:_LONGEST_CELL]


_PARSERS: Final[dict[str, Callable[[bytes, datetime], Sent]]] = {
    "application/json": _parse_json,
    "text/csv": _parse_csv,
    "application/vnd.apache.parquet": _parse_parquet,
    "application/vnd.apache.arrow.stream": _parse_arrow,
}
MEDIA_TYPES: Final = tuple(_PARSERS)
