# SPDX-License-Identifier: Apache-2.0
"""A town with books, and people who open its pages."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avlest.readings.tables import Store
    from tests.portal.billing.town import Books


@pytest.fixture(scope="module")
def shared_books(shared_world, django_db_blocker, tmp_path_factory) -> tuple[Books, Path]:
    """The books of a town and where its readings lie, made once a module: a year of terms takes its time."""
    from avlest.readings.tables import open_store
    from tests.portal.billing.town import make_books

    folder = tmp_path_factory.mktemp("books") / "store"
    with django_db_blocker.unblock():
        return make_books(shared_world.vik, open_store(str(folder))), folder


@pytest.fixture
def store(shared_books, tmp_path, settings) -> Store:
    """A copy of the readings, so that what a test adds is gone after it."""
    from avlest.portal.store import get_store

    folder = tmp_path / "store"
    shutil.copytree(shared_books[1], folder)
    settings.AVLEST = dataclasses.replace(settings.AVLEST, tables={"readings": {"store": str(folder)}})
    return get_store()


@pytest.fixture
def books(world, shared_books: tuple[Books, Path], store) -> Books:
    """The town of the test with prices, accounts and terms charged."""
    return shared_books[0]


@pytest.fixture
def at_work(monkeypatch):
    """A January morning on which the year before can be settled: the portal asks Django for the time."""
    from tests.portal.billing.town import NOW

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


@pytest.fixture
def sign_in(world) -> Callable:
    """A client signed in as a role of the town, in bokmål."""
    from django.test import Client

    def as_role(role, language="nb"):
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(world.vik.staff[role])
        return client

    return as_role
