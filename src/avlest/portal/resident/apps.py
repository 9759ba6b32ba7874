# SPDX-License-Identifier: Apache-2.0
"""The area as a Django app: templates, translations and models of its own."""

from __future__ import annotations

from django.apps import AppConfig


class ResidentConfig(AppConfig):
    """Resident app."""

    name = "avlest.portal.resident"
    label = "portal_resident"
    verbose_name = "Resident app"
