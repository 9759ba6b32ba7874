# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls with their claims, and what an earlier system invoiced: looked at; services write them."""

from __future__ import annotations

from django.contrib import admin

from avlest.settlement.admin.prices import SettlementRows
from avlest.settlement.models import AccuracyClaim, AccuracyControl, EarlierLine


@admin.register(AccuracyControl)
class AccuracyControlAdmin(SettlementRows):
    """What controls showed."""

    list_filter = ("organisation",)
    list_display = ("point", "error", "threshold", "starts_on", "stops_on", "decided_by", "decided_on")
    list_select_related = ("point",)


@admin.register(AccuracyClaim)
class AccuracyClaimAdmin(SettlementRows):
    """What controls claim or pay back, and on which invoice."""

    list_filter = ("organisation",)
    list_display = ("control", "account", "year", "invoice")
    list_select_related = ("control__point", "account__party", "invoice")


@admin.register(EarlierLine)
class EarlierLineAdmin(SettlementRows):
    """What the system before this one invoiced."""

    list_filter = ("organisation", "kind")
    list_display = ("document", "account", "kind", "service", "start", "stop", "quantity", "amount")
    list_select_related = ("account__party",)
    search_fields = ("=document",)
