# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.resident import alarms, bills, meters, overview, use

urlpatterns = [
    path("", overview.show_overview, name="overview"),
    path("forbruk/", use.show_use, name="use"),
    path("forbruk/<int:point_id>/", use.show_use_of, name="use_of"),
    path("varsler/", alarms.show_alarms, name="alarms"),
    path("varsler/<int:alarm_id>/", alarms.show_alarm, name="alarm"),
    path("fakturaer/", bills.show_invoices, name="invoices"),
    path("fakturaer/<int:invoice_id>/", bills.show_invoice, name="invoice"),
    path("fakturaer/<int:invoice_id>/pdf/", bills.get_invoice_pdf, name="invoice_pdf"),
    path("maalere/", meters.show_meters, name="meters"),
    path("maalere/<int:point_id>/avlesning/", meters.send_reading, name="reading"),
]
