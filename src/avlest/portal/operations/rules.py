# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from typing import Final

from avlest.portal.rules import for_roles
from avlest.registry.rights import Role

_STAFF: Final = (Role.OPERATOR, Role.ADMINISTRATOR)

RULES = (
    for_roles("operations:overview", *_STAFF),
    for_roles("operations:map", *_STAFF),
    for_roles("operations:points", *_STAFF),
    for_roles("operations:meters", *_STAFF),
    for_roles("operations:meter", *_STAFF, arguments={"point_id": "point"}),
)
