# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.operations import (
    alarms,
    coverage,
    found,
    gateways,
    maps,
    messages,
    meters,
    overview,
    telegrams,
    zones,
)

urlpatterns = [
    path("drift/", overview.show_overview, name="overview"),
    path("drift/kart/", maps.show_map, name="map"),
    path("drift/kart/punkter.json", maps.show_points, name="points"),
    path("drift/maalere/", meters.show_meters, name="meters"),
    path("drift/maalere/<int:point_id>/", meters.show_meter, name="meter"),
    path("drift/dekning/", coverage.show_coverage, name="coverage"),
    path("drift/portnere/", gateways.show_gateways, name="gateways"),
    path("drift/varsler/", alarms.show_alarms, name="alarms"),
    path("drift/varsler/kvitter/", alarms.acknowledge_cause, name="acknowledge"),
    path("drift/varsler/<int:alarm_id>/", alarms.show_alarm, name="alarm"),
    path("drift/soner/", zones.show_zones, name="zones"),
    path("drift/soner/<int:zone_id>/", zones.show_zone, name="zone"),
    path("drift/ukjente/", telegrams.show_unread, name="unread"),
    path("drift/ukjente/gruppe/", telegrams.show_unread_group, name="unread_group"),
    path("drift/ukjente/<int:kept_id>/", telegrams.show_telegram, name="telegram"),
    path("drift/ukjente/<int:kept_id>/utkast/", telegrams.get_draft, name="draft"),
    path("drift/ukjente/maaler/<int:meter_id>/utkast/", telegrams.get_make_draft, name="make_draft"),
    path("drift/telegram/", telegrams.show_bench, name="bench"),
    path("drift/funnet/", found.show_found, name="found"),
    path("drift/funnet/<int:meter_id>/", found.place_meter, name="place"),
    path("drift/tjeneste/meldinger/", messages.show_messages, name="messages"),
]
