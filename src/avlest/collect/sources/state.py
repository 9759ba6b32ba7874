# SPDX-License-Identifier: Apache-2.0
"""How each source is doing: kept while it runs, written to a file that pages and commands read."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

FILE_NAME: Final = "sources.json"
_LONGEST = 500
Clock = Callable[[], datetime]


def read_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


class Phase(StrEnum):
    """What a source is doing."""

    STARTING = "starting"
    CONNECTED = "connected"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(slots=True)
class SourceState:
    """One source: whether it is connected, what it heard and what went wrong last.

    `messages` came in, `taken` telegrams and readings of them went to the inbox; `problems`
    counts messages or parts that could not be read, `notes` those that carry no data by design.
    """

    name: str
    kind: str
    phase: Phase = Phase.STARTING
    detail: str = ""
    connected_at: datetime | None = None
    last_heard_at: datetime | None = None
    messages: int = 0
    taken: int = 0
    problems: int = 0
    notes: int = 0
    last_problem: str = ""
    last_problem_at: datetime | None = None
    last_note: str = ""
    errors: int = 0
    last_error: str = ""
    last_error_at: datetime | None = None
    clock: Clock = field(default=read_clock, repr=False, compare=False)

    def connect(self, detail: str = "") -> None:
        """The source is connected, to `detail`."""
        self.phase, self.detail, self.connected_at = Phase.CONNECTED, detail or self.detail, self.clock()

    def fail(self, error: str) -> None:
        """The source broke off and will be started again."""
        self.phase, self.connected_at = Phase.WAITING, None
        self.errors += 1
        self.last_error, self.last_error_at = error[:_LONGEST], self.clock()

    def stop(self) -> None:
        """The source was asked to end."""
        self.phase, self.connected_at = Phase.STOPPED, None

    def report_problem(self, problem: str) -> None:
        """A message, or a part of one, could not be read."""
        self.problems += 1
        self.last_problem, self.last_problem_at = problem[:_LONGEST], self.clock()

    def report_note(self, note: str) -> None:
        """A message carries no data, as is to be expected of it."""
        self.notes += 1
        self.last_note = note[:_LONGEST]

    def to_plain(self) -> dict[str, Any]:
        """Return the state as plain values, instants as ISO text."""
        plain = {name: value for name, value in _as_dict(self).items() if name != "clock"}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}


def _as_dict(state: SourceState) -> dict[str, Any]:
    return {entry.name: getattr(state, entry.name) for entry in fields(state)}


@dataclass(slots=True)
class StateBoard:
    """The states of all sources of one collector, by name."""

    clock: Clock = read_clock
    states: dict[str, SourceState] = field(default_factory=dict)

    def open(self, name: str, kind: str) -> SourceState:
        """Return the state of a source, new where it is not known yet."""
        return self.states.setdefault(name, SourceState(name, kind, clock=self.clock))

    def snapshot(self) -> list[dict[str, Any]]:
        """Return all states as plain values, in the order of the configuration."""
        return [state.to_plain() for state in self.states.values()]

    def write(self, path: Path) -> None:
        """Write the states to a file, whole or not at all.  Raises `OSError`."""
        body = json.dumps({"written_at": self.clock().isoformat(), "sources": self.snapshot()}, indent=1)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(body)
            Path(name).replace(path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise


@dataclass(frozen=True, slots=True)
class BoardFile:
    """What a collector wrote about its sources, and when."""

    written_at: datetime
    sources: tuple[dict[str, Any], ...]


def read_board(path: Path) -> BoardFile | None:
    """Return what the collector wrote last; None where none has run or the file is not readable as one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return BoardFile(datetime.fromisoformat(document["written_at"]), tuple(document["sources"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
