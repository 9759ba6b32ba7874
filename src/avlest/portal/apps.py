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

    def ready(self) -> None:
        """The admin's own login knows no second factor and no throttle: it is sent to the portal's."""
        from allauth.account.decorators import secure_admin_login
        from django.contrib import admin

        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
