# SPDX-License-Identifier: Apache-2.0
"""An organisation with two people, a price list and a store of daily series.

Nothing of Django is imported at the top: which database is used is decided after this file was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avlest.readings.tables import Store
    from avlest.registry.rights import Actor


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Sentences are tested in the language they are written in; translations have their own test."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture
def now() -> datetime:
    """A morning in January 2027: the year 2026 is over."""
    return datetime(2027, 1, 11, 8, 0, tzinfo=UTC)


@pytest.fixture
def clerk(db: None, now: datetime) -> Actor:
    """Anne, who makes runs, in a new organisation."""
    from tests.settlement.builders import make_people

    return make_people("fjordvik", now)[0]


@pytest.fixture
def controller(clerk: Actor) -> Actor:
    """Bjørn, who approves what Anne made."""
    import dataclasses

    return dataclasses.replace(clerk, name="bjørn", user_id=(clerk.user_id or 0) + 1)


@pytest.fixture
def store(tmp_path) -> Store:
    """An empty store."""
    from avlest.readings.tables import open_store

    return open_store(str(tmp_path / "store"))
