# SPDX-License-Identifier: Apache-2.0
"""The configuration of one installation: a data directory with `avlest.toml` in it.

Order of precedence: environment variable `AVLEST_<NAME>` (a table's option is
`AVLEST_<TABLE>__<NAME>`), then `avlest.toml`, then the default.  The tables of other
rooms (`[[sources]]`, `[readings]`, ...) are handed on unread; each room checks its own
with `Config.parse_table`.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from avlest.project.options import (
    ConfigError,
    Place,
    option,
    parse_options,
    parse_text_value,
    suggest,
)
from avlest.project.signing_in import Login, Mail

T = TypeVar("T")

FILE_NAME = "avlest.toml"
# Tables that belong to other rooms: known by name here, so that a misspelt one is caught.
ROOM_TABLES = (
    "sources",
    "collect",
    "readings",
    "insight",
    "settlement",
    "portal",
    "work",
    "simulate",
)
# Variables that are not settings: the data directory itself, and what only tests read.
_NOT_SETTINGS = (
    "AVLEST_DATA",
    "AVLEST_SHARED",
    "AVLEST_SECRET_KEY",
    "AVLEST_METER_KEY_RING",
    "AVLEST_KEY_FILE_PASSWORD",
)
_NOT_SETTINGS_PREFIXES = ("AVLEST_TEST_", "AVLEST_BENCH_")


@dataclasses.dataclass(frozen=True, slots=True)
class General:
    """The options at the top of `avlest.toml`, before any table."""

    database: str = option(
        "sqlite:///avlest.sqlite3",
        help="Where everything relational is kept: `sqlite:///FILE` (relative to the data directory) "
        "or `postgresql://USER:PASSWORD@HOST:PORT/NAME`.",
        secret=True,
    )
    language: str = option("nb", help="Language of screens and messages.", choices=("nb", "nn", "en"))
    time_zone: str = option("Europe/Oslo", help="Civil time of days, months and settlement periods.")


@dataclasses.dataclass(frozen=True, slots=True)
class Web:
    """The table `[web]`: how pages are served."""

    host: str = option(
        "127.0.0.1", help="Address the web server listens on; `0.0.0.0` for every address of the machine."
    )
    port: int = option(8080, help="TCP port of the web server.")
    processes: int = option(
        2, help="Processes that answer requests: as many as there are cores to keep busy with pages, at most 32."
    )
    threads: int = option(4, help="Requests each of the processes answers at the same time.")
    allowed_hosts: tuple[str, ...] = option(
        ("localhost", "127.0.0.1", "[::1]"), help="Host names the web server answers to."
    )
    origins: tuple[str, ...] = option(
        (), help="Origins trusted for forms behind a proxy, such as `https://avlest.example.no`."
    )
    debug: bool = option(default=False, help="Show tracebacks in the browser; never on a public address.")
    behind_https: bool = option(
        default=False, help="A proxy in front speaks HTTPS: mark cookies secure and trust its header."
    )
    hsts_seconds: int = option(
        31_536_000, help="Behind HTTPS: how long browsers must not try without it (HSTS); 0 leaves the header out."
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Log:
    """The table `[log]`."""

    level: str = option(
        "INFO",
        help="Least severity that is logged.",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    format: str = option(
        "line", help="One line an event for people, or one JSON object an event.", choices=("line", "json")
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Keys:
    """The table `[keys]`: protection of the meters' AES keys."""

    ring_file: str = option(
        "meter-keys.ring",
        help="File with the keys that encrypt the meters' keys at rest (mode 0600, relative to the "
        "data directory). The variable `AVLEST_METER_KEY_RING` replaces it.",
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Imports:
    """The table `[imports]`: limits that keep hostile files out."""

    max_file_mb: int = option(100, help="Largest file taken in, in megabytes.")
    max_unpacked_mb: int = option(1000, help="Largest unpacked size of an XLSX or ZIP file.")
    max_rows: int = option(1_000_000, help="Most rows in one file.")


TABLES: dict[str, type] = {"web": Web, "log": Log, "keys": Keys, "imports": Imports, "login": Login, "mail": Mail}


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """All settings of one installation, checked.

    `tables` holds the other rooms' tables as read; `place(name)` gives what their own
    errors need to name file and line.
    """

    data_dir: Path
    general: General = dataclasses.field(default_factory=General)
    web: Web = dataclasses.field(default_factory=Web)
    log: Log = dataclasses.field(default_factory=Log)
    keys: Keys = dataclasses.field(default_factory=Keys)
    imports: Imports = dataclasses.field(default_factory=Imports)
    login: Login = dataclasses.field(default_factory=Login)
    mail: Mail = dataclasses.field(default_factory=Mail)
    tables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    text: str = dataclasses.field(default="", repr=False)
    unknown_variables: tuple[str, ...] = ()

    def place(self, table: str) -> Place:
        """Return where `[table]` is written, for error messages."""
        return Place(source=str(self.data_dir / FILE_NAME), text=self.text, table=table)

    def parse_table(self, table: str, kind: type[T]) -> T:
        """Return another room's `[table]` as its options; a variable of the environment takes the option's type.

        Raises `ConfigError` naming file, line and what is expected.
        """
        values: Any = self.tables.get(table, {})
        if not isinstance(values, Mapping):
            raise ConfigError(f'"{table}" is a table: write [{table}]', where=self.place(table).describe())
        defaults = {field.name: field.default for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        typed = {
            name: parse_text_value(value, defaults.get(name)) if isinstance(value, str) else value
            for name, value in values.items()
        }
        return parse_options(kind, typed, place=self.place(table))

    def resolve(self, name: str) -> Path:
        """Return `name` as a path, relative to the data directory."""
        return self.data_dir / name


def read_config(data_dir: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read `avlest.toml` of `data_dir` (absent: all defaults) and the environment.

    Raises `ConfigError` naming file, line and the nearest known setting.
    """
    file = data_dir / FILE_NAME
    try:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=str(file)) from error
    return parse_config(text, data_dir=data_dir, environ=os.environ if environ is None else environ)


def parse_config(text: str, *, data_dir: Path, environ: Mapping[str, str]) -> Config:
    """Return the settings in `text` (TOML), overridden by `environ`."""
    source = str(data_dir / FILE_NAME)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", where=source) from error
    own = {name: _table(document, name, source=source, text=text) for name in TABLES}
    rooms = {name: document.pop(name) for name in ROOM_TABLES if name in document}
    general = _general(document, place=Place(source=source, text=text))
    used = _apply_environment(general, own, rooms, environ)
    return Config(
        data_dir=data_dir,
        general=parse_options(General, general, place=Place(source=source, text=text)),
        tables=rooms,
        text=text,
        unknown_variables=tuple(sorted(_strangers(environ, used))),
        **{name: parse_options(kind, own[name], place=Place(source, text, name)) for name, kind in TABLES.items()},
    )


def _table(document: dict[str, Any], name: str, *, source: str, text: str) -> dict[str, Any]:
    table = document.pop(name, {})
    if not isinstance(table, dict):
        where = Place(source, text).describe(name)
        raise ConfigError(f'"{name}" is a table: write [{name}]', where=where)
    return dict(table)


def _general(document: dict[str, Any], *, place: Place) -> dict[str, Any]:
    known = [f.name for f in dataclasses.fields(General)]
    for name in document:
        if name not in known:
            every = [*known, *TABLES, *ROOM_TABLES]
            detail = f'unknown setting "{name}"{suggest(name, every)}'
            raise ConfigError(detail, where=place.describe(name))
    return dict(document)


def _apply_environment(
    general: dict[str, Any],
    own: dict[str, dict[str, Any]],
    rooms: dict[str, Any],
    environ: Mapping[str, str],
) -> set[str]:
    """Overlay the variables on the read values; return the names that were used."""
    used = set()
    for field in dataclasses.fields(General):
        variable = f"AVLEST_{field.name.upper()}"
        if variable in environ:
            general[field.name] = parse_text_value(environ[variable], field.default)
            used.add(variable)
    for table, kind in TABLES.items():
        for field in dataclasses.fields(kind):
            variable = f"AVLEST_{table.upper()}__{field.name.upper()}"
            if variable in environ:
                own[table][field.name] = parse_text_value(environ[variable], field.default)
                used.add(variable)
    return used | _apply_room_environment(rooms, environ)


def _apply_room_environment(rooms: dict[str, Any], environ: Mapping[str, str]) -> set[str]:
    """`AVLEST_READINGS__STORE=x` sets `store` in `[readings]` as text; its room checks it."""
    used = set()
    for variable, value in environ.items():
        table, _, name = variable.removeprefix("AVLEST_").lower().partition("__")
        is_room = variable.startswith("AVLEST_") and table in ROOM_TABLES and name
        if is_room and isinstance(rooms.setdefault(table, {}), dict):
            rooms[table] = {**rooms[table], name: value}
            used.add(variable)
    return used


def _strangers(environ: Mapping[str, str], used: set[str]) -> set[str]:
    """Return the AVLEST_ variables that set nothing: most likely misspelt."""
    return {
        name
        for name in environ
        if name.startswith("AVLEST_")
        and name not in used
        and name not in _NOT_SETTINGS
        and not name.startswith(_NOT_SETTINGS_PREFIXES)
    }
