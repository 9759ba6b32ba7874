# SPDX-License-Identifier: Apache-2.0
"""Readings that the resident takes: typed in, with a photo or by a photo alone; odd ones are asked about once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from avlest.collect.formats.canonical import Reading
from avlest.collect.inbox import Inbox
from avlest.collect.options import read_collect_options
from avlest.collect.sources.manual import SOURCE
from avlest.portal.forms import DateField, Form, NumberField, answer_form
from avlest.portal.intake import do_take_readings_of
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.bars import read_days
from avlest.portal.resident.homes import get_homes
from avlest.portal.resident.meters import UNITS, MeterCard, get_cards
from avlest.portal.resident.models import Fault
from avlest.portal.resident.photos import PhotoField, do_keep_photo
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.registry.models import Document
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.audit import save_new
from avlest.wording import format_quantity

_THOUSAND: Final = 1000
_MOST: Final = Decimal(100_000_000)


@cache
def load_limits() -> Mapping[str, Any]:
    """Return the table `own_readings.toml`."""
    text = resources.files("avlest.portal.resident").joinpath("own_readings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class ReadingForm(Form):
    """What the meter shows, and when; a photo may stand for the number."""

    value = NumberField(
        label=gettext_lazy("What the meter shows"), min_value=0, max_value=_MOST, max_digits=12, decimal_places=3,
        required=False,
    )  # fmt: skip
    day = DateField(label=gettext_lazy("Day of the reading"))
    photo = PhotoField(label=gettext_lazy("Photo of the meter"), required=False)
    confirm = forms.BooleanField(required=False, widget=forms.HiddenInput)
    submit = gettext_lazy("Send the reading")

    def __init__(self, *args: Any, card: MeterCard, today: date, unit: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today, self._card = today, card
        self.fields["value"].help_text = _("In %(unit)s, with decimals if the meter shows them.") % {"unit": unit}

    def clean_day(self) -> date:
        """A reading is of today or some time past, of the resident's own time, and not older than a year."""
        day: date = self.cleaned_data["day"]
        if day > self._today:
            raise forms.ValidationError(_("The day of a reading cannot be ahead."), code="ahead")
        if day < self._today - timedelta(days=load_limits()["oldest_days"]):
            raise forms.ValidationError(_("Readings older than a year are not taken."), code="old")
        noon = _get_noon(day)
        if not any(window.start <= noon and (window.stop is None or derive_day_start(day) <= window.stop)
                   for window in self._card.use.access.access.totals):  # fmt: skip
            raise forms.ValidationError(_("You did not live there that day."), code="window")
        return day

    def clean(self) -> dict[str, Any]:
        """A number or a photo."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("value") is None and not data.get("photo") and not {"value", "photo"} & set(self.errors):
            self.add_error("value", _("Write what the meter shows, or take a photo of it."))
        return data


def _get_noon(day: date) -> datetime:
    return derive_day_start(day) + timedelta(hours=12)


@require_http_methods(["GET", "HEAD", "POST"])
def send_reading(request: ViewerRequest, point_id: int) -> HttpResponse:
    """The form for what a meter shows; what looks odd is asked about once before it is taken."""
    card = next((each for each in get_cards(request) if each.use.point_id == point_id and each.can_read), None)
    if card is None:
        raise AccessDeniedError(f"no meteringpoint {point_id} in this organisation")
    unit, label = UNITS[card.use.unit]
    is_post, today = request.method == "POST", derive_local_day(request.now)
    form = ReadingForm(
        request.POST if is_post else None, request.FILES if is_post else None, card=card, today=today, unit=label,
        initial={"day": today},
    )  # fmt: skip
    template, context = "portal/resident/reading.html", {"card": card}
    if not is_post or not form.is_valid():
        return answer_form(request, template, form, context)
    reason = _find_doubt(request, card, form)
    if reason and not form.cleaned_data["confirm"]:
        form.data = {**form.data.dict(), "confirm": "on"} if isinstance(form.data, QueryDict) else form.data
        form.add_error("value", reason)
        return answer_form(request, template, form, context)
    if not _take(request, card, unit, form):
        form.add_error("day", _("No meter of yours hung there on this day."))
        return answer_form(request, template, form, context)
    messages.success(request, _("Thank you. The reading is on its way into the books."))
    return redirect("resident:meters")


def _find_doubt(request: ViewerRequest, card: MeterCard, form: ReadingForm) -> str:
    """Why a reading looks odd: lower than the last one, or far more than usual; empty where it does not."""
    value, day = form.cleaned_data["value"], form.cleaned_data["day"]
    if value is None or card.latest is None:
        return ""
    at, last = card.latest
    typed = int(value * _THOUSAND * (_THOUSAND if card.use.unit == "l" else 1))
    if derive_day_start(day) < at - timedelta(days=1):
        return ""
    if typed < last:
        return _("This is lower than the last reading. Look again; if it is right, send it once more.")
    most = _derive_most(request, card, days=(day - derive_local_day(at)).days)
    if most is not None and typed - last > most:
        shown = format_quantity(typed - last, card.use.unit, language=get_language() or "nb")
        return _(
            "That is %(amount)s since the last reading, far more than usual. If it is right, send it once more."
        ) % {"amount": shown}
    return ""


def _derive_most(request: ViewerRequest, card: MeterCard, *, days: int) -> int | None:
    """What is still usual since the last reading; None where nothing is known of the home."""
    limits, until = load_limits(), derive_local_day(request.now)
    first = until - timedelta(days=limits["usual_days"])
    known = read_days(request.viewer, get_store(), [card.use], first, until, now=request.now).get(card.use.id, {})
    values = [value for value, _quality in known.values() if value is not None]
    if not values:
        return None
    stretch: int = limits["times_usual"] * (days + limits["slack_days"])
    return stretch * sum(values) // len(values)


def _take(request: ViewerRequest, card: MeterCard, unit: str, form: ReadingForm) -> bool:
    """Hand the number on (False: refused) and keep the photo; a photo alone becomes a case that somebody reads."""
    data = form.cleaned_data
    if data["value"] is not None and not _send(request, card, unit, form):
        return False
    with transaction.atomic():
        photo = _keep_photo(request, card, data["photo"]) if data["photo"] else None
        if data["value"] is None:
            _ask_to_read(request, card, photo, data["day"])
    return True


def _send(request: ViewerRequest, card: MeterCard, unit: str, form: ReadingForm) -> bool:
    data, series = form.cleaned_data, card.use.access.series
    reading = Reading(
        at=min(_get_noon(data["day"]), request.now), quantity=series.quantity, value=data["value"], unit=unit,
        point=card.use.access.access.point.code,
    )  # fmt: skip
    inbox = Inbox(read_collect_options(settings.AVLEST).lanes)
    return bool(do_take_readings_of(request.viewer, inbox, {0: reading}, now=request.now, source=SOURCE).taken)


def _keep_photo(request: ViewerRequest, card: MeterCard, photo: bytes) -> int:
    return do_keep_photo(
        request, photo, title=f"{card.serial} {derive_local_day(request.now)}", about="meter", about_id=card.meter_id,
        kind=Document.Kind.PHOTO_VALUE.value, now=request.now,
    )  # fmt: skip


def _ask_to_read(request: ViewerRequest, card: MeterCard, photo: int | None, day: date) -> None:
    point = card.use.access.access.point
    home = next(
        home
        for home in get_homes(request)
        if (home.unit_id == point.unit_id if point.unit_id else home.property_id == point.property_id)
    )
    row = Fault(
        organisation_id=request.viewer.scope, party_id=home.party_id, tenancy_id=home.tenancy_id,
        kind=Fault.Kind.READING.value, photo_id=photo, made_at=request.now,
        text=_("Photo of the meter %(serial)s, taken %(day)s") % {"serial": card.serial, "day": day.isoformat()},
    )  # fmt: skip
    save_new(request.viewer.actor, row, now=request.now, action="report")
