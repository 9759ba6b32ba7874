# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_roles, for_signed_in
from avlest.registry.rights import Role

_BOTH = ("GET", "POST")
_POST = ("POST",)
_POINT = {"point_id": "point"}
_INVOICE = {"invoice_id": "invoice"}

RULES = (
    # The front page sends those who do not live here to their own.
    for_signed_in("resident:overview"),
    for_roles("resident:use", Role.RESIDENT),
    for_roles("resident:use_of", Role.RESIDENT, arguments=_POINT),
    for_roles("resident:alarms", Role.RESIDENT),
    for_roles("resident:alarm", Role.RESIDENT, arguments={"alarm_id": "alarm"}),
    for_roles("resident:alarm_fixed", Role.RESIDENT, arguments={"alarm_id": "alarm"}, methods=_POST),
    for_roles("resident:alarm_snooze", Role.RESIDENT, arguments={"alarm_id": "alarm"}, methods=_POST),
    for_roles("resident:limits", Role.RESIDENT, methods=_BOTH),
    for_roles("resident:end_limit", Role.RESIDENT, arguments={"limit_id": "own_limit"}, methods=_POST),
    for_roles("resident:end_absence", Role.RESIDENT, arguments={"absence_id": "absence"}, methods=_POST),
    for_roles("resident:live", Role.RESIDENT),
    for_roles("resident:channels", Role.RESIDENT, methods=_BOTH),
    for_roles("resident:add_browser", Role.RESIDENT, methods=_POST),
    for_roles("resident:forget_browsers", Role.RESIDENT, methods=_POST),
    for_roles("resident:invoices", Role.RESIDENT),
    for_roles("resident:invoice", Role.RESIDENT, arguments=_INVOICE),
    for_roles("resident:invoice_pdf", Role.RESIDENT, arguments=_INVOICE),
    for_roles("resident:meters", Role.RESIDENT),
    for_roles("resident:reading", Role.RESIDENT, arguments=_POINT, methods=_BOTH),
)
