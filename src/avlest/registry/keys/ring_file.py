# SPDX-License-Identifier: Apache-2.0
"""The file of ring keys: one line a key, `<id> <base64 of 32 bytes>`, the current one first.

Lines that begin with # are comments.  The file is made 0600 and refused when wider.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from avlest.project.options import ConfigError
from avlest.project.secret import read_private, write_private
from avlest.registry.keys.seal import KeyRing, build_ring, make_ring_key

_HEAD = "# Keys that seal the meters' keys; the first is current. Keep a copy: without it they are lost.\n"


def make_ring_file(file: Path) -> bool:
    """Make a ring with one new key at `file` unless there is one; say whether it was made."""
    if file.exists():
        return False
    write_private(file, _HEAD + _line(*make_ring_key()))
    return True


def add_ring_key(file: Path) -> str:
    """Put a new key first in the ring at `file` and return its id; older keys stay to open."""
    name, key = make_ring_key()
    rows = [line for line in read_private(file).splitlines() if line and line[0] != "#"]
    write_private(file, _HEAD + _line(name, key) + "".join(f"{row}\n" for row in rows))
    return name


def _line(name: str, key: bytes) -> str:
    return f"{name} {b64encode(key).decode()}\n"


@lru_cache(maxsize=2)
def parse_ring(text: str, where: str) -> KeyRing:
    """Return the ring written in `text`; errors name the line, never what it holds."""
    keys = dict(_rows(text.splitlines(), where))
    if not keys:
        raise ConfigError("holds no key", where=where)
    try:
        return build_ring(keys, current=next(iter(keys)))
    except ValueError as error:
        raise ConfigError(str(error), where=where) from error


def _rows(lines: Iterable[str], where: str) -> Iterable[tuple[str, bytes]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, body = line.replace(":", " ", 1).split()
            yield name, b64decode(body, validate=True)
        except (ValueError, BadBase64) as error:
            detail = "not in the form `<id> <base64>`"
            raise ConfigError(detail, where=f"{where} line {number}") from error
