# SPDX-License-Identifier: Apache-2.0
"""The area's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from avlest.portal.menus import Entry

MENU = (
    Entry("api:staff", _("API"), order=10),
    Entry("api:hooks", _("Webhooks"), order=20),
)
