# SPDX-License-Identifier: Apache-2.0
"""A store in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from avlest.readings.tables import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A new store."""
    return open_store(str(tmp_path / "store"))
