# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_signed_in

# The front page sends those who do not live here to their own.
RULES = (for_signed_in("resident:overview"),)
