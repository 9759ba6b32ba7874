# SPDX-License-Identifier: Apache-2.0
"""One `avlest serve` a data directory: a lock that the kernel lets go when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from avlest.service.errors import ServiceError

LOCK_NAME = "serve.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who serves a data directory: process id and address."""

    pid: int
    address: str


@contextmanager
def hold_lock(data_dir: Path, *, address: str) -> Iterator[None]:
    """Hold the data directory for this process; `ServiceError` names the process that has it already."""
    file = data_dir / LOCK_NAME
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServiceError(f"cannot be written: {error.strerror}", where=str(file)) from error
    try:
        _take(handle, file)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _take(handle: int, file: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _parse(os.pread(handle, 4096, 0))
        by = f"by process {holder.pid} at {holder.address}" if holder else "by another process"
        detail = f"this data directory is served already {by}; stop that one first"
        raise ServiceError(detail, where=str(file.parent)) from error


def read_holder(data_dir: Path) -> Holder | None:
    """Return who serves the data directory now; None where nobody does."""
    try:
        handle = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _parse(os.pread(handle, 4096, 0))
    else:
        return None
    finally:
        os.close(handle)


def _parse(body: bytes) -> Holder | None:
    try:
        document = json.loads(body)
        return Holder(int(document["pid"]), str(document["address"]))
    except (ValueError, KeyError, TypeError):
        return None
