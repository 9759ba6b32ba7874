# SPDX-License-Identifier: Apache-2.0
"""Files that only the owner of the process may read: made 0600, refused when wider."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from avlest.project.options import ConfigError

SECRET_KEY_FILE = "secret-key"  # noqa: S105  a file's name, not a secret


def write_private(file: Path, text: str) -> None:
    """Write `text` to `file` whole or not at all, readable by its owner only."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)


def read_private(file: Path) -> str:
    """Return the text of `file`; raise `ConfigError` when others may read it, or it is absent."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(file)) from error
    if mode & 0o077:
        detail = f"may be read by others (mode {mode:04o}), expected 0600: run chmod 600 on it"
        raise ConfigError(detail, where=str(file))
    return text


def read_secret_key(data_dir: Path, environ: Mapping[str, str]) -> str:
    """Return the key that signs sessions: `AVLEST_SECRET_KEY`, the file `avlest init` made, or
    one that lasts as long as the process when there is no data directory yet."""
    if environ.get("AVLEST_SECRET_KEY"):
        return environ["AVLEST_SECRET_KEY"]
    file = data_dir / SECRET_KEY_FILE
    return read_private(file).strip() if file.exists() else secrets.token_urlsafe(48)
