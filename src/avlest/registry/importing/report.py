# SPDX-License-Identifier: Apache-2.0
"""What an import says back: per row what was wrong and what is expected.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID


class OnError(StrEnum):
    """What to do with a file in which some rows are bad."""

    REFUSE_ALL = "refuse-all"
    SKIP_BAD = "skip-bad"


@dataclasses.dataclass(frozen=True, slots=True)
class RowIssue:
    """One thing wrong with one row: where, what stood there, what is expected.

    `other_line` is the other row of a duplicate or an overlap within the file.  The value
    of a secret column is never in it.
    """

    line: int
    column: str
    value: str
    expected: str
    other_line: int | None = None

    def __str__(self) -> str:
        """Return the sentence people read."""
        place = f"line {self.line}" + (f", {self.column}" if self.column else "")
        shown = f" is {self.value!r}" if self.value else ""
        other = f" (see line {self.other_line})" if self.other_line else ""
        return f"{place}{shown}: {self.expected}{other}"


@dataclasses.dataclass(frozen=True, slots=True)
class FileFacts:
    """How the file was read: what was found out about it."""

    filename: str
    format: str
    encoding: str
    delimiter: str
    decimal: str
    columns: Mapping[str, str]
    ignored_columns: tuple[str, ...]
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import would do (`applied` False) or did: rows made, changed, unchanged, bad.

    `created` and `updated` count by kind of thing (a row of a places file may make a
    property, a unit and a point).
    """

    kind: str
    facts: FileFacts
    created: Mapping[str, int]
    updated: Mapping[str, int]
    unchanged: int
    bad_rows: int
    issues: tuple[RowIssue, ...]
    applied: bool
    batch: UUID | None = None

    @property
    def good_rows(self) -> int:
        """Rows that can be taken in."""
        return self.facts.rows - self.bad_rows


class ImportFileError(ValueError):
    """A file that cannot be read at all: what is wrong with it and what is expected."""
