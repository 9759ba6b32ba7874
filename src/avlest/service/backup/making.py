# SPDX-License-Identifier: Apache-2.0
"""Making a backup while the service runs.

The database is copied first, as of one moment.  Each Delta table is then taken in the newest version that holds no
append the copied database does not know of: what was appended later is still in the copied inbox, and is decided and
appended again after a restore.  So nothing is lost and nothing doubled between the two.
"""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import connection

from avlest import __version__
from avlest.collect.models import Lane
from avlest.collect.options import open_configured_store, read_collect_options
from avlest.collect.pipeline.append import get_writer
from avlest.project.config import FILE_NAME, Config
from avlest.project.options import ConfigError
from avlest.project.secret import read_private, write_private
from avlest.readings.derive.work import WRITER as DERIVER
from avlest.readings.models import DeriveState
from avlest.readings.tables import TABLES, Store
from avlest.readings.tables.freezing import FrozenTable
from avlest.registry.keys.ring import get_key_ring, get_ring_file
from avlest.service.backup.archive import Sink, open_sink
from avlest.service.backup.database import copy_database
from avlest.service.backup.delivery_key import SEALED_NAME, seal_delivery_key
from avlest.service.backup.manifest import NAME, FileEntry, Manifest, TableEntry, format_manifest
from avlest.service.backup.record import BackupRecord, note_backup
from avlest.service.errors import ServiceError

logger = logging.getLogger(__name__)

KEYS_SUFFIX: Final = ".keys"
_MOST_LANES: Final = 64


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: where, what it holds, and the file of keys beside it, if asked for."""

    target: Path
    manifest: Manifest
    keys: Path | None


@dataclass(frozen=True, slots=True)
class _Moment:
    """What stood in the database when it was copied."""

    file: Path
    migrations: tuple[str, ...]
    last_batches: Mapping[str, int]


@dataclass(slots=True)
class _Draft:
    """A backup on its way into a sink."""

    sink: Sink
    files: list[FileEntry] = field(default_factory=list)

    def add_path(self, name: str, file: Path) -> None:
        with file.open("rb") as stream:
            self.files.append(self.sink.add(name, stream, size=file.stat().st_size))

    def add_bytes(self, name: str, body: bytes) -> None:
        self.files.append(self.sink.add(name, io.BytesIO(body), size=len(body)))


def make_backup(target: Path, *, config: Config, now: datetime, with_keys: bool = False) -> Backup:
    """Back the installation up into a new folder or tar file.

    Raises `ServiceError` or `StoreError`; then there is no backup at `target`.  The keys that seal the meters' keys
    are left out; `with_keys` writes them into a file of their own beside it.
    """
    ring = _read_ring() if with_keys else ""
    store = open_configured_store(config)
    beside = target.absolute().parent
    with open_sink(target) as sink, tempfile.TemporaryDirectory(dir=beside, prefix=".avlest-") as folder:
        moment = _copy_moment(Path(folder))
        tables = tuple(store.freeze(name, last_batches=moment.last_batches) for name in TABLES)
        draft = _Draft(sink)
        _add_settings(draft, config)
        draft.add_path(f"database/{moment.file.name}", moment.file)
        for table in tables:
            _add_table(draft, store, table)
        _add_folders(draft, config)
        manifest = _describe(draft, moment, tables, now=now)
        sink.add(NAME, io.BytesIO(body := format_manifest(manifest)), size=len(body))
    keys = _write_keys(target, ring) if with_keys else None
    _note(config.data_dir, target, manifest)
    return Backup(target, manifest, keys)


def _note(data_dir: Path, target: Path, manifest: Manifest) -> None:
    """Write down that it was made, for the page that shows its age; the backup stands even where that fails."""
    try:
        note_backup(data_dir, BackupRecord(manifest.made_at, str(target.absolute()), manifest.bytes))
    except OSError as error:
        logger.warning("the backup was made; that it was, could not be noted: %s", error)


def _copy_moment(folder: Path) -> _Moment:
    with copy_database(folder) as copy:
        lanes = copy.query(f'SELECT number, last_append FROM "{Lane._meta.db_table}"')  # noqa: S608  a constant name
        migrations = copy.query("SELECT app, name FROM django_migrations ORDER BY app, name")
        # A lane without a row has appended nothing yet; by the time the tables are read it may have.
        none = {get_writer(number): 0 for number in range(_MOST_LANES)}
        last = none | {get_writer(int(number)): int(append) for number, append in lanes}
        derived = copy.query(f'SELECT last_batch FROM "{DeriveState._meta.db_table}"')  # noqa: S608  a constant name
        last |= {DERIVER: max((int(batch) for (batch,) in derived), default=0)}
        return _Moment(copy.file, tuple(f"{app}.{name}" for app, name in migrations), last)


def _add_settings(draft: _Draft, config: Config) -> None:
    draft.add_bytes(f"settings/{FILE_NAME}", config.text.encode())
    if sealed := seal_delivery_key(config.data_dir):
        draft.add_bytes(SEALED_NAME, sealed)


def _add_table(draft: _Draft, store: Store, table: FrozenTable) -> None:
    """The rows first, the log that names them last."""
    for path, size in table.files:
        with store.open_frozen(table.table, path) as stream:
            draft.files.append(draft.sink.add(f"tables/{table.table}/{path}", stream, size=size))
    for name, body in table.log:
        draft.add_bytes(f"tables/{table.table}/_delta_log/{name}", body)


def _add_folders(draft: _Draft, config: Config) -> None:
    """Documents, and the catalogue files and codecs of one's own, where they are in the data directory."""
    options = read_collect_options(config)
    for name in ("documents", options.catalogue, options.codecs):
        is_inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        for file in _walk(config.resolve(name)) if is_inside else ():
            draft.add_path(f"folders/{file.relative_to(config.data_dir).as_posix()}", file)


def _walk(folder: Path) -> Iterator[Path]:
    yield from (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink())


def _describe(draft: _Draft, moment: _Moment, tables: tuple[FrozenTable, ...], *, now: datetime) -> Manifest:
    return Manifest(
        avlest=__version__,
        made_at=now,
        database=connection.vendor,
        migrations=moment.migrations,
        ring_keys=_name_ring_keys(),
        tables=tuple(TableEntry(table.table, table.version, table.rows) for table in tables),
        files=tuple(draft.files),
    )


def _name_ring_keys() -> tuple[str, ...]:
    """The names of the ring's keys, so that a restore knows which ring belongs to it; none where there is no ring."""
    try:
        return tuple(get_key_ring().ciphers)
    except ConfigError:
        return ()


def _read_ring() -> str:
    file = get_ring_file()
    if not file.exists():
        detail = "there is no such file: the ring comes from elsewhere (AVLEST_METER_KEY_RING), keep a copy of it there"
        raise ServiceError(detail, where=str(file))
    return read_private(file)


def _write_keys(target: Path, ring: str) -> Path:
    file = target.with_name(target.name + KEYS_SUFFIX)
    write_private(file, ring)
    return file
