# SPDX-License-Identifier: Apache-2.0
"""What must hold before anything is started, said so that a person can put it right."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

from avlest.service.errors import ServiceError

UNFINISHED_NAME = "restore-unfinished"
"""Stands in a data directory while a backup is being restored into it."""


def check_data_dir(data_dir: Path) -> None:
    """`ServiceError` unless the data directory exists and this process may write in it."""
    if not data_dir.is_dir():
        raise ServiceError(f"no such directory: run avlest init {data_dir}", where=str(data_dir))
    if (data_dir / UNFINISHED_NAME).exists():
        raise ServiceError("a restore was broken off here: empty the directory and restore again", where=str(data_dir))
    probe = data_dir / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(b"x")
    except OSError as error:
        raise ServiceError(_explain_write(error), where=str(data_dir)) from error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


def _explain_write(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: make room, nothing has been started"
    return f"cannot be written: {error.strerror}; it must belong to the user who runs avlest"


def check_port(host: str, port: int) -> None:
    """`ServiceError` unless the address is ours to listen on."""
    where = f"{host}:{port}"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    except socket.gaierror as error:
        raise ServiceError(f"not an address of this machine: {error.strerror}", where=where) from error
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise ServiceError(_explain_bind(error), where=where) from error


def _explain_bind(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there: stop it, or choose another port with --port or [web] port"
    if error.errno == errno.EACCES:
        return "ports below 1024 need more rights: choose another with --port, and put a proxy in front"
    return f"cannot be listened on: {error.strerror}"


def check_database() -> None:
    """`ServiceError` unless the database answers and has exactly the tables this version knows."""
    from django.conf import settings
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        loader = executor.loader
        plan = executor.migration_plan(loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise ServiceError(f"cannot be used: {error}".strip(), where="the database") from error
    ours = set(loader.migrated_apps)
    newer = sorted(
        ".".join(key) for key in set(loader.applied_migrations) - set(loader.disk_migrations) if key[0] in ours
    )
    if newer:
        detail = f"made by a newer version of Avlest (it has {newer[0]}): install that version, or restore a backup"
        raise ServiceError(detail, where="the database")
    if plan:
        missing = f"{plan[0][0].app_label}.{plan[0][0].name}"
        detail = (
            f"made by an older version (it lacks {missing}): run avlest backup, then avlest init {settings.DATA_DIR}"
        )
        raise ServiceError(detail, where="the database")
