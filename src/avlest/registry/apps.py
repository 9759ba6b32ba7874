# SPDX-License-Identifier: Apache-2.0
"""The registry as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    """Models, admin and services of the registry."""

    name = "avlest.registry"
    label = "registry"
    verbose_name = _("Registry")
