# SPDX-License-Identifier: Apache-2.0
"""Addresses of the project: the admin, and what the rooms bring."""

from __future__ import annotations

from importlib.util import find_spec

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path


def _room_urls() -> list[URLPattern | URLResolver]:
    """Include `urls.py` of every installed room that has one."""
    rooms = [f"avlest.{room}" for room in settings.ROOMS if f"avlest.{room}" in settings.INSTALLED_APPS]
    return [path("", include(f"{room}.urls")) for room in rooms if find_spec(f"{room}.urls")]


admin.autodiscover()
# The admin's own login knows no second factor and no throttle: it is sent to the portal's.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    *_room_urls(),
]
handler400 = "avlest.portal.common.errors.show_bad_request"
handler403 = "avlest.portal.common.errors.show_forbidden"
handler404 = "avlest.portal.common.errors.show_not_found"
handler500 = "avlest.portal.common.errors.show_failure"
