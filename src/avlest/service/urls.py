# SPDX-License-Identifier: Apache-2.0
"""Addresses of the service: status and health."""

from __future__ import annotations

from django.urls import path

from avlest.service import views

urlpatterns = [
    path("status", views.show_status, name="status"),
    path("health", views.show_health, name="health"),
]
