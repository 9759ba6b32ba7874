# SPDX-License-Identifier: Apache-2.0
"""Where a backup is written and read: a folder, or one tar file; whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from avlest.service.backup.manifest import NAME, FileEntry, is_safe_name
from avlest.service.errors import ServiceError

_CHUNK = 1 << 20
TarMode = Literal["w", "w:gz"]
_TAR_MODES: dict[str, TarMode] = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz"}


class Sink(Protocol):
    """Takes the files of a backup in."""

    def add(self, name: str, stream: BinaryIO, *, size: int) -> FileEntry:
        """Take `size` bytes in under a name and return the entry with their checksum."""
        ...


class HashingReader(io.RawIOBase):
    """Passes on what is read of a stream and remembers its checksum."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes."""
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        self.count += len(chunk)
        return chunk

    def readable(self) -> bool:
        """Say that this is for reading."""
        return True

    def finish(self, name: str, *, size: int) -> FileEntry:
        """Return the entry; `ServiceError` when the stream was shorter than announced."""
        if self.count != size:
            raise ServiceError(f"has {self.count} bytes, expected {size}: it changed while it was read", where=name)
        return FileEntry(name, size, self._digest.hexdigest())


class FolderSink:
    """Files of a backup in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, stream: BinaryIO, *, size: int) -> FileEntry:
        """Write one file, readable by its owner only."""
        file = self._folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        reader = HashingReader(stream)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            while chunk := reader.read(_CHUNK):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        return reader.finish(name, size=size)


class TarSink:
    """Files of a backup in a tar file."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, stream: BinaryIO, *, size: int) -> FileEntry:
        """Append one member."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        reader = HashingReader(stream)
        try:
            self._tar.addfile(member, reader)
        except OSError as error:
            if "end of data" in str(error):
                reader.finish(name, size=size)
            raise
        return reader.finish(name, size=size)


@contextlib.contextmanager
def open_sink(target: Path) -> Iterator[Sink]:
    """Open a new backup at `target` (a name ending in .tar, .tar.gz or .tgz: a file; else a folder).

    It is written beside its place and moved there when the block ends well.  Raises `ServiceError` when something
    is there already.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ServiceError("exists already: name a new file, or an empty folder", where=str(target))
    if not target.absolute().parent.is_dir():
        raise ServiceError("no such directory", where=str(target.absolute().parent))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _open_part(part, find_mode(target)) as sink:
            yield sink
        _sync(part)
        part.replace(target)
        _sync(target.absolute().parent)
    finally:
        _remove(part)


def find_mode(target: Path) -> TarMode | None:
    """Return how to open the tar file a name asks for; None for a folder."""
    return next((mode for suffix, mode in _TAR_MODES.items() if target.name.endswith(suffix)), None)


@contextlib.contextmanager
def _open_part(part: Path, mode: TarMode | None) -> Iterator[Sink]:
    if mode is None:
        part.mkdir(mode=0o700)
        yield FolderSink(part)
        return
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w+b") as file, tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as tar:
        yield TarSink(tar)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


def unpack(source: Path, folder: Path) -> bytes:
    """Bring the files of a backup into `folder` (a backup that is a folder: by copying) and return its manifest.

    Only plain files are taken, under names that stay inside the folder.
    """
    if source.is_dir():
        if not (source / NAME).is_file():
            raise ServiceError(f"has no {NAME}: not a backup, or one that was not finished", where=str(source))
        shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True)
    else:
        _unpack_tar(source, folder)
    manifest = folder / NAME
    if not manifest.is_file():
        raise ServiceError(f"has no {NAME}: not a backup, or one that was not finished", where=str(source))
    return manifest.read_bytes()


def _unpack_tar(source: Path, folder: Path) -> None:
    try:
        with tarfile.open(source) as tar:
            for member in tar:
                _unpack_member(tar, member, folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ServiceError(f"cannot be read as a backup: {error}", where=str(source)) from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one member: ours are plain files whose names stay inside the folder."""
    stream = tar.extractfile(member) if member.isfile() and is_safe_name(member.name) else None
    if stream is None:
        raise ServiceError("is not a plain file inside the backup: not a backup of ours", where=member.name)
    file = folder / member.name
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with stream, os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        shutil.copyfileobj(stream, target, _CHUNK)


def check_file(folder: Path, entry: FileEntry) -> None:
    """`ServiceError` unless a file is there with the size and checksum of its entry."""
    file = folder / entry.name
    if not file.is_file() or file.is_symlink():
        raise ServiceError("is missing from the backup", where=entry.name)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != entry.sha256 or file.stat().st_size != entry.size:
        raise ServiceError("is damaged: its checksum is not the one noted in the manifest", where=entry.name)
