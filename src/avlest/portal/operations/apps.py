# SPDX-License-Identifier: Apache-2.0
"""The area as a Django app: templates, translations and models of its own."""

from __future__ import annotations

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """Operations centre."""

    name = "avlest.portal.operations"
    label = "portal_operations"
    verbose_name = "Operations centre"
