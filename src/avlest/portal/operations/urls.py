# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.operations import views

urlpatterns = [
    path("drift/", views.show_overview, name="overview"),
]
