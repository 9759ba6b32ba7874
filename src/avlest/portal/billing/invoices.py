# SPDX-License-Identifier: Apache-2.0
"""Invoices and credit notes: found, opened line by line, taken out as PDF or EHF, credited."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from avlest.portal.billing.lacking import LACKING
from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.refusals import try_form
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import Right
from avlest.settlement import access
from avlest.settlement.documents.ehf import EhfError
from avlest.settlement.models import Invoice
from avlest.settlement.searching import InvoiceFilter, access_found_invoices
from avlest.settlement.services.credit import do_credit_invoice
from avlest.settlement.services.documents import do_archive_ehf

STATES: Final = (
    ("", _("All")),
    ("open", _("Not paid")),
    ("overdue", _("Overdue")),
    ("paid", _("Paid")),
    ("credit", _("Credit notes")),
)


class CreditForm(Form):
    """Why an invoice is credited; the customer reads it on the credit note."""

    reason = forms.CharField(
        label=_("Why the invoice is credited"), max_length=500,
        help_text=_("The customer reads this on the credit note."),
    )  # fmt: skip
    submit = _("Make the credit note")


@require_safe
def show_invoices(request: ViewerRequest) -> HttpResponse:
    """Invoices and credit notes, newest first, found by number, KID, customer, name or address."""
    actor, asked = request.viewer.actor, read_asked(request.GET)
    state = request.GET.get("state", "")
    state = state if state in dict(STATES) else ""
    run = request.GET.get("run", "")
    run_id = int(run) if run.isascii() and run.isdigit() and len(run) < 10 else None
    today = derive_local_day(request.now)
    wanted = InvoiceFilter(search=asked.search, state=state, run_id=run_id)
    rows, count = access_found_invoices(actor, wanted, today=today, offset=asked.offset, limit=SIZE)
    page = Page(tuple(rows), count, asked)
    context = {"page": page, "invoices": rows, "asked": asked, "states": STATES, "state": state, "today": today}
    return render(request, "portal/billing/invoices.html", context)


@require_safe
def show_invoice(request: ViewerRequest, invoice_id: int) -> HttpResponse:
    """One invoice, each line opening to readings, quantity, price and sum."""
    return render(request, "portal/billing/invoice.html", _get_context(request, invoice_id))


def _get_context(request: ViewerRequest, invoice_id: int) -> dict[str, Any]:
    actor = request.viewer.actor
    invoice = access.access_invoice(actor, invoice_id)
    rows = Invoice.objects.of(actor.organisation_id)
    credited = rows.filter(corrects_id=invoice_id).values_list("pk", "number").first()
    can_credit = invoice.corrects_id is None and credited is None and Right.RUN_SETTLEMENT in request.viewer.rights
    corrects = rows.filter(pk=invoice.corrects_id).values_list("pk", "number").first() if invoice.corrects_id else None
    return {
        "invoice": invoice,
        "account": access.access_account(actor, invoice.account_id),
        "lines": access.access_lines(actor, invoice_id, language=request.LANGUAGE_CODE, store=get_store()),
        "credited": credited,
        "corrects": corrects,
        "can_credit": can_credit,
        "reason": rows.values_list("reason", flat=True).get(pk=invoice_id),
        "today": derive_local_day(request.now),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def credit_invoice(request: ViewerRequest, invoice_id: int) -> HttpResponse:
    """Make the credit note of a whole invoice."""
    actor = request.viewer.actor
    invoice = access.access_invoice(actor, invoice_id)
    actor.require(Right.RUN_SETTLEMENT)
    form = CreditForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made: list[int] = []
        reason = form.cleaned_data["reason"]
        do = lambda: made.append(do_credit_invoice(actor, invoice_id, reason=reason, now=request.now))  # noqa: E731
        if try_form(form, do):
            return redirect("billing:invoice", invoice_id=made[0])
    return answer_form(request, "portal/billing/credit.html", form, {"invoice": invoice})


@require_safe
def get_pdf(request: ViewerRequest, invoice_id: int) -> HttpResponse:
    """The invoice as PDF, as it was sent."""
    actor = request.viewer.actor
    number = access.access_invoice(actor, invoice_id).number
    pdf = access.access_pdf(actor, invoice_id, store=get_store(), now=request.now)
    headers = {"Content-Disposition": f'inline; filename="faktura-{number}.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


@require_safe
def get_ehf(request: ViewerRequest, invoice_id: int) -> HttpResponse:
    """The invoice as EHF; where something is missing for one, the page that says what."""
    actor = request.viewer.actor
    number = access.access_invoice(actor, invoice_id).number
    try:
        xml = do_archive_ehf(actor, invoice_id, now=request.now)
    except EhfError as error:
        missing = [LACKING.get(name, name) for name in error.missing]
        context = {"number": str(number), "missing": missing, "back": reverse("billing:invoice", args=[invoice_id])}
        return render(request, "portal/billing/no_ehf.html", context, status=422)
    headers = {"Content-Disposition": f'attachment; filename="faktura-{number}.xml"'}
    return HttpResponse(xml, content_type="application/xml", headers=headers)
