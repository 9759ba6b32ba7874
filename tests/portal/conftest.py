# SPDX-License-Identifier: Apache-2.0
"""The world of the portal's tests, and a store of readings of their own."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avlest.readings.tables import Store
    from tests.portal.world import World


@pytest.fixture
def world(db: None, settings) -> World:
    """Two organisations that are alike."""
    from django.core.cache import cache

    from tests.portal.world import make_world

    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a score of users a test
    return make_world()


@pytest.fixture
def store(tmp_path: Path, settings) -> Store:
    """The portal's store of readings, empty, in a folder of the test."""
    from avlest.portal.store import get_store

    settings.AVLEST = dataclasses.replace(settings.AVLEST, tables={"readings": {"store": str(tmp_path / "store")}})
    return get_store()
