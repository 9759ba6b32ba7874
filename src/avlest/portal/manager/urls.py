# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.manager import (
    alarms,
    campaigns,
    devices,
    directory,
    due,
    exchange,
    log,
    members,
    places,
    queue,
    search,
    today,
    values,
)

urlpatterns = [
    path("styre/", today.show_today, name="today"),
    path("styre/eiendommer/", places.show_properties, name="properties"),
    path("styre/eiendommer/<int:property_id>/", places.show_property, name="property"),
    path("styre/enheter/<int:unit_id>/", places.show_unit, name="unit"),
    path("styre/punkter/<int:point_id>/", devices.show_point, name="point"),
    path("styre/punkter/<int:point_id>/bytte/", exchange.exchange_meter, name="exchange"),
    path("styre/maalere/<int:meter_id>/", devices.show_meter, name="meter"),
    path("styre/verdier/<int:series_id>/", values.show_values, name="values"),
    path("styre/avgjorelser/", queue.show_queue, name="queue"),
    path("styre/avgjorelser/<int:finding_id>/", queue.show_finding, name="finding"),
    path("styre/varsler/", alarms.show_alarms, name="alarms"),
    path("styre/varsler/<int:alarm_id>/", alarms.show_alarm, name="alarm"),
    path("styre/varsler/<int:alarm_id>/behandle/", alarms.handle_alarm, name="handle_alarm"),
    path("styre/maalere/", due.show_due, name="due"),
    path("styre/tilganger/", members.show_members, name="members"),
    path("styre/tilganger/<int:user_id>/", members.end_role, name="end_role"),
    path("styre/personer/", directory.show_people, name="people"),
    path("styre/personer/<int:party_id>/", directory.show_person, name="person"),
    path("styre/personer/<int:party_id>/kode/", directory.make_code, name="make_code"),
    path("styre/logg/", log.show_log, name="log"),
    path("styre/logg/innsyn/", log.show_looks, name="looks"),
    path("styre/logg/<int:entry_id>/", log.show_entry, name="log_entry"),
    path("styre/meldinger/", campaigns.show_campaigns, name="campaigns"),
    path("styre/meldinger/ny/", campaigns.write_campaign, name="write_campaign"),
    path("styre/meldinger/<int:campaign_id>/", campaigns.show_campaign, name="campaign"),
    path("styre/meldinger/<int:campaign_id>/send/", campaigns.send_campaign, name="send_campaign"),
    path("styre/sok/", search.show_search, name="search"),
]
