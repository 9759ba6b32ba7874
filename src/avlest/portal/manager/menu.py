# SPDX-License-Identifier: Apache-2.0
"""The area's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from avlest.portal.menus import Entry

MENU = (
    Entry("manager:today", _("Today"), order=10),
    Entry("manager:properties", _("Properties"), order=20),
    Entry("manager:queue", _("Values to decide"), order=30),
    Entry("manager:alarms", _("Alarms"), order=40),
    Entry("manager:campaigns", _("Messages"), order=50),
    Entry("manager:people", _("People"), order=60),
    Entry("manager:members", _("Access"), order=70),
    Entry("manager:log", _("The log"), order=80),
)
