# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import for_roles, for_signed_in
from avlest.registry.rights import Role

_POINT = {"point_id": "point"}
_INVOICE = {"invoice_id": "invoice"}

RULES = (
    # The front page sends those who do not live here to their own.
    for_signed_in("resident:overview"),
    for_roles("resident:use", Role.RESIDENT),
    for_roles("resident:use_of", Role.RESIDENT, arguments=_POINT),
    for_roles("resident:alarms", Role.RESIDENT),
    for_roles("resident:alarm", Role.RESIDENT, arguments={"alarm_id": "alarm"}),
    for_roles("resident:invoices", Role.RESIDENT),
    for_roles("resident:invoice", Role.RESIDENT, arguments=_INVOICE),
    for_roles("resident:invoice_pdf", Role.RESIDENT, arguments=_INVOICE),
    for_roles("resident:meters", Role.RESIDENT),
    for_roles("resident:reading", Role.RESIDENT, arguments=_POINT, methods=("GET", "POST")),
)
