# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_roles
from avlest.registry.rights import Role

MANAGERS = (Role.MANAGER, Role.CARETAKER, Role.BILLING, Role.ADMINISTRATOR)
"""Board and property manager, caretaker, billing clerk, administrator."""

RULES = (for_roles("manager:today", *MANAGERS),)
