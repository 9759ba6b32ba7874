# SPDX-License-Identifier: Apache-2.0
"""A folder of profiles and codecs that a user has put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from avlest.catalogue.catalogue import CatalogueFile
from avlest.catalogue.load import parse_family
from avlest.catalogue.lorawan.load import find_codecs, parse_profile
from avlest.catalogue.lorawan.profiles import Profiles, build_profiles, is_family
from avlest.catalogue.model import CatalogueError
from avlest.telegrams.lorawan.sandbox import LARGEST_SOURCE

PROFILE_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class CodecFolder:
    """What was read: all profiles (the built-in ones too), the codecs they name, and what could not be used."""

    profiles: Profiles
    sources: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_codec_folder(folder: Path | None) -> CodecFolder:
    """Read every profile (`*.toml`) of a folder and the codecs they name, which lie beside them.

    A file that cannot be used is told in `problems` and left out; the others are used.  No
    folder: the built-in profiles alone.  Raises `CatalogueError` where the folder is none.
    """
    if folder is None:
        return CodecFolder(build_profiles())
    if not folder.is_dir():
        raise CatalogueError(str(folder), "folder of codecs", "there is no such folder")
    files: dict[str, CatalogueFile] = {}
    sources: dict[str, str] = {}
    problems: list[str] = []
    for path in sorted(folder.glob(f"*{PROFILE_SUFFIX}")):
        try:
            file = CatalogueFile(path.name, _read(path))
            name, found = _check_file(file, folder)
            if name in files:
                raise CatalogueError(path.name, "file", f"{name!r} is also in {files[name].origin}")
            files[name] = file
            sources |= found
        except CatalogueError as error:
            problems.append(str(error))
    return CodecFolder(build_profiles(files.values()), sources, tuple(problems))


def _check_file(file: CatalogueFile, folder: Path) -> tuple[str, dict[str, str]]:
    """Name and codecs of one file.  Raises `CatalogueError` for whatever is wrong with it."""
    if is_family(file):
        return f"family {parse_family(file.text, origin=file.origin).name}", {}
    profile = parse_profile(file.text, origin=file.origin)
    return f"profile {profile.name}", dict(_read_codecs(file.origin, find_codecs(profile.rules), folder))


def _read_codecs(origin: str, names: frozenset[str], folder: Path) -> Iterator[tuple[str, str]]:
    for name in sorted(names):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CatalogueError(origin, "codec", f"{name!r} lies outside the folder of codecs")
        if not path.is_file():
            raise CatalogueError(origin, "codec", f"there is no file {name!r} in the folder of codecs")
        yield name, _read(path)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_SOURCE:
            raise CatalogueError(path.name, "file", f"is larger than {LARGEST_SOURCE} bytes")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(path.name, "file", f"cannot be read as UTF-8 text: {error}") from None
