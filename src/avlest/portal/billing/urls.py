# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.billing import (
    accounts,
    controls,
    documents,
    imports,
    invoices,
    moves,
    payments,
    prices,
    reports,
    runs,
    starting,
)

_RUN = "styre/avregning/<int:run_id>/"
_ACCOUNT = "styre/kunder/<int:account_id>/"
_INVOICE = "styre/fakturaer/<int:invoice_id>/"
_PAYMENT = "styre/innbetalinger/<int:payment_id>/"
_REFUNDS = "styre/tilbakebetaling/"
_LIST = "styre/priser/<int:list_id>/"

urlpatterns = [
    path("styre/avregning/", starting.show_runs, name="runs"),
    path("styre/avregning/ny/", starting.start_run, name="run_new"),
    path("styre/avregning/ny/grunnlag/", starting.show_basis, name="run_basis"),
    path("styre/avregning/arbeid/<int:work_id>/", starting.show_work, name="work"),
    path("styre/avregning/malerkontroll/", controls.show_controls, name="controls"),
    path("styre/avregning/malerkontroll/ny/", controls.note_control, name="control_new"),
    path(_RUN, runs.open_run, name="run"),
    path(f"{_RUN}kontroll/", runs.show_control, name="run_control"),
    path(f"{_RUN}kontroll/<int:exception_id>/", runs.accept_exception, name="run_exception"),
    path(f"{_RUN}forhandsvis/", runs.show_preview, name="run_preview"),
    path(f"{_RUN}forhandsvis/<int:account_id>/", runs.show_account, name="run_account"),
    path(f"{_RUN}godkjenn/", runs.approve, name="run_approve"),
    path(f"{_RUN}legg-bort/", runs.drop, name="run_drop"),
    path(f"{_RUN}send/", runs.send, name="run_send"),
    path(f"{_RUN}eksport/<slug:kind>/", runs.export, name="run_export"),
    path(f"{_RUN}korriger/", runs.show_correction, name="run_correct"),
    path("styre/fakturaer/", invoices.show_invoices, name="invoices"),
    path(_INVOICE, invoices.show_invoice, name="invoice"),
    path(f"{_INVOICE}pdf/", invoices.get_pdf, name="invoice_pdf"),
    path(f"{_INVOICE}ehf/", invoices.get_ehf, name="invoice_ehf"),
    path(f"{_INVOICE}krediter/", invoices.credit_invoice, name="invoice_credit"),
    path("styre/priser/", prices.show_prices, name="prices"),
    path("styre/priser/ny/", prices.take_list, name="price_file"),
    path("styre/priser/pris/<int:price_id>/", prices.change_price, name="price"),
    path(_LIST, prices.show_list, name="price_list"),
    path(f"{_LIST}godkjenn/", prices.approve_list, name="price_list_approve"),
    path(f"{_LIST}legg-bort/", prices.withdraw_list, name="price_list_withdraw"),
    path("styre/kunder/", accounts.show_accounts, name="accounts"),
    path("styre/kunder/nye/", accounts.open_accounts, name="accounts_open"),
    path(_ACCOUNT, accounts.show_account, name="account"),
    path(f"{_ACCOUNT}endre/<slug:what>/", accounts.change_account, name="account_change"),
    path(f"{_ACCOUNT}flytt/", moves.move, name="move"),
    path("styre/flytting/", moves.show_moves, name="moves"),
    path("styre/dokumenter/", documents.show_documents, name="documents"),
    path("styre/dokumenter/<int:party_id>/", documents.show_documents_of, name="documents_of"),
    path("styre/dokumenter/<int:party_id>/alle/", documents.hand_out, name="documents_zip"),
    path("styre/dokumenter/fil/<int:document_id>/", documents.get_document, name="document"),
    path("styre/innbetalinger/", payments.show_payments, name="payments"),
    path("styre/innbetalinger/ny/", payments.take_file, name="payment_file"),
    path(_PAYMENT, payments.show_payment, name="payment"),
    path(f"{_PAYMENT}koble/", payments.match_payment, name="payment_match"),
    path(f"{_PAYMENT}ferdig/", payments.clear_payment, name="payment_clear"),
    path(_REFUNDS, payments.show_refunds, name="refunds"),
    path(f"{_REFUNDS}nye/", payments.list_refunds, name="refunds_list"),
    path(f"{_REFUNDS}<int:refund_id>/godkjenn/", payments.approve_refund, name="refund_approve"),
    path(f"{_REFUNDS}<int:refund_id>/betalt/", payments.pay_refund, name="refund_pay"),
    path("styre/purringer/", payments.show_reminders, name="reminders"),
    path("styre/import/", imports.show_import, name="import"),
    path("styre/import/<int:held_id>/", imports.apply_import, name="import_apply"),
    path("styre/rapporter/", reports.show_reports, name="reports"),
    path("styre/rapporter/ny/", reports.make_report, name="report_new"),
    path("styre/rapporter/<int:report_id>/", reports.change_report, name="report"),
    path("styre/rapporter/<int:report_id>/send/", reports.send_report, name="report_send"),
    path("styre/rapporter/levering/<int:delivery_id>/", reports.try_delivery, name="delivery_again"),
]
