# SPDX-License-Identifier: Apache-2.0
"""Alarms, balance and messages as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightConfig(AppConfig):
    """What series tell, kept: alarms with their life, zone balances, and who was told what."""

    name = "avlest.insight"
    label = "insight"
    verbose_name = _("Insight")
