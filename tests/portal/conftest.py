# SPDX-License-Identifier: Apache-2.0
"""The world of the portal's tests, and a store of readings of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avlest.readings.tables import Store
    from tests.portal.world import World

# A score of users with real passwords: their hashes are not what is tested.
HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="module")
def shared_world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Made once a module and taken back with its transaction; what a test changes is taken back after the test."""
    from django.db import transaction
    from django.test import override_settings

    from tests.portal.world import make_world

    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            with override_settings(PASSWORD_HASHERS=HASHERS):
                made = make_world()
            with django_db_blocker.block():
                yield made
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


@pytest.fixture
def world(shared_world: World, db: None, settings) -> World:
    """Two organisations that are alike."""
    from django.core.cache import cache

    cache.clear()
    settings.PASSWORD_HASHERS = HASHERS
    return shared_world


@pytest.fixture
def store(tmp_path: Path, settings) -> Store:
    """The portal's store of readings, empty, in a folder of the test."""
    from avlest.portal.store import get_store

    settings.AVLEST = dataclasses.replace(settings.AVLEST, tables={"readings": {"store": str(tmp_path / "store")}})
    return get_store()
