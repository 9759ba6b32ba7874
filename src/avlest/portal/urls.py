# SPDX-License-Identifier: Apache-2.0
"""Addresses of the portal: each area brings its own, under Norwegian paths (docs/explanation/portal.md)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from avlest.portal.areas import get_package, load_from_areas

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((f"{get_package(area)}.urls", area), namespace=area))
    for area, _ in load_from_areas("urls", "urlpatterns")
]
# django-allauth's parts one by one: its own list also has old addresses without a name.
urlpatterns += [
    path("konto/", include("allauth.account.urls")),
    path("konto/2fa/", include("allauth.mfa.urls")),
    path("konto/3rdparty/", include("allauth.socialaccount.urls")),
    path("konto/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
