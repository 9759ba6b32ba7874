# SPDX-License-Identifier: Apache-2.0
"""The portal as a Django app: what people see."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Base templates, login, access, charts; the areas are apps of their own."""

    name = "avlest.portal"
    label = "portal"
    verbose_name = _("Portal")
