# SPDX-License-Identifier: Apache-2.0
"""The area's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from avlest.portal.menus import Entry

MENU = (
    Entry("billing:runs", _("Settlement"), order=10),
    Entry("billing:invoices", _("Invoices"), order=20),
    Entry("billing:accounts", _("Customers"), order=30),
    Entry("billing:prices", _("Prices"), order=40),
    Entry("billing:payments", _("Payments"), order=50),
    Entry("billing:refunds", _("Refunds"), order=55),
    Entry("billing:moves", _("Moves"), order=60),
    Entry("billing:documents", _("Documents"), order=70),
    Entry("billing:import", _("Import"), order=80),
    Entry("billing:reports", _("Reports"), order=90),
)
