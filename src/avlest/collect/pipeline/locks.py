# SPDX-License-Identifier: Apache-2.0
"""One process a lane: a lock that the system releases when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

# First half of the key of PostgreSQL's advisory locks, so that they are ours: "avl1".
_LOCK_CLASS = 0x61766C31


@dataclass(slots=True)
class LaneLocks:
    """The lanes this process holds.  SQLite: a locked file each; PostgreSQL: advisory locks of the session."""

    folder: Path
    _files: dict[int, int] = field(default_factory=dict)
    _held: set[int] = field(default_factory=set)
    _session: int = 0

    def acquire(self, lane: int) -> bool:
        """Take a lane if nobody else has it; True when this process holds it."""
        return self._acquire_advisory(lane) if connection.vendor == "postgresql" else self._acquire_file(lane)

    def release_all(self) -> None:
        """Give all lanes back."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
        if self._held and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")
        self._held.clear()

    def _acquire_file(self, lane: int) -> bool:
        if lane in self._files:
            return True
        self.folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self.folder / f"lane-{lane}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._files[lane] = file
        return True

    def _acquire_advisory(self, lane: int) -> bool:
        with connection.cursor() as cursor:
            # Locks live and die with the session: a new connection holds none.
            if id(connection.connection) != self._session:
                self._held.clear()
                self._session = id(connection.connection)
            if lane in self._held:
                return True
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, lane])
            row = cursor.fetchone()
        if row and row[0]:
            self._held.add(lane)
            return True
        return False
