# SPDX-License-Identifier: Apache-2.0
"""Settlement as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SettlementConfig(AppConfig):
    """Price lists, agreements, runs, invoices, payments."""

    name = "avlest.settlement"
    label = "settlement"
    verbose_name = _("Settlement")
