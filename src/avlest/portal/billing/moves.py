# SPDX-License-Identifier: Apache-2.0
"""Changes of owner: who takes over and when, with a reading or by days, and the final settlement after it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from avlest.collect.formats.canonical import Reading
from avlest.collect.inbox import Inbox
from avlest.collect.options import read_collect_options
from avlest.collect.sources.manual import SOURCE
from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.refusals import try_form
from avlest.portal.forms import DateField, Form, NumberField, answer_form
from avlest.portal.intake import do_take_readings_of
from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.registry.models import Party
from avlest.registry.rights import Right
from avlest.settlement import access
from avlest.settlement.infos import AccountInfo
from avlest.settlement.searching import access_found_accounts
from avlest.settlement.services.moves import NewOwner, ReadablePoint, access_readable_points, do_move, get_settled

_UNITS: Final = {"l": ("m3", "m³"), "kwh": ("kwh", "kWh")}
_MOST: Final = 100_000_000


class MoveForm(Form):
    """The day, who takes over, and what the meters showed."""

    day = DateField(
        label=gettext_lazy("Take-over"), help_text=gettext_lazy("The first day of the next owner.")
    )  # fmt: skip
    next = forms.ChoiceField(
        label=gettext_lazy("Next owner"), widget=forms.RadioSelect, initial="new",
        choices=(
            ("new", gettext_lazy("Somebody new")),
            ("known", gettext_lazy("Somebody in the register")),
            ("none", gettext_lazy("Not known yet")),
        ),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=200)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), required=False, max_length=30)
    code = forms.CharField(
        label=gettext_lazy("Code in the register"), required=False, max_length=40,
        help_text=gettext_lazy("For somebody who is in the register already."),
    )  # fmt: skip
    submit = gettext_lazy("Keep the change of owner")

    def __init__(
        self, *args: Any, account: AccountInfo, points: list[ReadablePoint], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._account, self.points, self._today = account, points, today
        for point in points:
            text = _("What meter %(code)s showed (%(unit)s)") % {"code": point.code, "unit": _UNITS[point.unit][1]}
            help_text = _("Empty: the readings by radio, or the days, decide.")
            self.fields[f"reading_{point.id}"] = NumberField(
                label=text, required=False, min_value=0, max_value=_MOST, decimal_places=3, help_text=help_text
            )

    def clean_day(self) -> date:
        """A day after the customer came, and not more than a year ahead."""
        day: date = self.cleaned_data["day"]
        if day <= self._account.opened_on:
            raise forms.ValidationError(_("The customer came on that day or later."), code="early")
        if (day - self._today).days > 366:
            raise forms.ValidationError(_("At most a year ahead."), code="late")
        return day

    def clean(self) -> dict[str, Any]:
        """What belongs to the chosen way of naming the next owner; readings are not of days to come."""
        values = super().clean() or {}
        if values.get("next") == "new" and not values.get("name"):
            self.add_error("name", _("Write the name of the next owner."))
        if values.get("next") == "known":
            values["party"] = self._find_party(values.get("code", ""))
        read = [f"reading_{point.id}" for point in self.points if values.get(f"reading_{point.id}") is not None]
        if read and values.get("day") and values["day"] > self._today:
            self.add_error(read[0], _("The take-over has not been yet: no reading can have been taken."))
        return values

    def _find_party(self, code: str) -> int | None:
        rows = Party.objects.of(self._account.organisation_id).filter(code=code)
        found = rows.values_list("pk", flat=True).first()
        if found is None:
            self.add_error("code", _("Nobody in the register has this code."))
        elif found == self._account.party_id:
            self.add_error("code", _("This is the customer who moves out."))
        return found

    def to_owner(self) -> NewOwner | None:
        """Return who takes over."""
        values = self.cleaned_data
        if values["next"] == "none":
            return None
        if values["next"] == "known":
            return NewOwner(party_id=values["party"])
        return NewOwner(name=values["name"], email=values["email"], phone=values["phone"])


@require_safe
def show_moves(request: ViewerRequest) -> HttpResponse:
    """Customers who ended, the latest first, and whether their last days are settled."""
    asked = read_asked(request.GET)
    rows, count = access_found_accounts(
        request.viewer.actor, search=asked.search, closed=True, offset=asked.offset, limit=SIZE
    )
    settled = get_settled([row.id for row in rows])
    can_run = Right.RUN_SETTLEMENT in request.viewer.rights
    pairs = [(row, row.id in settled, _final_address(row) if can_run else "") for row in rows]
    context = {"page": Page(tuple(pairs), count, asked), "asked": asked, "today": derive_local_day(request.now)}
    return render(request, "portal/billing/moves.html", context)


def _final_address(account: AccountInfo) -> str:
    """Where the final settlement of an ended account is begun."""
    assert account.closed_on is not None
    query = {"kind": "final", "year": account.closed_on.year, "customers": account.number}
    return f"{reverse('billing:run_new')}?{urlencode(query)}"


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: ViewerRequest, account_id: int) -> HttpResponse:
    """End a customer and let the next one begin."""
    actor = request.viewer.actor
    actor.require(Right.RUN_SETTLEMENT)
    account = access.access_account(actor, account_id)
    today = derive_local_day(request.now)
    data = request.POST if request.method == "POST" else None
    points = access_readable_points(actor, account_id)
    form = MoveForm(data, account=account, points=points, today=today, initial={"day": today})
    if request.method == "POST" and form.is_valid() and try_form(form, lambda: _do(request, account, form)):
        messages.success(
            request, _("The change of owner is kept. Make the final settlement when the last day is read.")
        )
        return redirect("billing:moves")
    return answer_form(request, "portal/billing/move.html", form, {"account": account})


def _do(request: ViewerRequest, account: AccountInfo, form: MoveForm) -> None:
    day = form.cleaned_data["day"]
    do_move(request.viewer.actor, account.id, day=day, owner=form.to_owner(), now=request.now)
    readings = [_to_reading(point, form) for point in form.points]
    taken = [reading for reading in readings if reading is not None]
    if taken:
        inbox = Inbox(read_collect_options(settings.AVLEST).lanes)
        done = do_take_readings_of(request.viewer, inbox, dict(enumerate(taken)), now=request.now, source=SOURCE)
        for refusal in done.refusals:
            text = _("The reading of %(point)s was not taken in; send it in from the meter's page.")
            messages.warning(request, text % {"point": taken[refusal.row].point})


def _to_reading(point: ReadablePoint, form: MoveForm) -> Reading | None:
    """What a meter showed when the day of the take-over began."""
    value = form.cleaned_data[f"reading_{point.id}"]
    if value is None:
        return None
    at = derive_day_start(form.cleaned_data["day"])
    return Reading(at=at, quantity=point.quantity, value=value, unit=_UNITS[point.unit][0], point=point.code)
