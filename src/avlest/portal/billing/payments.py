# SPDX-License-Identifier: Apache-2.0
"""Payments: the bank's files taken in, the work list, refunds approved by a second person, reminders."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.refusals import try_form, try_to
from avlest.portal.billing.uploads import SentField, check_bank_file
from avlest.portal.billing.words import PAYMENT_STATES, get_word
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.sentences import tell
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import Right
from avlest.settlement import access, queries
from avlest.settlement.payments.model import PaymentFileError
from avlest.settlement.searching import access_found_payments, access_open_items_like, access_payment
from avlest.settlement.services.ledger import do_approve_refund, do_list_refunds, do_pay_refund
from avlest.settlement.services.payments import (
    PaymentReport,
    do_clear_payment,
    do_import_payments,
    do_match_payment,
)
from avlest.settlement.services.reminders import do_list_reminders

_GET_POST: Final = ["GET", "HEAD", "POST"]
_WORK: Final = "work"
STATES: Final = ((_WORK, gettext_lazy("To be looked at")), *PAYMENT_STATES.items(), ("all", gettext_lazy("All")))


class PaymentFileForm(Form):
    """A file from the bank."""

    file = SentField(
        label=gettext_lazy("File from the bank"), check=check_bank_file,
        help_text=gettext_lazy("OCR giro or camt.054. The same file, or the same payment, is taken in once only."),
    )  # fmt: skip
    skip_bad = forms.BooleanField(
        label=gettext_lazy("Take in the good payments although something is wrong in the file"), required=False
    )
    submit = gettext_lazy("Take in the file")


class ClearForm(Form):
    """How a payment was dealt with."""

    note = forms.CharField(
        label=gettext_lazy("What was done"), max_length=500,
        help_text=gettext_lazy("For example: sent back to the payer."),
    )  # fmt: skip
    submit = gettext_lazy("Take it off the list")


@require_safe
def show_payments(request: ViewerRequest) -> HttpResponse:
    """Payments that a person must look at, or any others."""
    asked = read_asked(request.GET)
    state = request.GET.get("state", _WORK)
    state = state if state in dict(STATES) else _WORK
    wanted = {_WORK: queries.WORK_LIST, "all": tuple(PAYMENT_STATES)}.get(state, (state,))
    rows, count = access_found_payments(
        request.viewer.actor, states=wanted, search=asked.search, offset=asked.offset, limit=SIZE
    )
    context = {"page": Page(tuple(rows), count, asked), "asked": asked, "states": STATES, "state": state}
    return render(request, "portal/billing/payments.html", context)


@require_http_methods(_GET_POST)
def take_file(request: ViewerRequest) -> HttpResponse:
    """Take in a file of payments; a file in which something is wrong is refused with the places."""
    template = "portal/billing/payment_file.html"
    form = PaymentFileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, template, form)
    report = _take(request, form)
    if report is None or not report.applied:
        if report is not None:
            form.add_error("file", _("Something is wrong in the file, so nothing was taken in. See the list."))
        return answer_form(request, template, form, {"report": report})
    messages.success(request, _describe(report))
    return redirect("billing:payments")


def _take(request: ViewerRequest, form: PaymentFileForm) -> PaymentReport | None:
    sent, skip_bad = form.cleaned_data["file"], form.cleaned_data["skip_bad"]
    try:
        return do_import_payments(
            request.viewer.actor, sent.content, filename=sent.name, now=request.now, skip_bad=skip_bad
        )
    except PaymentFileError as error:
        form.add_error("file", _("The file cannot be read: %(why)s") % {"why": tell(error)})
        return None


def _describe(report: PaymentReport) -> str:
    """What a file did, in a sentence."""
    parts = [f"{get_word(PAYMENT_STATES, state)}: {count}" for state, count in sorted(report.states.items())]
    if report.repeated:
        parts.append(_("Known before: %(count)d") % {"count": report.repeated})
    new = sum(report.states.values())
    text = ngettext("%(count)d payment was taken in.", "%(count)d payments were taken in.", new) % {"count": new}
    return f"{text} {', '.join(parts)}"


@require_safe
def show_payment(request: ViewerRequest, payment_id: int) -> HttpResponse:
    """One payment, and the invoices it may belong to."""
    return _answer_payment(request, payment_id, ClearForm())


def _answer_payment(request: ViewerRequest, payment_id: int, form: Form) -> HttpResponse:
    actor = request.viewer.actor
    payment = access_payment(actor, payment_id)
    search = request.GET.get("q", payment.kid or payment.payer)[:100]
    context = {
        "payment": payment,
        "asked": {"search": search},
        "items": access_open_items_like(actor, search) if payment.state == "unknown" else [],
        "can_match": payment.state == "unknown" and payment.amount > 0,
        "is_open": payment.state in queries.WORK_LIST,
    }
    return answer_form(request, "portal/billing/payment.html", form, context)


@require_POST
def match_payment(request: ViewerRequest, payment_id: int) -> HttpResponse:
    """Use a payment on an invoice that a person found."""
    actor = request.viewer.actor
    access_payment(actor, payment_id)
    item = request.POST.get("item", "")
    if not (item.isascii() and item.isdigit() and len(item) < 19):
        messages.error(request, _("Choose the invoice the payment belongs to."))
        return redirect("billing:payment", payment_id=payment_id)
    do = lambda: do_match_payment(actor, payment_id, int(item), now=request.now)  # noqa: E731
    done = try_to(request, do, done=_("The payment is used on the invoice."))
    return redirect("billing:payments") if done else redirect("billing:payment", payment_id=payment_id)


@require_POST
def clear_payment(request: ViewerRequest, payment_id: int) -> HttpResponse:
    """Take a payment off the work list and say how it was dealt with."""
    actor = request.viewer.actor
    access_payment(actor, payment_id)
    form = ClearForm(request.POST)
    if form.is_valid():
        note = form.cleaned_data["note"]
        if try_form(form, lambda: do_clear_payment(actor, payment_id, note=note, now=request.now), field="note"):
            return redirect("billing:payments")
    return _answer_payment(request, payment_id, form)


@require_safe
def show_refunds(request: ViewerRequest) -> HttpResponse:
    """Money to pay back: listed by one person, approved by another."""
    actor = request.viewer.actor
    actor.require(Right.VIEW_SETTLEMENT)
    refunds = queries.get_refunds(actor.organisation_id)
    keys = [refund.account_id for refund in refunds if refund.account_id]
    accounts = {one.id: one for one in queries.get_accounts(account_ids=keys, limit=len(keys) or 1)}
    states = Counter(refund.state for refund in refunds)
    context = {
        "rows": [(one, accounts.get(one.account_id or 0), one.listed_by == actor.name) for one in refunds],
        "total": sum(refund.amount for refund in refunds),
        "states": states,
        "can_manage": Right.MANAGE_PAYMENTS in request.viewer.rights,
        "can_approve": Right.APPROVE_SETTLEMENT in request.viewer.rights,
    }
    return render(request, "portal/billing/refunds.html", context)


@require_POST
def list_refunds(request: ViewerRequest) -> HttpResponse:
    """Put credit notes with a rest and overpayments on the list."""
    count = do_list_refunds(request.viewer.actor, now=request.now)
    text = ngettext("%(count)d refund was put on the list.", "%(count)d refunds were put on the list.", count)
    messages.success(request, text % {"count": count})
    return redirect("billing:refunds")


@require_POST
def approve_refund(request: ViewerRequest, refund_id: int) -> HttpResponse:
    """Approve a refund that another person listed."""
    actor = request.viewer.actor
    try_to(request, lambda: do_approve_refund(actor, refund_id, now=request.now), done=_("The refund is approved."))
    return redirect("billing:refunds")


@require_POST
def pay_refund(request: ViewerRequest, refund_id: int) -> HttpResponse:
    """Note that an approved refund was paid back."""
    actor = request.viewer.actor
    do: Any = lambda: do_pay_refund(actor, refund_id, now=request.now)  # noqa: E731
    try_to(request, do, done=_("The refund is noted as paid back."))
    return redirect("billing:refunds")


@require_http_methods(_GET_POST)
def show_reminders(request: ViewerRequest) -> HttpResponse:
    """Overdue items by level; a POST looks for new ones now."""
    actor = request.viewer.actor
    if request.method == "POST":
        actor.require(Right.MANAGE_PAYMENTS)
        count = do_list_reminders(actor.organisation_id, today=derive_local_day(request.now))
        text = ngettext("%(count)d reminder is new.", "%(count)d reminders are new.", count)
        messages.success(request, text % {"count": count})
        return redirect("billing:reminders")
    rows = access.access_reminders(actor)
    keys = [row.account_id for row in rows]
    accounts = {one.id: one for one in queries.get_accounts(account_ids=keys, limit=len(keys) or 1)}
    asked = read_asked(request.GET)
    page = Page(
        tuple((row, accounts[row.account_id]) for row in rows[asked.offset : asked.offset + SIZE]), len(rows), asked
    )
    context = {"page": page, "total": sum(row.rest for row in rows)}
    return render(request, "portal/billing/reminders.html", context)
