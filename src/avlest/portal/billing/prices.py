# SPDX-License-Identifier: Apache-2.0
"""Price lists: taken in with errors by place, shown with what they change, approved by a second person."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.billing.refusals import try_form, try_to
from avlest.portal.billing.uploads import SentField, check_sheet
from avlest.portal.forms import UNPROCESSABLE, DateField, Form, NumberField, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.sentences import tell
from avlest.registry.access import access_row
from avlest.registry.importing.report import ImportFileError
from avlest.registry.rights import Right
from avlest.settlement import access
from avlest.settlement.importing.files import parse_price_list
from avlest.settlement.importing.price_lists import Given, PriceListDraft
from avlest.settlement.models import Price
from avlest.settlement.services.prices import (
    do_approve_price_list,
    do_change_price,
    do_import_price_list,
    do_withdraw_price_list,
)
from avlest.settlement.shown_prices import access_price_list, get_rates

_GET_POST: Final = ["GET", "HEAD", "POST"]
_VAT: Final = {"included": True, "excluded": False}


class PriceFileForm(Form):
    """A file of prices, and what the file may not say itself."""

    file = SentField(
        label=gettext_lazy("File"), check=check_sheet, max_mb=5, accept=(".toml", ".csv", ".xlsx"),
        help_text=gettext_lazy("TOML, CSV or Excel. Nothing is used before another person has approved it."),
    )  # fmt: skip
    vat = forms.ChoiceField(
        label=gettext_lazy("VAT in the prices"), required=False,
        choices=(
            ("", gettext_lazy("As the file says")),
            ("included", gettext_lazy("The prices include VAT")),
            ("excluded", gettext_lazy("VAT comes on top")),
        ),
    )  # fmt: skip
    valid_from = DateField(
        label=gettext_lazy("Valid from"), required=False, help_text=gettext_lazy("Empty: as the file says.")
    )
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=200)
    source = forms.CharField(
        label=gettext_lazy("Source"), required=False, max_length=500,
        help_text=gettext_lazy("The decision the prices come from, such as a case number of the council."),
    )  # fmt: skip
    submit = gettext_lazy("Take in the list")

    def to_given(self) -> Given:
        """Return what stands beside the file."""
        values = self.cleaned_data
        return Given(
            vat_included=_VAT.get(values["vat"]), valid_from=values["valid_from"], name=values["name"],
            source=values["source"],
        )  # fmt: skip


class PriceForm(Form):
    """Another value for a price of a draft."""

    value = NumberField(
        label=gettext_lazy("Price in kroner"), min_value=0, max_digits=14, decimal_places=4,
        help_text=gettext_lazy("With up to four decimals. You then count as who made the list."),
    )  # fmt: skip


@require_safe
def show_prices(request: ViewerRequest) -> HttpResponse:
    """All price lists and VAT rates."""
    actor = request.viewer.actor
    context = {
        "lists": access.access_price_lists(actor),
        "rates": get_rates(request.viewer.scope),
        "can_manage": Right.MANAGE_PRICES in request.viewer.rights,
    }
    return render(request, "portal/billing/prices.html", context)


@require_http_methods(_GET_POST)
def take_list(request: ViewerRequest) -> HttpResponse:
    """Take in a file as a draft; what is wrong in it is listed by line and field, and nothing is kept."""
    actor = request.viewer.actor
    actor.require(Right.MANAGE_PRICES)
    template = "portal/billing/price_file.html"
    form = PriceFileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, template, form)
    draft = _parse(form)
    if draft is None:
        return answer_form(request, template, form)
    if not draft.is_good:
        context = {"form": form, "draft": draft}
        return render(request, template, context, status=UNPROCESSABLE)
    made: list[int] = []
    if not try_form(form, lambda: made.append(do_import_price_list(actor, draft, now=request.now)), field="file"):
        return answer_form(request, template, form)
    messages.success(request, _("The list was taken in. Look at what it changes; another person approves it."))
    return redirect("billing:price_list", list_id=made[0])


def _parse(form: PriceFileForm) -> PriceListDraft | None:
    sent = form.cleaned_data["file"]
    try:
        return parse_price_list(sent.content, filename=sent.name, given=form.to_given())
    except ImportFileError as error:
        form.add_error("file", _("The file cannot be read: %(why)s") % {"why": tell(error)})
        return None


@require_safe
def show_list(request: ViewerRequest, list_id: int) -> HttpResponse:
    """One list: its prices and, for a draft, what it changes."""
    shown = access_price_list(request.viewer.actor, list_id, language=request.LANGUAGE_CODE)
    kinds = [change.kind for change in shown.changes]
    context = {
        "list": shown,
        "counts": {kind: kinds.count(kind) for kind in ("up", "down", "new", "gone", "vat", "same")},
        "can_manage": Right.MANAGE_PRICES in request.viewer.rights,
    }
    return render(request, "portal/billing/price_list.html", context)


@require_POST
def approve_list(request: ViewerRequest, list_id: int) -> HttpResponse:
    """Approve a draft that somebody else made: it holds from its first day."""
    actor = request.viewer.actor
    done = _("The list is approved and holds from its first day.")
    try_to(request, lambda: do_approve_price_list(actor, list_id, now=request.now), done=done)
    return redirect("billing:price_list", list_id=list_id)


@require_POST
def withdraw_list(request: ViewerRequest, list_id: int) -> HttpResponse:
    """Put a draft aside."""
    actor = request.viewer.actor
    do = lambda: do_withdraw_price_list(actor, list_id, now=request.now)  # noqa: E731
    try_to(request, do, done=_("The list was put aside."))
    return redirect("billing:prices")


@require_http_methods(_GET_POST)
def change_price(request: ViewerRequest, price_id: int) -> HttpResponse:
    """Change one price of a draft."""
    actor = request.viewer.actor
    row = access_row(Price, actor, price_id, right=Right.MANAGE_PRICES)
    data: Any = request.POST if request.method == "POST" else None
    form = PriceForm(data, initial={"value": f"{row.value.normalize():f}".replace(".", ",")})
    if request.method == "POST" and form.is_valid():
        value = form.cleaned_data["value"]
        if try_form(form, lambda: do_change_price(actor, price_id, value=value, now=request.now)):
            return redirect("billing:price_list", list_id=row.price_list_id)
    context = {"price": row, "list": access_price_list(actor, row.price_list_id, language=request.LANGUAGE_CODE)}
    return answer_form(request, "portal/billing/price.html", form, context)
