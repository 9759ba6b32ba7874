# SPDX-License-Identifier: Apache-2.0
"""The area's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from avlest.portal.menus import Entry

MENU = (
    Entry("operations:overview", _("Overview"), order=10),
    Entry("operations:map", _("Map"), order=20),
    Entry("operations:meters", _("Meters"), order=30),
)
