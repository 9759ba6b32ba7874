# SPDX-License-Identifier: Apache-2.0
"""Write decoded telegrams: JSON lines, CSV, Parquet, or a table to look at.

A sink takes one `DecodedChunk` after another and is closed at the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

import numpy as np

from avlest.catalogue.batch_decoder import BatchResult, DecodedGroup
from avlest.catalogue.model import Value
from avlest.cli.lines import LineChunk
from avlest.cli.text import describe_error

if TYPE_CHECKING:
    import polars as pl

Object = dict[str, Value]


@dataclass(frozen=True, slots=True)
class DecodedChunk:
    """Some lines of the input and what became of each."""

    lines: LineChunk
    result: BatchResult

    def line(self, row: int) -> int:
        """The line number that a row stood in."""
        return int(self.lines.numbers[row])

    def received_at(self, row: int) -> str | None:
        """When the telegram was heard, if its line says so."""
        return self.lines.received_at[row] if self.lines.received_at else None


class Sink(Protocol):
    """Where decoded telegrams go."""

    def write(self, chunk: DecodedChunk) -> None:
        """Take the next lines."""

    def close(self) -> None:
        """Finish the output."""


def single_objects(chunk: DecodedChunk) -> dict[int, Object]:
    """Objects of the rows that are in no group, errors among them, by row."""
    objects = {row: dict(item) for row, item in chunk.result.objects.items()}
    for row, error in chunk.result.errors.items():
        objects[row] = describe_error(error, chunk.line(row))
    if chunk.lines.received_at:
        for row, item in objects.items():
            item |= {"received_at": chunk.received_at(row)} if chunk.received_at(row) else {}
    return objects


class JsonSink:
    """One JSON object a line, in the order of the input."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, chunk: DecodedChunk) -> None:
        """Write the lines of one chunk."""
        single = single_objects(chunk)
        if chunk.result.groups:
            self._stream.write(self._merge(chunk, single))
            return
        for row in sorted(single):
            self._stream.write(json.dumps(single[row], ensure_ascii=False) + "\n")

    def _merge(self, chunk: DecodedChunk, single: dict[int, Object]) -> str:
        import polars as pl

        rows = [group.rows for group in chunk.result.groups]
        lines = [encode_group(group, chunk) for group in chunk.result.groups]
        if single:
            rows.append(np.fromiter(single, np.int64, len(single)))
            lines.append(pl.Series([json.dumps(item, ensure_ascii=False) for item in single.values()]))
        order = np.argsort(np.concatenate(rows), kind="stable")
        return str(pl.concat(lines).gather(order).str.join("\n").item()) + "\n"

    def close(self) -> None:
        """Nothing is held back."""
        self._stream.flush()


def encode_group(group: DecodedGroup, chunk: DecodedChunk) -> pl.Series:
    """The JSON texts of a group's telegrams."""
    import polars as pl

    from avlest.catalogue.frames import build_frame

    frame = build_frame(group)
    if chunk.lines.received_at:
        frame = frame.with_columns(
            pl.Series("received_at", [chunk.received_at(row) for row in group.rows.tolist()], pl.String)
        )
    constant = {"media": group.media, "meter": group.meter, "manufacturer": group.manufacturer}
    prefix = json.dumps(constant, ensure_ascii=False, separators=(",", ":"))[:-1] + ","
    texts = frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    return (pl.lit(prefix) + texts.str.slice(1)).pipe(lambda expression: pl.select(expression)).to_series()


class TableSink:
    """A table for people: who sent it, and the fields that say most."""

    _COLUMNS = ("line", "id", "manufacturer", "meter", "media")

    def __init__(self, stream: TextIO, *, limit: int = 1000) -> None:
        self._stream = stream
        self._limit = limit
        self._rows: list[tuple[int, Object, bool]] = []
        self._count = 0

    def write(self, chunk: DecodedChunk) -> None:
        """Keep the first rows; count the rest."""
        objects = single_objects(chunk)
        if chunk.result.groups:
            from avlest.catalogue.frames import build_objects

            for group in chunk.result.groups:
                objects |= dict(zip(group.rows.tolist(), build_objects(group), strict=True))
        self._count += len(objects)
        for row in sorted(objects)[: max(0, self._limit - len(self._rows))]:
            self._rows.append((chunk.line(row), objects[row], row in chunk.result.errors))

    def close(self) -> None:
        """Print the table."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in (*self._COLUMNS, "readings"):
            table.add_column(name, overflow="fold", no_wrap=name != "readings")
        for line, item, failed in self._rows:
            if failed:
                table.add_row(
                    str(line), "", "", "", "", Text(f"{item['error']}: {item.get('detail', '')}", style="red")
                )
            else:
                head = [str(item.get(name, "")) for name in self._COLUMNS[1:]]
                table.add_row(str(line), *head, format_readings(item))
        console = Console(file=self._stream, soft_wrap=False, width=None if self._stream.isatty() else 200)
        console.print(table)
        if self._count > len(self._rows):
            console.print(f"… and {self._count - len(self._rows)} more")


_HEAD = frozenset(("id", "manufacturer", "meter", "media", "received_at"))


def format_readings(item: Object, *, most: int = 8) -> str:
    """The first fields as `name=value`; null ones are left out."""
    parts = [f"{name}={value}" for name, value in item.items() if name not in _HEAD and value is not None]
    more = f" (+{len(parts) - most})" if len(parts) > most else ""
    return "  ".join(parts[:most]) + more
