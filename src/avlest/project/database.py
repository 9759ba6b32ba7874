# SPDX-License-Identifier: Apache-2.0
"""From one `database = "..."` to what Django wants to know; pure."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from avlest.project.options import ConfigError

# A writer that finds the file locked waits this long (seconds) before it gives up.
SQLITE_TIMEOUT = 20
# WAL lets readers go on while one writes; NORMAL loses nothing on a process crash.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; "
    "PRAGMA mmap_size=134217728; PRAGMA cache_size=-32000; PRAGMA journal_size_limit=67108864;"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Database:
    """The Django settings of one database."""

    settings: dict[str, Any] = dataclasses.field(repr=False)
    vendor: str


def parse_database(url: str, *, data_dir: Path) -> Database:
    """Return Django's settings for a `sqlite:///FILE` or `postgresql://...` address.

    Raises `ConfigError` saying what is expected; a password is never in the message.
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme
    except ValueError as error:
        raise _wrong("it is not an address") from error
    if scheme == "sqlite":
        return _sqlite(url.removeprefix("sqlite://"), data_dir=data_dir)
    if scheme in ("postgresql", "postgres"):
        return _postgresql(url)
    raise _wrong(f'it begins with "{scheme}:"' if scheme else "it has no scheme")


def _wrong(reason: str) -> ConfigError:
    expected = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME"
    return ConfigError(f"{reason}, expected {expected}", where='setting "database"')


def _sqlite(rest: str, *, data_dir: Path) -> Database:
    name = rest.removeprefix("/")
    if not name:
        raise _wrong("no file is named")
    settings = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(data_dir / name),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_TIMEOUT,
            "init_command": SQLITE_PRAGMAS,
        },
        # Tests run on a file as well, so that locking and WAL are the real ones.
        "TEST": {"NAME": str(data_dir / f"test-{Path(name).name}")},
    }
    return Database(settings=settings, vendor="sqlite")


def _postgresql(url: str) -> Database:
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise _wrong("no database is named after the host")
    try:
        port = parts.port
    except ValueError as error:
        raise _wrong("the port is not a number") from error
    options = dict(parse_qsl(parts.query))
    settings = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # `?host=/run/postgresql` is libpq's way to name a socket directory.
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(options.pop("port", port or "")),
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }
    return Database(settings=settings, vendor="postgresql")
