# SPDX-License-Identifier: Apache-2.0
"""Invoices, what is still to pay, and why each amount is what it is."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.settlement import access


@require_safe
def show_invoices(request: ViewerRequest) -> HttpResponse:
    """All invoices and credit notes, newest first, with what is unpaid."""
    parties = sorted(request.viewer.party_ids)
    items = access.access_own_items(parties)
    context = {
        "invoices": access.access_own_invoices(parties, limit=200),
        "to_pay": sum(item.rest for item in items if item.rest > 0),
        "today": request.now.date(),
    }
    return render(request, "portal/resident/invoices.html", context)


@require_safe
def show_invoice(request: ViewerRequest, invoice_id: int) -> HttpResponse:
    """One invoice with each line opened: readings, quantity, price, sum."""
    parties, language = sorted(request.viewer.party_ids), get_language() or "nb"
    context = {
        "invoice": access.access_own_invoice(parties, invoice_id),
        "lines": access.access_own_lines(parties, invoice_id, language=language, store=get_store()),
    }
    return render(request, "portal/resident/invoice.html", context)


@require_safe
def get_invoice_pdf(request: ViewerRequest, invoice_id: int) -> HttpResponse:
    """The invoice as PDF."""
    parties = sorted(request.viewer.party_ids)
    pdf = access.access_own_pdf(
        parties, invoice_id, store=get_store(), now=request.now, language=get_language() or "nb"
    )
    number = access.access_own_invoice(parties, invoice_id).number
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="faktura-{number}.pdf"'
    return answer
