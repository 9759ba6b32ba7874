# SPDX-License-Identifier: Apache-2.0
"""What goes into a parser of gateway messages, and what comes out.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from avlest.collect.heard import Heard

DEFAULT_ZONE = ZoneInfo("Europe/Oslo")


class FormatError(ValueError):
    """A message that cannot be read: what was wrong, where (field, line, column), what is expected."""

    def __init__(self, detail: str, *, field: str = "", line: int | None = None) -> None:
        self.detail = detail
        self.field = field
        self.line = line
        super().__init__(str(Problem(detail, field=field, line=line)))


class NoDataError(FormatError):
    """A message that is well understood and carries no reading: a join, a status, debug text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a message or a part of it; `line` counts from 1."""

    detail: str
    field: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """Return the sentence people read."""
        places = ([f"line {self.line}"] if self.line is not None else []) + ([self.field] if self.field else [])
        return f"{', '.join(places)}: {self.detail}" if places else self.detail


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a source got it.

    `received_at` is our own aware UTC time of arrival, `zone` the zone of a gateway's times
    that say none, `gateway` who sent it where the connection itself tells.
    """

    payload: bytes
    received_at: datetime
    source: str
    topic: str = ""
    gateway: str = ""
    zone: ZoneInfo = field(default=DEFAULT_ZONE)

    @property
    def origin(self) -> str:
        """Return who heard, as far as the connection or else the topic tells."""
        return self.gateway or self.topic


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a message held: telegrams and readings, what was wrong with parts of it, and
    why nothing was expected of other parts (`notes`)."""

    heard: tuple[Heard, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def note_nothing(parsed: Parsed) -> Parsed:
    """Return a result that says at least that there was nothing: an empty list is an outcome, too."""
    return parsed if parsed.heard or parsed.problems or parsed.notes else Parsed(notes=("nothing in it",))


def merge_parsed(parts: list[Parsed]) -> Parsed:
    """Return several results as one, in order."""
    return Parsed(
        tuple(heard for part in parts for heard in part.heard),
        tuple(problem for part in parts for problem in part.problems),
        tuple(note for part in parts for note in part.notes),
    )
