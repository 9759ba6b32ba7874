# SPDX-License-Identifier: Apache-2.0
"""How the service is doing, in figures that a monitor reads and a page shows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import DatabaseError

from avlest.collect.sources.state import FILE_NAME as BOARD_NAME
from avlest.collect.sources.state import Phase, read_board
from avlest.collect.status import CollectStatus, get_status
from avlest.service.lock import read_holder
from avlest.service.state import ChildState, read_state

STALE_AFTER: Final = timedelta(minutes=2)
"""What waits longer than this in the inbox shows that the worker does not keep up, or does not run."""
_LEAST_FREE_BYTES: Final = 500_000_000


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as the collector last wrote it down."""

    name: str
    kind: str
    phase: str
    taken: int
    problems: int
    last_heard_at: datetime | None
    last_error: str

    @property
    def is_well(self) -> bool:
        """Whether it is connected, or on its way."""
        return self.phase in (Phase.CONNECTED, Phase.STARTING)


@dataclass(frozen=True, slots=True)
class Health:
    """The whole service; `problems` are codes, empty when all is well; `collect` is None without a database."""

    at: datetime
    problems: tuple[str, ...]
    collect: CollectStatus | None
    free_bytes: int = 0
    address: str = ""
    sources: tuple[SourceHealth, ...] = ()
    children: tuple[ChildState, ...] = ()

    @property
    def status(self) -> str:
        """`ok`, `degraded` (serves, but something is wrong) or `failing` (the database is gone)."""
        if self.collect is None:
            return "failing"
        return "degraded" if self.problems else "ok"


def get_health(data_dir: Path, *, now: datetime) -> Health:
    """Measure the service of a data directory; what is broken is a problem in the answer, not an exception."""
    sources = _read_sources(data_dir, now=now)
    holder = read_holder(data_dir)
    state = read_state(data_dir) if holder else None
    children = state.children if state else ()
    free = _free_bytes(data_dir)
    status = _read_status(now)
    problems = ["database"] if status is None else []
    problems += [f"source:{source.name}" for source in sources if not source.is_well]
    problems += [f"process:{child.name}" for child in children if child.pid is None]
    problems += ["disk"] if free < _LEAST_FREE_BYTES else []
    problems += ["store"] if status and status.waiting_lag > STALE_AFTER.total_seconds() else []
    problems += ["inbox"] if status and status.inbox_lag > STALE_AFTER.total_seconds() else []
    return Health(
        at=now,
        problems=tuple(problems),
        collect=status,
        free_bytes=free,
        address=holder.address if holder else "",
        sources=sources,
        children=children,
    )


def _read_status(now: datetime) -> CollectStatus | None:
    """Ask how collection is doing; None where the database does not answer."""
    try:
        return get_status(now=now)
    except DatabaseError:
        return None


def _read_sources(data_dir: Path, *, now: datetime) -> tuple[SourceHealth, ...]:
    board = read_board(data_dir / BOARD_NAME)
    if board is None:
        return ()
    silent = now - board.written_at > STALE_AFTER
    return tuple(_read_source(plain, silent=silent) for plain in board.sources)


def _read_source(plain: dict[str, object], *, silent: bool) -> SourceHealth:
    heard = plain.get("last_heard_at")
    return SourceHealth(
        name=str(plain.get("name", "")),
        kind=str(plain.get("kind", "")),
        phase=str(Phase.STOPPED if silent else plain.get("phase", "")),
        taken=int(str(plain.get("taken", 0))),
        problems=int(str(plain.get("problems", 0))),
        last_heard_at=datetime.fromisoformat(heard) if isinstance(heard, str) else None,
        last_error=str(plain.get("last_error", "")),
    )


def _free_bytes(data_dir: Path) -> int:
    try:
        return shutil.disk_usage(data_dir).free
    except OSError:
        return 0
