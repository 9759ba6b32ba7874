# SPDX-License-Identifier: Apache-2.0
"""The area's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from avlest.portal.menus import Entry

MENU = (
    Entry("operations:overview", _("Overview"), order=10),
    Entry("operations:map", _("Map"), order=20),
    Entry("operations:meters", _("Meters"), order=30),
    Entry("operations:alarms", _("Alarms"), order=40),
    Entry("operations:coverage", _("Coverage"), order=50),
    Entry("operations:gateways", _("Gateways"), order=60),
    Entry("operations:zones", _("Zones"), order=70),
    Entry("operations:unread", _("Telegrams"), order=80),
    Entry("operations:found", _("Found"), order=90),
    Entry("intake", _("Service"), order=100),
)
