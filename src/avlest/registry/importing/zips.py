# SPDX-License-Identifier: Apache-2.0
"""Opening ZIP containers (XLSX, zipped KEM) without being hurt by them.  Pure."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterator

from avlest.registry.importing.report import ImportFileError

_MB = 1_000_000
_MOST_MEMBERS = 5000
# Text packs 20 to 60 times at best; what packs far better was made to blow up.
_MOST_RATIO = 250
_RATIO_FROM = 10 * _MB


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken in: bytes of the file, bytes unpacked, rows."""

    file_bytes: int = 100 * _MB
    unpacked_bytes: int = 1000 * _MB
    rows: int = 1_000_000

    def check_size(self, content: bytes) -> None:
        """Raise `ImportFileError` when the file is empty or too large."""
        if not content:
            raise ImportFileError("the file is empty")
        if len(content) > self.file_bytes:
            size, most = len(content) // _MB, self.file_bytes // _MB
            raise ImportFileError(f"the file has {size} MB, at most {most} MB are taken in")


def open_zip(content: bytes, limits: Limits) -> zipfile.ZipFile:
    """Return the container after looking at what it claims to hold.

    Raises `ImportFileError` for a broken or encrypted container and for one that unpacks
    to too much (a "zip bomb").
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise ImportFileError(f"the ZIP container is broken: {error}") from error
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise ImportFileError(f"the container holds {len(members)} files, at most {_MOST_MEMBERS}")
    if any(member.flag_bits & 0x1 for member in members):
        raise ImportFileError("the container is locked with a password; save it without one")
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if unpacked > limits.unpacked_bytes or (unpacked > _RATIO_FROM and unpacked > _MOST_RATIO * packed):
        size, was = unpacked // _MB, packed // 1000
        raise ImportFileError(f"{was} kB unpack to {size} MB: refused as a zip bomb")
    return archive


def read_member(archive: zipfile.ZipFile, name: str, limits: Limits) -> bytes:
    """Return one member's bytes, stopping when it is larger than the container claimed."""
    try:
        with archive.open(name) as stream:
            content = stream.read(limits.unpacked_bytes + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise ImportFileError(f"{name} in the container is broken: {error}") from error
    if len(content) > limits.unpacked_bytes:
        raise ImportFileError(f"{name} unpacks to more than {limits.unpacked_bytes // _MB} MB")
    return content


def iterate_xml_members(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the names of the XML parts of an office document."""
    for name in archive.namelist():
        if name.lower().endswith((".xml", ".rels", ".vml")):
            yield name
