# SPDX-License-Identifier: Apache-2.0
"""Making a data directory: `avlest.toml` and the secrets, readable by their owner only."""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path

from avlest.project.config import FILE_NAME, TABLES, General
from avlest.project.options import ConfigError
from avlest.project.secret import SECRET_KEY_FILE, write_private


def make_data_dir(data_dir: Path, *, database: str = "") -> list[Path]:
    """Make what is missing in `data_dir` and return the new files; run again it changes nothing.

    Raises `ConfigError` when the directory cannot be made or written.
    """
    made = []
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in (
            (FILE_NAME, make_template(database=database)),
            (SECRET_KEY_FILE, secrets.token_urlsafe(48) + "\n"),
        ):
            if not (data_dir / name).exists():
                write_private(data_dir / name, text)
                made.append(data_dir / name)
    except OSError as error:
        raise ConfigError(f"cannot be made: {error.strerror}", where=str(data_dir)) from error
    return made


def make_template(*, database: str = "") -> str:
    """Return an `avlest.toml` that names every setting of the project with its default, commented out."""
    lines = ["# Settings of Avlest. Every line that is commented out shows the default.", ""]
    lines += _rows(General)
    if database:
        lines.append(f'database = "{database}"')
    for name, kind in TABLES.items():
        lines += ["", f"[{name}]", *_rows(kind)]
    return "\n".join(lines) + "\n"


def _rows(kind: type) -> list[str]:
    return [
        line
        for field in dataclasses.fields(kind)
        for line in (f"# {field.metadata['help']}", f"#{field.name} = {to_toml(field.default)}")
    ]


def to_toml(value: object) -> str:
    """Return a default as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(to_toml(part) for part in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
