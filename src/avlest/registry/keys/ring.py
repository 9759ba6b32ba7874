# SPDX-License-Identifier: Apache-2.0
"""The ring in use: from `AVLEST_METER_KEY_RING`, else from the file the settings name.

The variable holds the lines of the file with commas between them.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from avlest.project.options import ConfigError
from avlest.project.secret import read_private
from avlest.registry.keys.ring_file import parse_ring
from avlest.registry.keys.seal import KeyRing

VARIABLE = "AVLEST_METER_KEY_RING"


def get_key_ring() -> KeyRing:
    """Return the ring in use, read anew when its file changes.

    Raises `ConfigError` naming file and line when it is absent, readable by others or
    not well formed.
    """
    text = os.environ.get(VARIABLE)
    if text:
        return parse_ring(text.replace(",", "\n"), VARIABLE)
    file = get_ring_file()
    if not file.exists():
        detail = "no such file: run avlest init, or restore it from the backup"
        raise ConfigError(detail, where=str(file))
    return parse_ring(read_private(file), str(file))


def get_ring_file() -> Path:
    """Return the path of the ring's file."""
    return Path(settings.AVLEST.resolve(settings.AVLEST.keys.ring_file))


def require_file() -> None:
    """Raise `ConfigError` when the ring is not kept in the file, so that no new key is put there in vain."""
    if os.environ.get(VARIABLE):
        detail = "the ring stands in this variable: put a new key first in it, then go on with --resume"
        raise ConfigError(detail, where=VARIABLE)
