# SPDX-License-Identifier: Apache-2.0
"""What the supervisor knows about its processes, in a file that pages and people read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from avlest.project.secret import write_private

STATE_NAME = "serve.json"


@dataclass(frozen=True, slots=True)
class ChildState:
    """One process: `pid` is None while it waits to be started (again)."""

    name: str
    pid: int | None = None
    started_at: datetime | None = None
    restarts: int = 0
    last_end: str = ""
    last_end_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServeState:
    """One run of `avlest serve`."""

    pid: int
    address: str
    started_at: datetime
    children: tuple[ChildState, ...] = ()

    def with_child(self, child: ChildState) -> ServeState:
        """Return the state with what is known of one process brought up to date."""
        if all(child.name != other.name for other in self.children):
            return replace(self, children=(*self.children, child))
        return replace(self, children=tuple(child if other.name == child.name else other for other in self.children))


def write_state(data_dir: Path, state: ServeState) -> None:
    """Write the state whole or not at all.  Raises `OSError`."""
    write_private(data_dir / STATE_NAME, json.dumps(asdict(state), default=datetime.isoformat, indent=1) + "\n")


def read_state(data_dir: Path) -> ServeState | None:
    """Return what the supervisor wrote last; None where none has run, or its file is not one."""
    try:
        document = json.loads((data_dir / STATE_NAME).read_text(encoding="utf-8"))
        children = tuple(_child(child) for child in document["children"])
        started = datetime.fromisoformat(document["started_at"])
        return ServeState(int(document["pid"]), str(document["address"]), started, children)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _child(plain: dict[str, object]) -> ChildState:
    times = {name: plain.get(name) for name in ("started_at", "last_end_at")}
    read = {name: datetime.fromisoformat(value) if isinstance(value, str) else None for name, value in times.items()}
    return ChildState(**{**plain, **read})  # type: ignore[arg-type]  # a stranger's field is a TypeError, handled above
