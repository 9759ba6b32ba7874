# SPDX-License-Identifier: Apache-2.0
"""Catalogue folders and key files named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from avlest.catalogue.catalogue import Catalogue, CatalogueFile, build_catalogue
from avlest.catalogue.load import parse_family
from avlest.catalogue.model import CatalogueError
from avlest.cli.failure import fail

if TYPE_CHECKING:
    from avlest.telegrams.keyring import KeyRing


def load_catalogue(folders: list[Path]) -> Catalogue:
    """The built-in catalogue with the files of `folders` before it; every own file is checked."""
    own = []
    for folder in folders:
        if not folder.is_dir():
            fail(f"{folder}: there is no such folder")
        own += [CatalogueFile(str(path), _read(path)) for path in sorted(folder.glob("*.toml"))]
    try:
        catalogue = build_catalogue(own)
        for file in own:
            parse_family(file.text, origin=file.origin, shared=catalogue.shared)
    except CatalogueError as error:
        fail(str(error))
    return catalogue


def load_keys(files: list[Path], keys: list[str]) -> KeyRing:
    """All keys named on the command line as one ring."""
    from avlest.cli.keys import KeyFileError, parse_key_file
    from avlest.cli.text import parse_key
    from avlest.telegrams.keyring import build_keyring
    from avlest.telegrams.outcomes import TelegramError

    try:
        pairs = [pair for path in files for pair in parse_key_file(_read(path), name=str(path))]
        return build_keyring(pairs, for_all=[parse_key(key) for key in keys])
    except KeyFileError as error:
        fail(str(error))
    except TelegramError as error:
        fail(f"--key: {error.detail}")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path}: is not UTF-8 text")
