# SPDX-License-Identifier: Apache-2.0
"""Taking a backup back into an empty data directory."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from avlest.project.config import FILE_NAME, Config
from avlest.project.directory import make_data_dir
from avlest.project.secret import write_private
from avlest.service.backup.archive import check_file, unpack
from avlest.service.backup.manifest import Manifest, parse_manifest
from avlest.service.checks import UNFINISHED_NAME
from avlest.service.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Restored:
    """What was taken back; `missing_ring_keys` are the names of ring keys without which meters' keys stay sealed.

    `has_delivery_key`: the key that delivers reports is back, or there was none.
    """

    data_dir: Path
    manifest: Manifest
    missing_ring_keys: tuple[str, ...]
    is_older: bool
    has_delivery_key: bool = True


StartProject = Callable[[Path], Config]
"""Sets the project up on a data directory and returns its settings."""


def restore_backup(source: Path, data_dir: Path, *, keys: Path | None, start: StartProject) -> Restored:
    """Take a backup back into `data_dir`, which must be absent or empty, as must be the database and the tables.

    Every checksum is verified before anything is put in place.  Raises `ServiceError`, `StoreError` or
    `ConfigError`; then `data_dir` is as empty as before.
    """
    _check_empty(data_dir)
    parent = data_dir.absolute().parent
    if not parent.is_dir():
        raise ServiceError("no such directory", where=str(parent))
    with tempfile.TemporaryDirectory(dir=parent, prefix=".avlest-") as name:
        folder = Path(name)
        manifest = parse_manifest(unpack(source, folder), where=str(source))
        for entry in manifest.files:
            check_file(folder, entry)
        with _clearing_on_failure(data_dir):
            return _put_back(folder, manifest, data_dir, keys=keys, start=start)


def _check_empty(data_dir: Path) -> None:
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise ServiceError("is not empty; a backup is restored into a new directory only", where=str(data_dir))


@contextlib.contextmanager
def _clearing_on_failure(data_dir: Path) -> Iterator[None]:
    """Mark the directory while it is incomplete, and empty it when the restore fails."""
    data_dir.mkdir(mode=0o700, exist_ok=True)
    marker = data_dir / UNFINISHED_NAME
    marker.touch(mode=0o600)
    try:
        yield
    except BaseException:
        for child in data_dir.iterdir():
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        raise
    marker.unlink()


def _put_back(folder: Path, manifest: Manifest, data_dir: Path, *, keys: Path | None, start: StartProject) -> Restored:
    write_private(data_dir / FILE_NAME, (folder / "settings" / FILE_NAME).read_text(encoding="utf-8"))
    # What signs sessions is made anew: whoever was logged in logs in again.
    make_data_dir(data_dir)
    config = start(data_dir)
    _check_versions(manifest)
    missing = _put_keys(manifest, keys)
    _put_database(folder, manifest)
    _put_tables(folder, manifest, config)
    if (folder / "folders").is_dir():
        shutil.copytree(folder / "folders", data_dir, dirs_exist_ok=True)
    is_delivering = _put_delivery_key(folder, data_dir)
    return Restored(data_dir, manifest, missing, is_older=_lacks_migrations(manifest), has_delivery_key=is_delivering)


def _put_delivery_key(folder: Path, data_dir: Path) -> bool:
    from avlest.service.backup.delivery_key import put_delivery_key

    return put_delivery_key(folder, data_dir)


def _known_migrations() -> set[str]:
    from django.db.migrations.loader import MigrationLoader

    return {".".join(key) for key in MigrationLoader(None).disk_migrations}


def _check_versions(manifest: Manifest) -> None:
    """Refuse a backup of a newer version: this one would not understand its tables."""
    newer = sorted(set(manifest.migrations) - _known_migrations())
    if newer:
        detail = f"was made by Avlest {manifest.avlest} and has {newer[0]}, which this version does not know"
        raise ServiceError(f"{detail}: install that version or a newer one", where="the backup")


def _lacks_migrations(manifest: Manifest) -> bool:
    return bool(_known_migrations() - set(manifest.migrations))


def _put_keys(manifest: Manifest, keys: Path | None) -> tuple[str, ...]:
    """Put the ring in place, if given, and return the names of ring keys that are missing."""
    from avlest.project.options import ConfigError
    from avlest.project.secret import read_private
    from avlest.registry.keys.ring import get_key_ring, get_ring_file
    from avlest.registry.keys.ring_file import parse_ring

    if keys is not None:
        text = read_private(keys)
        parse_ring(text, str(keys))
        get_ring_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(get_ring_file(), text)
    try:
        known = set(get_key_ring().ciphers)
    except ConfigError:
        known = set()
    return tuple(name for name in manifest.ring_keys if name not in known)


def _put_database(folder: Path, manifest: Manifest) -> None:
    from django.db import connection

    from avlest.service.backup.database import check_empty_database, restore_database

    if connection.vendor != manifest.database:
        detail = f"holds a {manifest.database} database, but the settings name {connection.vendor}"
        raise ServiceError(f"{detail}: set AVLEST_DATABASE to an empty one of that kind", where="the backup")
    check_empty_database()
    (entry,) = manifest.below("database")
    restore_database(folder / entry.name)


def _put_tables(folder: Path, manifest: Manifest, config: Config) -> None:
    from avlest.collect.options import open_configured_store

    store = open_configured_store(config)
    if not store.is_empty():
        raise ServiceError("holds tables already; a backup is restored into an empty place", where=store.location)
    # In the order they were taken: rows first, then the log that names them.
    for entry in manifest.below("tables"):
        with (folder / entry.name).open("rb") as stream:
            store.put_file(entry.name.removeprefix("tables/"), stream)
    rows = {size.table: size.rows for size in store.sizes()}
    for table in manifest.tables:
        if rows[table.name] != table.rows:
            detail = f"has {rows[table.name]} rows after the restore, the manifest says {table.rows}"
            raise ServiceError(detail, where=table.name)
