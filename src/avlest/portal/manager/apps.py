# SPDX-License-Identifier: Apache-2.0
"""The area as a Django app: templates, translations and models of its own."""

from __future__ import annotations

from django.apps import AppConfig


class ManagerConfig(AppConfig):
    """Manager portal."""

    name = "avlest.portal.manager"
    label = "portal_manager"
    verbose_name = "Manager portal"
