# SPDX-License-Identifier: Apache-2.0
"""The SQL database in a backup: SQLite's online copy, or pg_dump of one moment."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from avlest.service.errors import ServiceError

SQLITE_NAME = "avlest.sqlite3"
POSTGRES_NAME = "postgres.dump"
_PROGRAM_FOLDERS = "usr/lib/postgresql/*/bin"
_LONGEST_REASON = 500

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A copy of the database: its file, and what stood in it at that moment."""

    file: Path
    query: Query


@contextlib.contextmanager
def copy_database(folder: Path) -> Iterator[DatabaseCopy]:
    """Copy the configured database into `folder` as of one moment, while others go on writing."""
    copy = _copy_postgres if connection.vendor == "postgresql" else _copy_sqlite
    with copy(folder) as made:
        yield made


@contextlib.contextmanager
def _copy_sqlite(folder: Path) -> Iterator[DatabaseCopy]:
    file = folder / SQLITE_NAME
    source_file = Path(str(connection.settings_dict["NAME"])).absolute()
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source_file.as_uri()}?mode=ro", uri=True, timeout=20)) as source,
            contextlib.closing(sqlite3.connect(file)) as target,
        ):
            source.backup(target)
            # A file of its own without a journal beside it, so that what is archived is all there is.
            target.execute("PRAGMA journal_mode=DELETE")
            yield DatabaseCopy(file, lambda text: target.execute(text).fetchall())
    except sqlite3.Error as error:
        raise ServiceError(f"cannot be copied: {error}", where=str(source_file)) from error


@contextlib.contextmanager
def _copy_postgres(folder: Path) -> Iterator[DatabaseCopy]:
    """Dump what one read-only transaction sees, and ask that same transaction."""
    program = find_program("pg_dump")
    file = folder / POSTGRES_NAME
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = str(cursor.fetchone()[0])
        arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}"]
        run_postgres_program([program, *arguments, f"--dbname={_describe_connection()}"])

        def query(text: str) -> list[tuple[Any, ...]]:
            cursor.execute(text)
            return list(cursor.fetchall())

        yield DatabaseCopy(file, query)


def find_program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; `ServiceError` says what to install."""
    found = shutil.which(name) or next((str(p / name) for p in _postgres_folders() if (p / name).exists()), None)
    if found is None:
        raise ServiceError(
            "is not installed: it comes with PostgreSQL's client (Debian: postgresql-client)", where=name
        )
    return found


def _postgres_folders() -> list[Path]:
    """Debian keeps the programs of each version in a folder; the newest reads older servers."""
    return sorted(Path("/").glob(_PROGRAM_FOLDERS), key=lambda path: float(path.parent.name), reverse=True)


def _describe_connection() -> str:
    """Return the connection for libpq, without the password: the list of processes shows arguments."""
    from psycopg.conninfo import make_conninfo

    named = connection.settings_dict
    own = {"dbname": named["NAME"], "user": named["USER"], "host": named["HOST"], "port": named["PORT"]}
    options = {name: value for name, value in named.get("OPTIONS", {}).items() if isinstance(value, str)}
    return make_conninfo(**{name: value for name, value in (options | own).items() if value})


def run_postgres_program(arguments: Sequence[str]) -> None:
    """Run one of PostgreSQL's programs; `ServiceError` passes on what it says."""
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "20"}
    if password := connection.settings_dict.get("PASSWORD"):
        environment["PGPASSWORD"] = str(password)
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = " ".join(done.stderr.split())[:_LONGEST_REASON]
        raise ServiceError(f"failed: {reason}", where=Path(arguments[0]).name)


def check_empty_database() -> None:
    """`ServiceError` unless the configured database has no table yet."""
    if connection.vendor == "sqlite":
        file = Path(str(connection.settings_dict["NAME"]))
        if file.exists():
            raise ServiceError("exists already; a backup is restored into an empty place only", where=str(file))
        return
    tables = connection.introspection.table_names()
    if tables:
        detail = f"has tables already ({', '.join(sorted(tables)[:3])}, ...); a backup is restored into an empty one"
        raise ServiceError(detail, where=f"the database {connection.settings_dict['NAME']}")


def restore_database(file: Path) -> None:
    """Put the copied database in place of the configured, empty one."""
    if connection.vendor == "postgresql":
        arguments = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
        run_postgres_program([find_program("pg_restore"), *arguments, f"--dbname={_describe_connection()}", str(file)])
        return
    _check_sqlite(file)
    target = Path(str(connection.settings_dict["NAME"]))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    target.chmod(0o600)


def _check_sqlite(file: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            answer = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise ServiceError(f"is not a database: {error}", where=file.name) from error
    if answer != "ok":
        raise ServiceError(f"is damaged: {answer}", where=file.name)
