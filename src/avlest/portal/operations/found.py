# SPDX-License-Identifier: Apache-2.0
"""Meters that were heard and hang nowhere yet: the queue, and placing one."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from avlest.collect.heard_of import get_heard_of
from avlest.portal.forms import DateField, Form, NumberField, answer_form
from avlest.portal.operations.meters import name_medium
from avlest.portal.operations.words import name_outcome
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, answer_csv, read_table
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.media import get_media
from avlest.registry.models import Installation, Meter, MeteringPoint
from avlest.registry.rights import AccessDeniedError, Right
from avlest.registry.services.installations import Mounting, RegisterValue, do_install_meter
from avlest.wording import MISSING, format_instant, format_number

_OSLO: Final = ZoneInfo("Europe/Oslo")
_OFFERED: Final = 300
"""Free points offered while one types; any may be written."""
# What people read on a meter of a canonical unit: the unit's sign, and thousandths of the canonical unit in one of it.
_READ: Final[dict[str, tuple[str, int]]] = {"l": ("m³", 1_000_000), "kwh": ("kWh", 1000)}


@dataclasses.dataclass(frozen=True, slots=True)
class FoundMeter:
    """A meter that waits for a place, with what was heard of it."""

    id: int
    name: str
    family: str
    first_heard_at: datetime | None
    last_heard_at: datetime | None
    messages: int
    gateway: str
    outcome: str


def get_found(request: ViewerRequest) -> list[FoundMeter]:
    """Return the organisation's meters in state `found`, those heard most often first; two queries."""
    request.viewer.actor.require(Right.VIEW_METERS)
    rows = list(Meter.objects.of(request.viewer.scope).filter(state=Meter.State.FOUND))
    heard = get_heard_of(request.viewer.scope, serials=[row.serial for row in rows]) if rows else None
    states = {(item["manufacturer"], item["serial"]): item for item in (heard.to_dicts() if heard is not None else [])}
    found = [_to_found(row, states.get((row.manufacturer, row.serial), {})) for row in rows]
    return sorted(found, key=lambda each: -each.messages)


def _to_found(row: Meter, state: dict[str, Any]) -> FoundMeter:
    return FoundMeter(
        id=row.pk,
        name=str(row),
        family=state.get("family") or row.family,
        first_heard_at=state.get("first_heard_at"),
        last_heard_at=state.get("last_heard_at"),
        messages=state.get("heard", 0),
        gateway=state.get("gateway", ""),
        outcome=state.get("outcome", ""),
    )


@require_safe
def show_found(request: ViewerRequest) -> HttpResponse:
    """The queue."""
    language = get_language() or "nb"

    def instant(at: datetime | None) -> str:
        return format_instant(at, language=language, style="short") if at else MISSING

    columns = (
        Column("name", _("Meter"), lambda row: row.name, link=lambda row: reverse("operations:place", args=[row.id])),
        Column("family", _("Read as"), lambda row: row.family or MISSING),
        Column("outcome", _("Last telegram"), lambda row: name_outcome(row.outcome) if row.outcome else MISSING),
        Column("first", _("First heard"), lambda row: instant(row.first_heard_at), key=lambda row: row.first_heard_at),
        Column("last", _("Last heard"), lambda row: instant(row.last_heard_at), key=lambda row: row.last_heard_at),
        Column("messages", _("Messages"), lambda row: format_number(row.messages, language=language),
               key=lambda row: row.messages, is_number=True),
        Column("gateway", _("Gateway"), lambda row: row.gateway or MISSING),
    )  # fmt: skip
    table = read_table(
        request.GET, caption=_("Found, not placed"), columns=columns, rows=get_found(request),
        empty=_("Every meter that was heard has a place."),
    )  # fmt: skip
    if table.wants_csv:
        return answer_csv(table, "funnet")
    return render(request, "portal/operations/found.html", {"table": table})


