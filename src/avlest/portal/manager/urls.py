# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.manager import alarms, devices, due, places, queue, search, today, values

urlpatterns = [
    path("styre/", today.show_today, name="today"),
    path("styre/eiendommer/", places.show_properties, name="properties"),
    path("styre/eiendommer/<int:property_id>/", places.show_property, name="property"),
    path("styre/enheter/<int:unit_id>/", places.show_unit, name="unit"),
    path("styre/punkter/<int:point_id>/", devices.show_point, name="point"),
    path("styre/maalere/<int:meter_id>/", devices.show_meter, name="meter"),
    path("styre/verdier/<int:series_id>/", values.show_values, name="values"),
    path("styre/avgjorelser/", queue.show_queue, name="queue"),
    path("styre/avgjorelser/<int:finding_id>/", queue.show_finding, name="finding"),
    path("styre/varsler/", alarms.show_alarms, name="alarms"),
    path("styre/varsler/<int:alarm_id>/", alarms.show_alarm, name="alarm"),
    path("styre/varsler/<int:alarm_id>/behandle/", alarms.handle_alarm, name="handle_alarm"),
    path("styre/maalere/", due.show_due, name="due"),
    path("styre/sok/", search.show_search, name="search"),
]
