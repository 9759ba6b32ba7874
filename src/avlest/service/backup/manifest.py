# SPDX-License-Identifier: Apache-2.0
"""What a backup says about itself: every file with its checksum, the versions it belongs to.  Pure."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from avlest.service.errors import ServiceError

NAME = "manifest.json"
FORMAT = 1
_SAFE = re.compile(r"(?!.*(?:^|/)\.\.?(?:/|$))[^/\0][^\0]*")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a backup: its name there, bytes, SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One Delta table: the version taken and its rows."""

    name: str
    version: int
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`database` is sqlite or postgresql, `ring_keys` the names (never the keys) of the ring's keys."""

    avlest: str
    made_at: datetime
    database: str
    migrations: tuple[str, ...]
    ring_keys: tuple[str, ...]
    tables: tuple[TableEntry, ...]
    files: tuple[FileEntry, ...]
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def below(self, folder: str) -> tuple[FileEntry, ...]:
        """Return the files whose name begins with `folder/`, in the order they were taken."""
        return tuple(file for file in self.files if file.name.startswith(f"{folder}/"))


def is_safe_name(name: str) -> bool:
    """Whether a name stays inside the folder it is put into."""
    return bool(_SAFE.fullmatch(name))


def format_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON."""
    return (json.dumps(asdict(manifest), default=datetime.isoformat, indent=1) + "\n").encode()


def parse_manifest(body: bytes, *, where: str) -> Manifest:
    """Read a manifest; `ServiceError` when it is not one, or of a format of the future."""
    try:
        document: dict[str, Any] = json.loads(body)
        kind = int(document["format"])
        if kind > FORMAT:
            raise ServiceError(f"has format {kind}, this version of Avlest reads up to {FORMAT}", where=where)
        return _build(document)
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(f"is not the manifest of a backup: {error}", where=where) from error


def _build(document: dict[str, Any]) -> Manifest:
    files = tuple(FileEntry(str(f["name"]), int(f["size"]), str(f["sha256"])) for f in document["files"])
    for file in files:
        if not is_safe_name(file.name):
            raise ValueError(f"a file is called {file.name!r}")
    return Manifest(
        avlest=str(document["avlest"]),
        made_at=datetime.fromisoformat(document["made_at"]),
        database=str(document["database"]),
        migrations=tuple(document["migrations"]),
        ring_keys=tuple(document["ring_keys"]),
        tables=tuple(TableEntry(str(t["name"]), int(t["version"]), int(t["rows"])) for t in document["tables"]),
        files=files,
        format=int(document["format"]),
    )
