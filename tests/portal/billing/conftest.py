# SPDX-License-Identifier: Apache-2.0
"""A town with books, and people who open its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.portal.billing.town import Books


@pytest.fixture
def books(world, store) -> Books:
    """The town of the test with prices, accounts and terms charged."""
    from tests.portal.billing.town import make_books

    return make_books(world.vik, store)


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
