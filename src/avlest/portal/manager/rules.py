# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_roles
from avlest.registry.rights import Role

MANAGERS = (Role.MANAGER, Role.CARETAKER, Role.BILLING, Role.ADMINISTRATOR)
"""Board and property manager, caretaker, billing clerk, administrator."""
STAFF = (*MANAGERS, Role.OPERATOR)
"""The operations centre finds its way in the same tree; its own first page is elsewhere."""

DECIDERS = (Role.BILLING, Role.ADMINISTRATOR, Role.OPERATOR)
"""Who may decide what a value is to be."""
HANDLERS = (Role.MANAGER, Role.CARETAKER, Role.ADMINISTRATOR, Role.OPERATOR)
"""Who does something about alarms."""
WRITERS = (Role.MANAGER, Role.BILLING, Role.ADMINISTRATOR)
"""Who writes to people and changes what is known of them."""
KNOWERS = (*WRITERS, Role.OPERATOR)
"""Who may know names."""
AUDITORS = (Role.BILLING, Role.ADMINISTRATOR)
"""Who reads the log."""
EXCHANGERS = (Role.ADMINISTRATOR, Role.OPERATOR)
"""Who exchanges meters from the desk."""
_CAMPAIGN = {"campaign_id": "campaign"}
_BOTH = ("GET", "POST")

RULES = (
    for_roles("manager:today", *MANAGERS),
    for_roles("manager:properties", *STAFF),
    for_roles("manager:search", *STAFF),
    for_roles("manager:property", *STAFF, arguments={"property_id": "property"}),
    for_roles("manager:unit", *STAFF, arguments={"unit_id": "unit"}),
    for_roles("manager:point", *STAFF, arguments={"point_id": "point"}),
    for_roles("manager:exchange", *EXCHANGERS, arguments={"point_id": "point"}, methods=_BOTH),
    for_roles("manager:values", *STAFF, arguments={"series_id": "series"}),
    for_roles("manager:meter", *STAFF, arguments={"meter_id": "meter"}),
    for_roles("manager:queue", *DECIDERS, methods=_BOTH),
    for_roles("manager:finding", *DECIDERS, arguments={"finding_id": "finding"}, methods=_BOTH),
    for_roles("manager:alarms", *STAFF),
    for_roles("manager:alarm", *STAFF, arguments={"alarm_id": "alarm"}),
    for_roles("manager:handle_alarm", *HANDLERS, arguments={"alarm_id": "alarm"}, methods=("POST",)),
    for_roles("manager:due", *STAFF),
    for_roles("manager:members", Role.ADMINISTRATOR, methods=_BOTH),
    for_roles("manager:end_role", Role.ADMINISTRATOR, arguments={"user_id": "member"}, methods=_BOTH),
    for_roles("manager:people", *KNOWERS),
    for_roles("manager:person", *KNOWERS, arguments={"party_id": "party"}),
    for_roles("manager:make_code", *WRITERS, arguments={"party_id": "party"}, methods=("POST",)),
    for_roles("manager:log", *AUDITORS),
    for_roles("manager:looks", *AUDITORS),
    for_roles("manager:log_entry", *AUDITORS, arguments={"entry_id": "audit_entry"}),
    for_roles("manager:campaigns", *WRITERS),
    for_roles("manager:write_campaign", *WRITERS, methods=_BOTH),
    for_roles("manager:campaign", *WRITERS, arguments=_CAMPAIGN),
    for_roles("manager:send_campaign", *WRITERS, arguments=_CAMPAIGN, methods=("POST",)),
)
