# SPDX-License-Identifier: Apache-2.0
"""Readings and series as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReadingsConfig(AppConfig):
    """Decisions, formulas, limits, freezes, and what is left to derive; the values themselves are in Delta tables."""

    name = "avlest.readings"
    label = "readings"
    verbose_name = _("Readings")
