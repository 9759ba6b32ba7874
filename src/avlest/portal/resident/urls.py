# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.resident import (
    alarms,
    bills,
    channels,
    consents,
    export,
    faults,
    handling,
    limits,
    live,
    me,
    meters,
    moves,
    overview,
    own_readings,
    settlements,
    signed,
    use,
)

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
    path("avregning/", settlements.show_settlements, name="settlements"),
    path("fakturaer/", bills.show_invoices, name="invoices"),
    path("fakturaer/<int:invoice_id>/", bills.show_invoice, name="invoice"),
    path("fakturaer/<int:invoice_id>/pdf/", bills.get_invoice_pdf, name="invoice_pdf"),
    path("maalere/", meters.show_meters, name="meters"),
    path("maalere/<int:point_id>/avlesning/", own_readings.send_reading, name="reading"),
    path("flytte/", moves.show_moves, name="moves"),
    path("flytte/<int:notice_id>/", moves.show_move, name="move"),
    path("flytte/<int:notice_id>/trekk/", moves.withdraw_move, name="withdraw_move"),
    path("meld-feil/", faults.show_faults, name="faults"),
    path("meld-feil/<int:fault_id>/bilde/", faults.show_fault_photo, name="fault_photo"),
    path("meld-feil/<int:fault_id>/trekk/", faults.withdraw_fault, name="withdraw_fault"),
    path("meg/", me.show_me, name="me"),
    path("meg/samtykker/", consents.show_consents, name="consents"),
    path("meg/innsyn/", me.show_looks, name="looks"),
    path("meg/eksport/", export.export, name="export"),
    path("meg/krav/", me.show_privacy_requests, name="privacy_requests"),
    path("meg/krav/<int:request_id>/trekk/", me.withdraw_privacy_request, name="withdraw_privacy_request"),
    path("alarm/<str:token>", signed.show_signed_alarm, name="signed_alarm"),
]
