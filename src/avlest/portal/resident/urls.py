# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.resident import alarms, bills, channels, handling, limits, live, meters, overview, use

urlpatterns = [
    path("", overview.show_overview, name="overview"),
    path("forbruk/", use.show_use, name="use"),
    path("forbruk/<int:point_id>/", use.show_use_of, name="use_of"),
    path("varsler/", alarms.show_alarms, name="alarms"),
    path("varsler/<int:alarm_id>/", alarms.show_alarm, name="alarm"),
    path("varsler/<int:alarm_id>/ordnet/", handling.note_fixed, name="alarm_fixed"),
    path("varsler/<int:alarm_id>/utsett/", handling.snooze, name="alarm_snooze"),
    path("varsler/grenser/", limits.show_limits, name="limits"),
    path("varsler/grenser/<int:limit_id>/slutt/", limits.end_limit, name="end_limit"),
    path("varsler/fravaer/<int:absence_id>/slutt/", limits.end_absence, name="end_absence"),
    path("naa/", live.show_live, name="live"),
    path("meg/kanaler/", channels.show_channels, name="channels"),
    path("meg/kanaler/enhet/", channels.add_browser, name="add_browser"),
    path("meg/kanaler/enheter/slutt/", channels.forget_browsers, name="forget_browsers"),
    path("fakturaer/", bills.show_invoices, name="invoices"),
    path("fakturaer/<int:invoice_id>/", bills.show_invoice, name="invoice"),
    path("fakturaer/<int:invoice_id>/pdf/", bills.get_invoice_pdf, name="invoice_pdf"),
    path("maalere/", meters.show_meters, name="meters"),
    path("maalere/<int:point_id>/avlesning/", meters.send_reading, name="reading"),
]
