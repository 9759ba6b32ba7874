# SPDX-License-Identifier: Apache-2.0
"""The area as a Django app: templates, translations and models of its own."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """API."""

    name = "avlest.portal.api"
    label = "portal_api"
    verbose_name = "API"
