# SPDX-License-Identifier: Apache-2.0
"""The area's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from avlest.portal.menus import Entry
from avlest.registry.rights import Role

MENU = (
    Entry("resident:overview", _("Overview"), order=10, roles=frozenset({Role.RESIDENT})),
    Entry("resident:use", _("Use"), order=20),
    Entry("resident:alarms", _("Alarms"), order=30),
    Entry("resident:settlements", _("Settlement"), order=35),
    Entry("resident:invoices", _("Invoices"), order=40),
    Entry("resident:meters", _("Meters"), order=50),
    Entry("resident:faults", _("Report a fault"), order=60),
    Entry("resident:me", _("Me"), order=80),
)
