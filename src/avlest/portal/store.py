# SPDX-License-Identifier: Apache-2.0
"""The tables of readings of this installation, opened once for the process."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from avlest.collect.options import open_configured_store
from avlest.project.config import Config
from avlest.readings.tables import Store


def get_store() -> Store:
    """Return the store that `[readings]` names; threads share it."""
    return _open(_Identity(settings.AVLEST))


class _Identity:
    """A configuration by identity: it holds tables and cannot be hashed by content."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def __hash__(self) -> int:
        return id(self.config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.config is self.config


@lru_cache(maxsize=4)
def _open(identity: _Identity) -> Store:
    return open_configured_store(identity.config)
