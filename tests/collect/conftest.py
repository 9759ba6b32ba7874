# SPDX-License-Identifier: Apache-2.0
"""An organisation, and a plant in a folder of its own.

Nothing of Django is imported at the top: which database is used is decided after this file was read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avlest.registry.rights import Actor
    from tests.collect.plant import Plant


@pytest.fixture
def actor(db: None) -> Actor:
    """The system acting in a new organisation."""
    from avlest.registry.access import make_system_actor
    from avlest.registry.services.organisations import do_create_organisation
    from tests.collect.plant import MADE_AT

    number = do_create_organisation(name="Vik", slug="vik", by="test", now=MADE_AT)
    return make_system_actor(number, name="test")


@pytest.fixture
def plant(actor: Actor, tmp_path: Path) -> Plant:
    """A worker without thinning."""
    from tests.collect.plant import Plant

    return Plant(tmp_path)
