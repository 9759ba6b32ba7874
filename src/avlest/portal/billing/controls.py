# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls: what the test of a meter showed, and whether it is corrected."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.refusals import try_form
from avlest.portal.forms import DateField, Form, NumberField, answer_form
from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import Actor, Right
from avlest.settlement.accuracy import access_control_point, access_controls
from avlest.settlement.services.controls import ControlReport, do_note_control

_LEAST, _MOST = Decimal(-100), Decimal("9999.999")
_CODE_LENGTH: Final = 60


class ControlForm(Form):
    """What a control showed, and the days on which the meter was wrong."""

    point = forms.CharField(
        label=gettext_lazy("Metering point"), max_length=_CODE_LENGTH,
        help_text=gettext_lazy("Its code, as on the page of the meter."),
    )  # fmt: skip
    error = NumberField(
        label=gettext_lazy("Error in per cent"), max_value=_MOST, decimal_places=3,
        help_text=gettext_lazy("(Shown − true) / true. With a minus where the meter shows too little."),
    )  # fmt: skip
    found_on = DateField(
        label=gettext_lazy("Right again from"),
        help_text=gettext_lazy("The first day after the meter was changed or adjusted."),
    )
    starts_on = DateField(
        label=pgettext_lazy("billing", "Wrong from"), required=False,
        help_text=gettext_lazy(
            "Empty where it is not known: then from the last control, from when the meter was put up, or as far back as"
            " your settings say."
        ),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Report"),
        max_length=500,
        help_text=gettext_lazy("Who tested the meter, and where it stands."),
    )
    submit = gettext_lazy("Keep the control")

    def __init__(self, *args: Any, actor: Actor, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._actor, self._today = actor, today

    def clean_point(self) -> int:
        """The row of the point with this code."""
        found = access_control_point(self._actor, self.cleaned_data["point"].strip())
        if found is None:
            raise forms.ValidationError(_("No metering point has this code."), code="unknown")
        return found

    def clean_error(self) -> Decimal:
        """More than −100 per cent: a meter that shows nothing at all cannot be corrected by a factor."""
        error: Decimal = self.cleaned_data["error"]
        if error <= _LEAST:
            raise forms.ValidationError(_("More than −100 per cent is expected."), code="low")
        return error

    def clean_found_on(self) -> date:
        """A day that has come."""
        day: date = self.cleaned_data["found_on"]
        if day > self._today:
            raise forms.ValidationError(_("This day has not come yet."), code="late")
        return day

    def clean(self) -> dict[str, Any]:
        """The error begins before it is over."""
        values = super().clean() or {}
        first, stop = values.get("starts_on"), values.get("found_on")
        if first and stop and first >= stop:
            self.add_error("starts_on", _("It must be before the day the meter was right again."))
        return values

    def to_report(self) -> ControlReport:
        """Return what the control showed."""
        values = self.cleaned_data
        return ControlReport(
            point_id=values["point"], error=values["error"], found_on=values["found_on"], reason=values["reason"],
            starts_on=values["starts_on"],
        )  # fmt: skip


@require_safe
def show_controls(request: ViewerRequest) -> HttpResponse:
    """Controls, the latest first, and what of them waits for a run."""
    asked = read_asked(request.GET)
    rows, count = access_controls(request.viewer.actor, offset=asked.offset, limit=SIZE)
    can_run = Right.RUN_SETTLEMENT in request.viewer.rights
    context = {"page": Page(tuple(rows), count, asked), "asked": asked, "can_run": can_run}
    return render(request, "portal/billing/controls.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def note_control(request: ViewerRequest) -> HttpResponse:
    """Keep what a control showed; beyond the threshold it becomes claims of the next runs."""
    actor = request.viewer.actor
    actor.require(Right.RUN_SETTLEMENT)
    data = request.POST if request.method == "POST" else None
    form = ControlForm(data, actor=actor, today=derive_local_day(request.now), initial=_read_initial(request))
    if request.method == "POST" and form.is_valid() and try_form(form, lambda: _keep(request, form), field="starts_on"):
        return redirect("billing:controls")
    return answer_form(request, "portal/billing/control.html", form)


def _read_initial(request: ViewerRequest) -> dict[str, str]:
    return {"point": request.GET.get("point", "")[:_CODE_LENGTH]}


def _keep(request: ViewerRequest, form: ControlForm) -> None:
    number = do_note_control(request.viewer.actor, form.to_report(), now=request.now)
    kept = next(one for one in access_controls(request.viewer.actor, limit=SIZE)[0] if one.id == number)
    if not kept.is_corrected:
        messages.success(request, _("The control is kept. The error is within the limit: nothing is corrected."))
        return
    text = ngettext(
        "The control is kept. %(count)d claim waits for the next run.",
        "The control is kept. %(count)d claims wait for the next runs.",
        kept.waiting,
    )
    messages.success(request, text % {"count": kept.waiting})
