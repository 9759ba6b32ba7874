# SPDX-License-Identifier: Apache-2.0
"""Addresses of the service: status, health, and its pages in the operations centre."""

from __future__ import annotations

from django.urls import path

from avlest.service import operations, views

urlpatterns = [
    path("status", views.show_status, name="status"),
    path("health", views.show_health, name="health"),
    path("drift/tjeneste/", operations.show_intake, name="intake"),
    path("drift/tjeneste/lagring/", operations.show_storage, name="storage"),
    path("drift/tjeneste/jobber/", operations.show_jobs, name="jobs"),
]
