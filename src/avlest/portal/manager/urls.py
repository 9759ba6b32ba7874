# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.manager import views

urlpatterns = [
    path("styre/", views.show_today, name="today"),
]
