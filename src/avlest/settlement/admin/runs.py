# SPDX-License-Identifier: Apache-2.0
"""Runs and what came of them: looked at, never changed by hand."""

from __future__ import annotations

from django.contrib import admin

from avlest.settlement.admin.prices import SettlementRows
from avlest.settlement.models import (
    ArchivedDocument,
    Expected,
    Invoice,
    InvoiceLine,
    NumberSeries,
    Run,
    RunException,
    RunPart,
)


@admin.register(Run)
class RunAdmin(SettlementRows):
    """Settlement runs."""

    list_display = ("id", "kind", "year", "month", "state", "made_by", "approved_by", "issued_at", "organisation")
    list_filter = ("organisation", "kind", "year", "state")
    list_select_related = ("organisation",)


@admin.register(RunPart)
class RunPartAdmin(SettlementRows):
    """Parts of runs."""

    list_filter = ("organisation",)
    list_display = ("run", "number", "accounts", "lines", "issued_at", "digest")
    list_select_related = ("run",)
    exclude = ("inputs", "results", "issued")


@admin.register(RunException)
class RunExceptionAdmin(SettlementRows):
    """Exceptions of runs."""

    list_display = ("run", "account", "code", "severity", "accepted_by")
    list_filter = ("organisation", "code", "severity")
    list_select_related = ("run", "account__party")


@admin.register(Invoice)
class InvoiceAdmin(SettlementRows):
    """Invoices and credit notes."""

    list_display = ("number", "kind", "account", "issued_on", "due_on", "total", "organisation")
    list_filter = ("organisation", "kind")
    list_select_related = ("account__party", "organisation")
    search_fields = ("=number", "=kid", "account__party__name")
    date_hierarchy = "issued_on"


@admin.register(InvoiceLine)
class InvoiceLineAdmin(SettlementRows):
    """Lines of invoices."""

    list_display = ("invoice", "position", "kind", "service", "quantity", "value", "amount", "rate")
    list_filter = ("kind", "service")
    list_select_related = ("invoice",)


@admin.register(NumberSeries)
class NumberSeriesAdmin(SettlementRows):
    """The next number of each kind of document."""

    list_filter = ("organisation",)
    list_display = ("kind", "next", "organisation")
    list_select_related = ("organisation",)


@admin.register(Expected)
class ExpectedAdmin(SettlementRows):
    """Running settlements."""

    list_filter = ("organisation",)
    list_display = ("account", "year", "through", "used", "projected", "advance", "balance", "proposal")
    list_select_related = ("account__party",)


@admin.register(ArchivedDocument)
class ArchivedDocumentAdmin(SettlementRows):
    """Kept documents."""

    list_filter = ("organisation",)
    list_display = ("invoice", "kind", "language", "size", "made_at", "sha256")
    list_select_related = ("invoice",)
