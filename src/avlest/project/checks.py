# SPDX-License-Identifier: Apache-2.0
"""System checks: what is odd about the configuration, said at every start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register()
def check_variables(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Name the `AVLEST_` variables that set nothing: most likely they are misspelt."""
    return [
        checks.Warning(
            f"The environment variable {name} sets nothing.",
            hint="See docs/reference/settings.md for the names.",
            id="avlest.W001",
        )
        for name in settings.AVLEST.unknown_variables
    ]
