# SPDX-License-Identifier: Apache-2.0
"""The service as a Django app: its status page, /health and the state of its jobs."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServiceConfig(AppConfig):
    """Status page, health and jobs."""

    name = "avlest.service"
    label = "service"
    verbose_name = _("Service")
