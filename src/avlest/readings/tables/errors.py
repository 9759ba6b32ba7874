# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the store, said so that a person can act on it."""

from __future__ import annotations

from dataclasses import dataclass

_CAUSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("no space left", "os error 28", "disk quota"), "the disk is full"),
    (("file too large", "os error 27"), "a file would exceed the size the system allows (ulimit -f)"),
    (("read-only file system", "os error 30"), "the file system is read-only"),
    (("permission denied", "os error 13"), "the process may not write there"),
    (("nosuchbucket", "bucket does not exist"), "the bucket does not exist"),
    (
        ("invalidaccesskeyid", "signaturedoesnotmatch", "accessdenied", "access denied", "403", "access_denied"),
        "the object store refuses the credentials",
    ),
    (
        (
            "error sending request",
            "connection refused",
            "connecterror",
            "dns error",
            "timed out",
            "timeout",
            "curlcode",
            "network_connection",
            "couldn't connect",
            "unable to connect",
        ),
        "the object store cannot be reached",
    ),
)
"""Phrases of operating systems and object stores (lower case), and what they mean."""

_DETAIL_LIMIT = 300


class StoreError(Exception):
    """The store could not do what was asked; nothing was half-done.

    `location` is the table's folder or address, `action` what was tried, `cause` why it failed.
    """

    def __init__(self, *, location: str, action: str, cause: str) -> None:
        super().__init__(f"cannot {action} at {location}: {cause}")
        self.location = location
        self.action = action
        self.cause = cause


@dataclass(frozen=True, slots=True)
class FrameProblem:
    """One thing wrong with a frame: the column, the first row (None when the whole column), what is expected."""

    column: str
    row: int | None
    message: str
    rows: tuple[int, ...] = ()
    """Every row with this problem, so that a caller can put them aside and append the rest."""

    def __str__(self) -> str:
        where = f"column {self.column!r}" if self.row is None else f"column {self.column!r}, row {self.row}"
        more = f" (and {len(self.rows) - 1} more rows)" if len(self.rows) > 1 else ""
        return f"{where}: {self.message}{more}"


class FrameError(ValueError):
    """A frame does not fit its table; nothing was appended."""

    def __init__(self, *, table: str, problems: tuple[FrameProblem, ...]) -> None:
        super().__init__(f"{table}: " + "; ".join(str(problem) for problem in problems))
        self.table = table
        self.problems = problems

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows to put aside, ascending; empty when a whole column is wrong."""
        return tuple(sorted({row for problem in self.problems for row in problem.rows}))


def describe_cause(error: BaseException) -> str:
    """Say why a read or write failed: a plain sentence, then the first line of what the library said."""
    detail = " ".join(str(error).split())[:_DETAIL_LIMIT] or type(error).__name__
    lowered = detail.lower()
    full = str(error).lower()
    for phrases, meaning in _CAUSES:
        if any(phrase in full for phrase in phrases):
            return meaning if meaning in lowered else f"{meaning} ({detail})"
    return detail
