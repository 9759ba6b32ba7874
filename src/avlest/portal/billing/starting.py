# SPDX-License-Identifier: Apache-2.0
"""The first steps: which period to settle, and whether prices and agreements are in place."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from avlest.portal.billing.models import Work
from avlest.portal.billing.steps import BASIS, PERIOD, get_front, get_steps
from avlest.portal.billing.words import RUN_KINDS, explain_problem
from avlest.portal.billing.work import access_work, do_ask, get_pending, to_order
from avlest.portal.forms import DateField, Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import Right
from avlest.settlement import access
from avlest.settlement.models import Account
from avlest.settlement.previews import access_readiness
from avlest.settlement.services.runs import RunRequest
from avlest.wording import format_month

_FIRST_YEAR: Final = 2000
_GET_POST: Final = ["GET", "HEAD", "POST"]


class RunForm(Form):
    """What to settle or charge."""

    kind = forms.ChoiceField(label=gettext_lazy("What to make"), choices=tuple(RUN_KINDS.items()))
    year = forms.IntegerField(
        label=gettext_lazy("Year"), widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Write a year, such as 2026.")},
    )  # fmt: skip
    month = forms.TypedChoiceField(
        label=gettext_lazy("Month in which terms fall due"), required=False, coerce=int, empty_value="0",
        help_text=gettext_lazy("For terms. A settlement of a year takes the month of your settings when empty."),
    )  # fmt: skip
    invoice_on = DateField(label=gettext_lazy("Invoice date"), required=False)
    due_on = DateField(
        label=gettext_lazy("Due date"), required=False,
        help_text=gettext_lazy("Empty: the date of the term, or so many days on as your settings say."),
    )  # fmt: skip
    customers = forms.CharField(
        label=gettext_lazy("Only these customer numbers"), required=False, max_length=2000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=gettext_lazy("With spaces or commas between. Empty: all customers."),
    )  # fmt: skip
    submit = gettext_lazy("Go on to prices and agreements")

    def __init__(self, *args: Any, organisation: int, today: date, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._organisation, self._today = organisation, today
        months = [(n, format_month(date(today.year, n, 1), language=language).rpartition(" ")[0]) for n in range(1, 13)]
        self.fields["month"].choices = [("", _("None")), *months]  # type: ignore[attr-defined]

    def clean_year(self) -> int:
        """A year that can have been measured."""
        year: int = self.cleaned_data["year"]
        if not _FIRST_YEAR <= year <= self._today.year + 1:
            text = _("Choose a year from %(first)s to %(last)s.")
            raise forms.ValidationError(text % {"first": _FIRST_YEAR, "last": self._today.year + 1}, code="year")
        return year

    def clean_customers(self) -> tuple[int, ...] | None:
        """The accounts of the customer numbers; those that do not exist are named."""
        words = self.cleaned_data["customers"].replace(",", " ").replace(";", " ").split()
        strange = [word for word in words if not (word.isascii() and word.isdigit() and len(word) < 10)]
        if strange:
            text = _("These are not customer numbers: %(words)s.")
            raise forms.ValidationError(text % {"words": ", ".join(strange[:5])}, code="words")
        rows = Account.objects.of(self._organisation).filter(number__in=[int(word) for word in words])
        known = dict(rows.values_list("number", "pk"))
        missing = [word for word in words if int(word) not in known]
        if missing:
            text = _("No customer has these numbers: %(numbers)s.")
            raise forms.ValidationError(text % {"numbers": ", ".join(missing[:5])}, code="missing")
        return tuple(sorted(known.values())) or None

    def clean(self) -> dict[str, Any]:
        """What must fit together: a year that is over, the month of terms, the order of dates."""
        values = super().clean() or {}
        kind, year = values.get("kind"), values.get("year")
        if kind in ("year", "correction") and year is not None and year >= self._today.year:
            self.add_error("year", _("The year is not over: it can be settled from 1 January."))
        if kind == "term" and values.get("month") == "0":
            self.add_error("month", _("Choose the month whose terms are to be charged."))
        if kind == "correction" and "customers" in values and not values["customers"]:
            self.add_error("customers", _("Name the customers whose invoice was credited."))
        invoice_on, due_on = values.get("invoice_on"), values.get("due_on")
        if due_on and due_on < (invoice_on or self._today):
            self.add_error("due_on", _("The due date cannot come before the invoice date."))
        return values

    def to_request(self) -> RunRequest:
        """Return what a valid form asks for."""
        values = self.cleaned_data
        return RunRequest(
            kind=values["kind"], year=values["year"], month=int(values["month"]), accounts=values["customers"],
            invoice_on=values["invoice_on"], due_on=values["due_on"],
        )  # fmt: skip


@require_safe
def show_runs(request: ViewerRequest) -> HttpResponse:
    """All runs, what is being made, and the way to a new one."""
    viewer = request.viewer
    context = {
        "runs": [(run, get_front(run)) for run in access.access_runs(viewer.actor, limit=200)],
        "work": get_pending(viewer.scope),
        "can_run": Right.RUN_SETTLEMENT in viewer.rights,
    }
    return render(request, "portal/billing/runs.html", context)


def _make_form(request: ViewerRequest, data: Any) -> RunForm:
    """The form; what the address already says is filled in."""
    today = derive_local_day(request.now)
    given = {name: value for name, value in request.GET.items() if name in RunForm.base_fields}
    initial = {"kind": "year", "year": today.year - 1} | given
    return RunForm(
        data, initial=initial, organisation=request.viewer.scope, today=today, language=request.LANGUAGE_CODE
    )


@require_http_methods(_GET_POST)
def start_run(request: ViewerRequest) -> HttpResponse:
    """Step 1: the period."""
    request.viewer.actor.require(Right.RUN_SETTLEMENT)
    form = _make_form(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        kept = {name: request.POST.get(name, "") for name in form.fields}
        return HttpResponseRedirect(f"{reverse('billing:run_basis')}?{urlencode(kept)}")
    return answer_form(request, "portal/billing/run_new.html", form, {"steps": get_steps(PERIOD)})


@require_http_methods(_GET_POST)
def show_basis(request: ViewerRequest) -> HttpResponse:
    """Step 2: prices and agreements of the period; a POST asks for the run to be made."""
    actor = request.viewer.actor
    actor.require(Right.RUN_SETTLEMENT)
    form = _make_form(request, request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('billing:run_new')}?{request.GET.urlencode()}" if request.GET else "billing:run_new")
    wanted = form.to_request()
    if request.method == "POST":
        number = do_ask(actor, Work.Kind.MAKE, to_order(wanted), now=request.now)
        return redirect("billing:work", work_id=number)
    first = date(wanted.year, 1, 1)
    ready = access_readiness(actor, starts_on=first, stops_on=date(wanted.year + 1, 1, 1))
    context = {"form": form, "wanted": wanted, "ready": ready, "steps": get_steps(BASIS), "first": first}
    context["back"] = f"{reverse('billing:run_new')}?{request.GET.urlencode()}"
    context["stop"] = date(wanted.year + 1, 1, 1)
    return render(request, "portal/billing/run_basis.html", context)


@require_safe
def show_work(request: ViewerRequest, work_id: int) -> HttpResponse:
    """How far what was asked for has come; when it is done, the run."""
    work = access_work(request.viewer.actor, work_id)
    if work.state == Work.State.DONE and work.run is not None:
        run = access.access_run(request.viewer.actor, work.run)
        sending = reverse("billing:run_send", args=[run.id])
        return _go(request, get_front(run) if work.kind == Work.Kind.MAKE else sending)
    is_over = work.state == Work.State.FAILED
    context = {"work": work, "is_over": is_over, "problem": explain_problem(work.problem) if is_over else ""}
    return render(request, "portal/billing/work.html", context)


def _go(request: ViewerRequest, address: str) -> HttpResponse:
    if not request.htmx:
        return HttpResponseRedirect(address)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = address
    return response
