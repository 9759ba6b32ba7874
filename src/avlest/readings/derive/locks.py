# SPDX-License-Identifier: Apache-2.0
"""One process does a kind of work at a time: a lock the system releases when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

_LOCK = 0x61766C32  # "avl2": ours among PostgreSQL's advisory locks


@contextmanager
def hold_derivation() -> Iterator[bool]:
    """Yield whether this process is the one that derives; it is until the block ends."""
    with hold_named("derive", _LOCK) as is_ours:
        yield is_ours


@contextmanager
def hold_named(name: str, number: int) -> Iterator[bool]:
    """Yield whether this process holds the lock `name`; `number` tells it from others among PostgreSQL's."""
    is_shared = connection.vendor == "postgresql"
    with _hold_advisory(number) if is_shared else _hold_file(Path(settings.DATA_DIR) / "locks", name) as is_ours:
        yield is_ours


@contextmanager
def _hold_file(folder: Path, name: str) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(file)


@contextmanager
def _hold_advisory(number: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        row = cursor.fetchone()
    is_ours = bool(row and row[0])
    try:
        yield is_ours
    finally:
        if is_ours and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
