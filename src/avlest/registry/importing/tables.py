# SPDX-License-Identifier: Apache-2.0
"""Any file as a table of cells with line numbers: format, encoding and delimiter found out.  Pure."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from avlest.registry.importing.report import ImportFileError
from avlest.registry.importing.xlsx import read_sheet
from avlest.registry.importing.zips import Limits

Cell = str | int | float | bool | datetime | date | None
_DELIMITERS = (";", "\t", ",", "|")
_SAMPLE_LINES = 30


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number (from 1, as an editor or spreadsheet shows it) and cells."""

    line: int
    cells: Sequence[Cell]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file and what was found out about it."""

    format: str
    encoding: str
    delimiter: str
    rows: list[Row]


def read_table(content: bytes, *, filename: str, limits: Limits) -> Table:
    """Return the table in `content`: XLSX by its signature, text with delimiters otherwise.

    Raises `ImportFileError` saying what the file is and what is expected.
    """
    limits.check_size(content)
    if content[:4] == b"PK\x03\x04":
        rows = [Row(line, cells) for line, cells in read_sheet(content, limits) if not _is_blank(cells)]
        return Table("xlsx", "", "", rows)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ImportFileError(f"{filename} is an old or locked Excel file; save it as .xlsx or CSV")
    text, encoding = decode_text(content)
    return _read_text(text, encoding, limits)


def decode_text(content: bytes) -> tuple[str, str]:
    """Return the text and its encoding: by byte order mark, else UTF-8, UTF-16 or Windows-1252."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _decode(content, encoding), encoding
    zeros = content[:4000].count(0)
    if zeros > len(content[:4000]) // 4:
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        return _decode(content, encoding), encoding
    if zeros:
        raise ImportFileError("the file is binary, expected text with delimiters or XLSX")
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        # Windows-1252 has five unused bytes: they become U+FFFD and show up in the preview.
        return content.decode("cp1252", errors="replace"), "cp1252"


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        detail = f"the file begins as {encoding} but byte {error.start} does not fit"
        raise ImportFileError(detail) from error


def _read_text(text: str, encoding: str, limits: Limits) -> Table:
    hint = re.match(r"sep=(.)\r?\n", text)
    delimiter = hint[1] if hint else find_delimiter(text)
    lines = io.StringIO(text, newline="")
    if hint:
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter)
    rows = []
    try:
        for line, cells in _numbered(reader, skipped=1 if hint else 0):
            if _is_blank(cells):
                continue
            rows.append(Row(line, [_unwrap(cell) for cell in cells]))
            if len(rows) > limits.rows + 1:
                raise ImportFileError(f"the file has more than {limits.rows} rows")
    except csv.Error as error:
        raise ImportFileError(f"line {reader.line_num}: {error}") from error
    return Table("csv", encoding, delimiter, rows)


def _numbered(reader: Iterable[list[str]], *, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the number of the line it begins on."""
    begins = 1
    for cells in reader:
        yield begins + skipped, cells
        begins = reader.line_num + 1  # type: ignore[attr-defined]


def find_delimiter(text: str) -> str:
    """Return the delimiter that cuts the first lines into the most equal, most numerous parts."""
    sample = [line for line in text[:20_000].splitlines()[:_SAMPLE_LINES] if line.strip()]

    def score(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(sample, delimiter=delimiter)]
        most = max(set(counts), key=counts.count, default=1)
        return (counts.count(most) / max(1, len(counts)) if most > 1 else 0.0, most)

    try:
        return max(_DELIMITERS, key=score)
    except csv.Error:
        return ";"


def _is_blank(cells: Sequence[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _unwrap(cell: str) -> str:
    """Return `00123` of `="00123"`, which spreadsheets write to keep leading zeros."""
    match = re.fullmatch(r'\s*="([^"=]*)"\s*', cell)
    return match[1] if match else cell