class PlaceForm(Form):
    """Where the meter hangs, since when, what it showed, how it was sealed."""

    point = forms.CharField(
        label=gettext_lazy("Metering point"), max_length=40,
        help_text=gettext_lazy("Its number, or choose from the list."),
        widget=forms.TextInput(attrs={"list": "free-points", "autocomplete": "off"}),
    )  # fmt: skip
    day = DateField(label=gettext_lazy("Put up on"))
    clock = forms.TimeField(
        label=gettext_lazy("At"), initial="12:00", input_formats=["%H:%M", "%H.%M"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": gettext_lazy("Write a time, such as 12:00.")},
    )  # fmt: skip
    value = NumberField(
        label=gettext_lazy("Start value"), required=False, min_value=Decimal(0), max_digits=12,
        help_text=gettext_lazy("What it showed when it was put up, in m³ for water and kWh for energy."),
    )  # fmt: skip
    seal = forms.CharField(label=gettext_lazy("Seal number"), required=False, max_length=40)
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    submit = gettext_lazy("Place the meter")

    def __init__(self, *args: Any, organisation_id: int, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._organisation_id, self._now = organisation_id, now

    def clean_point(self) -> MeteringPoint:
        """A point of the organisation that has no main meter now."""
        code = self.cleaned_data["point"].split(" ", 1)[0]
        row = MeteringPoint.objects.of(self._organisation_id).filter(code__iexact=code).first()
        if row is None:
            raise forms.ValidationError(_("No metering point has this number."))
        return row

    def clean_day(self) -> date:
        """Not a day that is yet to come."""
        day: date = self.cleaned_data["day"]
        if day > self._now.astimezone(_OSLO).date():
            raise forms.ValidationError(_("The day cannot be ahead."))
        return day

    def clean(self) -> dict[str, Any]:
        """The instant must not be ahead, and a start value needs a point whose unit people read."""
        data = super().clean() or self.cleaned_data
        if "day" in data and "clock" in data and self.get_instant() > self._now + timedelta(minutes=1):
            self.add_error("clock", _("The time cannot be ahead."))
        point, value = data.get("point"), data.get("value")
        if point is not None and value is not None and get_media()[point.medium].unit not in _READ:
            self.add_error("value", _("A start value of this medium is not known: leave it empty."))
        return data

    def get_instant(self) -> datetime:
        """When the meter was put up."""
        clock: time = self.cleaned_data["clock"]
        return datetime.combine(self.cleaned_data["day"], clock, _OSLO)


@require_http_methods(["GET", "HEAD", "POST"])
def place_meter(request: ViewerRequest, meter_id: int) -> HttpResponse:
    """The form that puts a found meter up at a point."""
    meter = access_row(Meter, request.viewer.actor, meter_id, right=Right.INSTALL_METERS)
    if meter.state not in (Meter.State.FOUND, Meter.State.STOCK):
        raise AccessDeniedError(f"no meter {meter_id} waits for a place in this organisation")
    data = request.POST if request.method == "POST" else None
    today = request.now.astimezone(_OSLO).date()
    form = PlaceForm(data, organisation_id=request.viewer.scope, now=request.now, initial={"day": today})
    if request.method == "POST" and form.is_valid() and _place(request, meter, form):
        point = form.cleaned_data["point"]
        messages.success(request, _("%(meter)s hangs at %(point)s now.") % {"meter": meter, "point": point})
        return redirect("operations:meter", point_id=point.pk)
    context = {"meter": meter, "points": _get_free_points(request.viewer.scope)}
    return answer_form(request, "portal/operations/place.html", form, context)


def _place(request: ViewerRequest, meter: Meter, form: PlaceForm) -> bool:
    """Put the meter up; what the registry refuses is said at the field it is about."""
    data = form.cleaned_data
    mounting = Mounting(
        meter_id=meter.pk, point_id=data["point"].pk, starts_at=form.get_instant(),
        seal=data["seal"], note=data["note"], values=_get_values(data["point"], data["value"]),
    )  # fmt: skip
    try:
        do_install_meter(request.viewer.actor, mounting, now=request.now)
    except RegistryError as error:
        taken = error.problem in (Problem.OVERLAP, Problem.COLLISION)
        text = _("The point has a meter at that time already.") if taken else str(error)
        form.add_error("point" if taken else "value" if data["value"] is not None else None, text)
        return False
    return True


def _get_values(point: MeteringPoint, value: Decimal | None) -> tuple[RegisterValue, ...]:
    """What the main register showed, in thousandths of its canonical unit."""
    if value is None:
        return ()
    medium = get_media()[point.medium]
    return (RegisterValue(medium.quantity, medium.unit, round(value * _READ[medium.unit][1])),)


def _get_free_points(organisation_id: int) -> list[tuple[str, str]]:
    """Points without a main meter, with where they are: what the field offers while one types."""
    taken = Installation.objects.of(organisation_id).filter(ends_at__isnull=True, role=Installation.Role.MAIN)
    rows = MeteringPoint.objects.of(organisation_id).exclude(pk__in=taken.values("point_id"))
    chosen = rows.select_related("property", "unit__property").order_by("code")[:_OFFERED]
    return [(row.code, f"{row.unit or row.property or row.location}, {name_medium(row.medium)}") for row in chosen]
