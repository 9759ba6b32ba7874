# SPDX-License-Identifier: Apache-2.0
"""Customers: what they have agreed on, what they owe, and changing it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.billing.account_forms import (
    AdvanceForm,
    AgreementForm,
    ChangeForm,
    OrderForm,
    QuantityForm,
    TermsForm,
)
from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.refusals import try_form
from avlest.portal.forms import answer_form
from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import Right
from avlest.settlement import access, queries
from avlest.settlement.account_details import access_account_details
from avlest.settlement.searching import InvoiceFilter, access_found_accounts, access_found_invoices
from avlest.settlement.services.accounts import Opening, do_open_accounts

CHANGES: Final[dict[str, type[ChangeForm]]] = {
    "terminer": TermsForm,
    "avtale": AgreementForm,
    "akonto": AdvanceForm,
    "mengde": QuantityForm,
    "bestilling": OrderForm,
}


@require_safe
def show_accounts(request: ViewerRequest) -> HttpResponse:
    """Customers by number, name or address."""
    actor, asked = request.viewer.actor, read_asked(request.GET)
    rows, count = access_found_accounts(actor, search=asked.search, offset=asked.offset, limit=SIZE)
    context = {
        "page": Page(tuple(rows), count, asked),
        "asked": asked,
        "can_run": Right.RUN_SETTLEMENT in request.viewer.rights,
    }
    return render(request, "portal/billing/accounts.html", context)


@require_POST
def open_accounts(request: ViewerRequest) -> HttpResponse:
    """Open accounts for subscribers of the register that have none."""
    made = do_open_accounts(request.viewer.actor, Opening(), now=request.now)
    messages.success(request, _("%(count)d new customers were opened from the register.") % {"count": len(made)})
    return redirect("billing:accounts")


@require_safe
def show_account(request: ViewerRequest, account_id: int) -> HttpResponse:
    """One customer: agreements, a konto, what is owed, invoices."""
    return render(request, "portal/billing/account.html", _get_context(request, account_id))


def _get_context(request: ViewerRequest, account_id: int) -> dict[str, Any]:
    actor = request.viewer.actor
    details = access_account_details(actor, account_id)
    today = derive_local_day(request.now)
    wanted = InvoiceFilter(account_id=account_id)
    invoices, count = access_found_invoices(actor, wanted, today=today, limit=20)
    items = queries.get_open_items(account_ids=[account_id])
    return {
        "details": details,
        "account": details.account,
        "invoices": invoices,
        "invoice_count": count,
        "rest": sum(item.rest for item in items),
        "expected": queries.get_expected([account_id], today.year).get(account_id),
        "today": today,
        "can_run": Right.RUN_SETTLEMENT in request.viewer.rights,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def change_account(request: ViewerRequest, account_id: int, what: str) -> HttpResponse:
    """Change what a customer has agreed on: terms, a service, the a konto, a quantity by discretion, an order."""
    actor = request.viewer.actor
    actor.require(Right.RUN_SETTLEMENT)
    account = access.access_account(actor, account_id)
    if what not in CHANGES:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = CHANGES[what](data, account=account, today=derive_local_day(request.now), language=request.LANGUAGE_CODE)
    if request.method == "POST" and form.is_valid() and try_form(form, lambda: form.do(actor, now=request.now)):
        messages.success(request, _("The change is kept."))
        return redirect("billing:account", account_id=account_id)
    return answer_form(request, "portal/billing/account_change.html", form, {"account": account, "title": form.title})
