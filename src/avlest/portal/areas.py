# SPDX-License-Identifier: Apache-2.0
"""The parts of the portal, each a package (and Django app) of its own: what they bring is found by name.

An area may have `urls.py` (urlpatterns), `rules.py` (RULES) and `menu.py` (MENU).
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

AREAS: Final = ("common", "resident", "manager", "billing", "operations", "api")


def get_package(area: str) -> str:
    """Return the package of an area: `avlest.portal.resident`."""
    return f"{__package__}.{area}"


def get_apps() -> list[str]:
    """Return the areas that are Django apps of their own (they have templates, locales, perhaps models)."""
    return [get_package(area) for area in AREAS if find_spec(f"{get_package(area)}.apps")]


def load_from_areas(module: str, name: str) -> list[tuple[str, Any]]:
    """Return `(area, value)` of the attribute `name` of each area's `module`, where it has one."""
    found = [(area, f"{get_package(area)}.{module}") for area in AREAS]
    return [(area, getattr(import_module(path), name)) for area, path in found if find_spec(path)]
