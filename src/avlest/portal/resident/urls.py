# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.resident import views

urlpatterns = [
    path("", views.show_overview, name="overview"),
]
