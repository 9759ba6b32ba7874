# SPDX-License-Identifier: Apache-2.0
"""An organisation, tables in a folder of their own, and a lock folder that no other test uses.

Nothing of Django is imported at the top: which database is used is decided after this file was read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from avlest.registry.rights import Actor
    from tests.readings.plant import Plant


@pytest.fixture
def actor(db: None) -> Actor:
    """The system acting in a new organisation."""
    from avlest.registry.access import make_system_actor
    from avlest.registry.services.organisations import do_create_organisation
    from tests.readings.plant import MADE_AT

    number = do_create_organisation(name="Vik", slug="vik", by="test", now=MADE_AT)
    return make_system_actor(number, name="test")


@pytest.fixture
def plant(actor: Actor, tmp_path: Path, settings: Any) -> Plant:
    """Meters that can be made and heard, and what is derived from them."""
    from tests.readings.plant import Plant

    settings.DATA_DIR = tmp_path
    return Plant(actor, tmp_path)
