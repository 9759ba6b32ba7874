# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_roles, for_signed_in, self_checked
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
    for_roles("resident:settlements", Role.RESIDENT),
    for_roles("resident:invoices", Role.RESIDENT),
    for_roles("resident:invoice", Role.RESIDENT, arguments=_INVOICE),
    for_roles("resident:invoice_pdf", Role.RESIDENT, arguments=_INVOICE),
    for_roles("resident:meters", Role.RESIDENT),
    for_roles("resident:reading", Role.RESIDENT, arguments=_POINT, methods=_BOTH),
    for_roles("resident:moves", Role.RESIDENT, methods=_BOTH),
    for_roles("resident:move", Role.RESIDENT, arguments={"notice_id": "move"}),
    for_roles("resident:withdraw_move", Role.RESIDENT, arguments={"notice_id": "move"}, methods=_POST),
    for_roles("resident:faults", Role.RESIDENT, methods=_BOTH),
    for_roles("resident:fault_photo", Role.RESIDENT, arguments={"fault_id": "fault"}),
    for_roles("resident:withdraw_fault", Role.RESIDENT, arguments={"fault_id": "fault"}, methods=_POST),
    for_roles("resident:me", Role.RESIDENT),
    for_roles("resident:consents", Role.RESIDENT, methods=_BOTH),
    for_roles("resident:looks", Role.RESIDENT),
    for_roles("resident:export", Role.RESIDENT, methods=_BOTH),
    for_roles("resident:privacy_requests", Role.RESIDENT, methods=_BOTH),
    for_roles(
        "resident:withdraw_privacy_request", Role.RESIDENT, arguments={"request_id": "privacy_request"}, methods=_POST
    ),
    # The signature is what lets somebody in.
    self_checked("resident:signed_alarm", arguments={"token": "=none"}),
)
