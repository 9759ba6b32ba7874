# SPDX-License-Identifier: Apache-2.0
"""An organisation and somebody to act in it.

Nothing of Django is imported at the top: which database is used is decided after this
file was read (tests/conftest.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avlest.registry.rights import Actor


def _make(slug: str, now: datetime) -> Actor:
    from avlest.registry.access import make_system_actor
    from avlest.registry.services.organisations import do_create_organisation

    number = do_create_organisation(name=slug.title(), slug=slug, by="test", now=now)
    return make_system_actor(number, name=f"test {slug}")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Sentences are tested in the language they are written in; translations have their own test."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def actor(db: None, now: datetime) -> Actor:
    """The system acting in a new organisation."""
    return _make("vik", now)


@pytest.fixture
def stranger(db: None, now: datetime) -> Actor:
    """The system acting in another organisation."""
    return _make("nes", now)
