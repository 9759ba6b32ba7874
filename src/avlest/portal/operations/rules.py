# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from typing import Final

from avlest.portal.rules import for_roles
from avlest.registry.rights import Role

_STAFF: Final = (Role.OPERATOR, Role.ADMINISTRATOR)
_BOTH: Final = ("GET", "POST")
_KEPT: Final = {"kept_id": "kept"}

RULES = (
    for_roles("operations:overview", *_STAFF),
    for_roles("operations:map", *_STAFF),
    for_roles("operations:points", *_STAFF),
    for_roles("operations:meters", *_STAFF),
    for_roles("operations:meter", *_STAFF, arguments={"point_id": "point"}),
    for_roles("operations:coverage", *_STAFF),
    for_roles("operations:gateways", *_STAFF),
    for_roles("operations:alarms", *_STAFF),
    for_roles("operations:acknowledge", *_STAFF, methods=("POST",)),
    for_roles("operations:alarm", *_STAFF, arguments={"alarm_id": "alarm"}, methods=_BOTH),
    for_roles("operations:zones", *_STAFF),
    for_roles("operations:zone", *_STAFF, arguments={"zone_id": "zone"}),
    for_roles("operations:unread", *_STAFF),
    for_roles("operations:unread_group", *_STAFF),
    for_roles("operations:telegram", *_STAFF, arguments=_KEPT),
    for_roles("operations:draft", *_STAFF, arguments=_KEPT),
    for_roles("operations:make_draft", *_STAFF, arguments={"meter_id": "unknown_meter"}),
    for_roles("operations:bench", *_STAFF, methods=_BOTH),
    for_roles("operations:found", *_STAFF),
    for_roles("operations:place", *_STAFF, arguments={"meter_id": "found_meter"}, methods=_BOTH),
    for_roles("operations:messages", *_STAFF),
    # Pages of the service, which stands above the portal
    for_roles("intake", *_STAFF),
    for_roles("storage", *_STAFF),
    for_roles("jobs", *_STAFF),
)
