# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.billing import views

urlpatterns = [
    path("avregning/", views.show_runs, name="runs"),
]
