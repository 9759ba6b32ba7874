# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_roles
from avlest.registry.rights import Role

BILLERS = (Role.BILLING, Role.MANAGER, Role.ADMINISTRATOR)
"""Billing clerk, manager (who approves), administrator."""

RULES = (for_roles("billing:runs", *BILLERS),)
