# SPDX-License-Identifier: Apache-2.0
"""The tables of readings of this installation, opened once for the process."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from avlest.collect.options import open_configured_store
from avlest.readings.tables import Store


@cache
def get_store() -> Store:
    """Return the store that `[readings]` names; threads share it."""
    return open_configured_store(settings.AVLEST)
