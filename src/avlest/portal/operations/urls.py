# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.operations import maps, meters, overview

urlpatterns = [
    path("drift/", overview.show_overview, name="overview"),
    path("drift/kart/", maps.show_map, name="map"),
    path("drift/kart/punkter.geojson", maps.show_points, name="points"),
    path("drift/maalere/", meters.show_meters, name="meters"),
    path("drift/maalere/<int:point_id>/", meters.show_meter, name="meter"),
]
