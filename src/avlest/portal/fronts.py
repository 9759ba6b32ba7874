# SPDX-License-Identifier: Apache-2.0
"""Where each role begins."""

from __future__ import annotations

from typing import Final

from django.urls import reverse

from avlest.portal.rules import find_rule
from avlest.portal.viewer import Viewer

_FRONTS: Final = ("manager:today", "operations:overview")


def get_front(viewer: Viewer) -> str:
    """Return the first page of a viewer who has no home here; empty when there is none for them."""
    for name in _FRONTS:
        rule = find_rule(name)
        if rule and viewer.roles & rule.roles:
            return reverse(name)
    return ""
