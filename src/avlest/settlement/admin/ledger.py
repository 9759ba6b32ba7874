# SPDX-License-Identifier: Apache-2.0
"""Open items, payments, reminders and refunds: looked at; services write them."""

from __future__ import annotations

from django.contrib import admin

from avlest.settlement.admin.prices import SettlementRows
from avlest.settlement.models import OpenItem, Payment, PaymentFile, Refund, Reminder


@admin.register(OpenItem)
class OpenItemAdmin(SettlementRows):
    """What is owed."""

    list_filter = ("organisation",)
    list_display = ("invoice", "account", "due_on", "amount", "rest", "settled_at")
    list_select_related = ("invoice", "account__party")
    search_fields = ("=kid",)


@admin.register(PaymentFile)
class PaymentFileAdmin(SettlementRows):
    """Files from the bank."""

    list_filter = ("organisation",)
    list_display = ("name", "format", "payments", "total", "received_at", "received_by")


@admin.register(Payment)
class PaymentAdmin(SettlementRows):
    """Payments."""

    list_display = ("reference", "booked_on", "amount", "kid", "payer", "state", "item")
    list_filter = ("organisation", "state")
    list_select_related = ("item", "file")
    search_fields = ("=kid", "payer", "reference")


@admin.register(Reminder)
class ReminderAdmin(SettlementRows):
    """The reminders list."""

    list_filter = ("organisation",)
    list_display = ("item", "level", "listed_on", "rest")
    list_select_related = ("item",)


@admin.register(Refund)
class RefundAdmin(SettlementRows):
    """The refund list."""

    list_display = ("account", "amount", "reason", "state", "listed_by", "approved_by")
    list_filter = ("organisation", "state")
    list_select_related = ("account__party",)
