# SPDX-License-Identifier: Apache-2.0
"""One process derives at a time: a lock the system releases when its holder dies, however it dies."""

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
    held = _hold_advisory() if connection.vendor == "postgresql" else _hold_file(Path(settings.DATA_DIR) / "locks")
    with held as is_ours:
        yield is_ours


@contextmanager
def _hold_file(folder: Path) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "derive.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
def _hold_advisory() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        row = cursor.fetchone()
    is_ours = bool(row and row[0])
    try:
        yield is_ours
    finally:
        if is_ours and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
