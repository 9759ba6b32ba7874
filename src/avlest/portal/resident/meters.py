# SPDX-License-Identifier: Apache-2.0
"""The home's meters, and readings that the resident takes."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from avlest.collect.formats.canonical import Reading
from avlest.collect.inbox import Inbox
from avlest.collect.options import read_collect_options
from avlest.collect.sources.manual import do_take_readings
from avlest.portal.access import access_own_series
from avlest.portal.forms import DateField, Form, NumberField, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.queries import get_latest_values
from avlest.registry.models import Installation
from avlest.registry.rights import AccessDeniedError

_THOUSAND: Final = 1000
_MOST: Final = Decimal(100_000_000)
_UNITS: Final = {"l": ("m3", "m³"), "kwh": ("kwh", "kWh")}
"""What people read off a meter of each canonical unit, and how it is written."""


@dataclasses.dataclass(frozen=True, slots=True)
class MeterCard:
    """A meter as a resident knows it; `can_read` where it still hangs in their time."""

    use: Use
    serial: str
    since: datetime
    last_at: datetime | None
    can_read: bool


class ReadingForm(Form):
    """What the meter shows, and when."""

    value = NumberField(
        label=gettext_lazy("What the meter shows"), min_value=0, max_value=_MOST, max_digits=12, decimal_places=3
    )
    day = DateField(label=gettext_lazy("Day of the reading"))
    confirm = forms.BooleanField(required=False, widget=forms.HiddenInput)
    submit = gettext_lazy("Send the reading")

    def __init__(self, *args: object, today: datetime, unit: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._today = derive_local_day(today)
        self.fields["value"].help_text = _("In %(unit)s, with decimals if the meter shows them.") % {"unit": unit}

    def clean_day(self) -> object:
        """A reading is of today or some time past, and not older than a year."""
        day = self.cleaned_data["day"]
        if day > self._today:
            raise forms.ValidationError(_("The day of a reading cannot be ahead."), code="ahead")
        if day < self._today - timedelta(days=366):
            raise forms.ValidationError(_("Readings older than a year are not taken."), code="old")
        return day


@require_safe
def show_meters(request: ViewerRequest) -> HttpResponse:
    """The meters that hang, or hung, in the resident's time."""
    return render(request, "portal/resident/meters.html", {"meters": _get_cards(request)})


def _get_cards(request: ViewerRequest) -> list[MeterCard]:
    uses = choose_uses(access_own_series(request.viewer))
    latest = dict(get_latest_values(get_store(), [use.id for use in uses]).select("series", "at").iter_rows())
    rows = Installation.objects.of(request.viewer.scope).filter(point_id__in=[use.point_id for use in uses])
    hung = {row.point_id: row for row in rows.select_related("meter").order_by("starts_at") if row.role == "main"}
    cards = []
    for use in uses:
        row = hung.get(use.point_id)
        is_here = any(window.contains(request.now) for window in use.access.access.totals)
        if row is not None and is_here:
            serial = row.meter.printed_number or row.meter.serial
            since = max(row.starts_at, use.access.access.totals[-1].start)
            cards.append(MeterCard(use, serial, since, latest.get(use.id), use.unit in _UNITS))
    return cards


@require_http_methods(["GET", "HEAD", "POST"])
def send_reading(request: ViewerRequest, point_id: int) -> HttpResponse:
    """The form to type in what a meter shows; what looks odd is asked about once before it is taken."""
    card = next((each for each in _get_cards(request) if each.use.point_id == point_id and each.can_read), None)
    if card is None:
        raise AccessDeniedError(f"no meteringpoint {point_id} in this organisation")
    unit, label = _UNITS[card.use.unit]
    data = request.POST if request.method == "POST" else None
    form = ReadingForm(data, today=request.now, unit=label, initial={"day": derive_local_day(request.now)})
    template, context = "portal/resident/reading.html", {"card": card}
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, template, form, context)
    reason = _find_doubt(card, form)
    if reason and not form.cleaned_data["confirm"]:
        form.data = {**form.data.dict(), "confirm": "on"} if isinstance(form.data, QueryDict) else form.data
        form.add_error("value", reason)
        return answer_form(request, template, form, context)
    _take(request, card, unit, form)
    messages.success(request, _("Thank you. The reading is on its way into the books."))
    return redirect("resident:meters")


def _find_doubt(card: MeterCard, form: ReadingForm) -> str:
    """Why a reading looks odd: lower than the last one; empty where it does not."""
    latest = get_latest_values(get_store(), [card.use.id])
    if not latest.height:
        return ""
    factor = _THOUSAND * (_THOUSAND if card.use.unit == "l" else 1)
    is_later = derive_day_start(form.cleaned_data["day"]) >= latest["at"][0] - timedelta(days=1)
    if is_later and form.cleaned_data["value"] * factor < latest["value"][0]:
        return _("This is lower than the last reading. Look again; if it is right, send it once more.")
    return ""


def _take(request: ViewerRequest, card: MeterCard, unit: str, form: ReadingForm) -> None:
    noon = derive_day_start(form.cleaned_data["day"]) + timedelta(hours=12)
    series = card.use.access.series
    reading = Reading(
        at=min(noon, request.now), quantity=series.quantity, value=form.cleaned_data["value"], unit=unit,
        point=card.use.access.access.point.code,
    )  # fmt: skip
    inbox = Inbox(read_collect_options(settings.AVLEST).lanes)
    do_take_readings(inbox, [reading], now=request.now, by=request.viewer.name)
