# SPDX-License-Identifier: Apache-2.0
"""Moving out: the day, who takes over, the reading on the day, a receipt for both."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.insight.notify.contracts import Audience, Channel, Draft, Recipient
from avlest.insight.notify.outbox import do_keep
from avlest.portal.access import SeriesAccess, access_own_series
from avlest.portal.forms import DateField, Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.homes import Home, access_home, get_homes, name_homes
from avlest.portal.resident.models import MoveNotice
from avlest.portal.resident.people import get_contact
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.security import may_try
from avlest.portal.store import get_store
from avlest.portal.windows import intersect
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.registry.models import Register
from avlest.registry.queries import get_series_feeds
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.audit import save_changed, save_new
from avlest.wording import format_date

_AHEAD: Final = timedelta(days=366)
_PAST: Final = timedelta(days=31)
_NEAR: Final = timedelta(days=2)
_A_DAY: Final = 5
"""Notices in a day: each sends an e-mail to an address that the sender chose."""
_OPEN: Final = (MoveNotice.State.NEW, MoveNotice.State.WORKING)


@dataclasses.dataclass(frozen=True, slots=True)
class FinalReading:
    """What a meter showed when somebody moved: the one number that both know.  `value` None: not heard yet."""

    name: str
    serial: str
    unit: str
    at: datetime | None
    value: int | None


class MoveForm(Form):
    """When one moves, and who takes over."""

    place = forms.TypedChoiceField(label=gettext_lazy("From"), coerce=int, choices=())
    day = DateField(
        label=gettext_lazy("Day of handing over"), help_text=gettext_lazy("The first day of who takes over.")
    )
    successor = forms.CharField(label=gettext_lazy("Who takes over"), max_length=200, required=False)
    successor_email = forms.EmailField(label=gettext_lazy("Their e-mail"), required=False)
    successor_phone = forms.RegexField(
        r"^\+?[0-9 ]{8,20}$", label=gettext_lazy("Their mobile phone"), required=False,
        error_messages={"invalid": gettext_lazy("Write a phone number of eight digits, or with +47 before it.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )  # fmt: skip
    address = forms.CharField(
        label=gettext_lazy("Your new address"), max_length=300, required=False,
        help_text=gettext_lazy("For the last invoice."),
    )  # fmt: skip
    submit = gettext_lazy("Send the notice")

    def __init__(self, *args: Any, homes: list[Home], now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = derive_local_day(now)
        self._homes = {home.tenancy_id: home for home in homes}
        self.fields["place"].choices = name_homes(homes)  # type: ignore[attr-defined]

    def clean_day(self) -> date:
        """A notice comes at most a month afterwards and a year before."""
        day: date = self.cleaned_data["day"]
        if not self._today - _PAST <= day <= self._today + _AHEAD:
            raise forms.ValidationError(_("Write a day from a month ago to a year ahead."), code="day")
        return day

    def clean(self) -> dict[str, Any]:
        """One moves out after one moved in."""
        data: dict[str, Any] = super().clean() or {}
        home, day = self._homes.get(data.get("place", 0)), data.get("day")
        if home and day and derive_day_start(day) <= home.starts_at:
            since = format_date(derive_local_day(home.starts_at), language=get_language() or "nb")
            self.add_error("day", _("You moved in on %(day)s: write a later day.") % {"day": since})
        return data


@require_http_methods(["GET", "HEAD", "POST"])
def show_moves(request: ViewerRequest) -> HttpResponse:
    """The notices so far, and the form."""
    homes = get_homes(request, is_present=True)
    form = MoveForm(request.POST if request.method == "POST" else None, homes=homes, now=request.now)
    if form.is_bound and form.is_valid():
        if _get_open(request).filter(tenancy_id=form.cleaned_data["place"]).exists():
            form.add_error("place", _("You have given notice for this place. Withdraw that one first."))
        elif not may_try("move", str(request.viewer.user_id), limit=_A_DAY, seconds=86_400):
            form.add_error(None, _("That were many notices in one day. Try again tomorrow."))
        else:
            notice = _save(request, form)
            messages.success(request, _("Your notice is received."))
            return redirect("resident:move", notice_id=notice.pk)
    notices = _get_own(request)
    places = {home.tenancy_id: home.name for home in get_homes(request)}
    context = {"notices": [(row, places.get(row.tenancy_id, "")) for row in notices], "can_move": bool(homes)}
    return answer_form(request, "portal/resident/moves.html", form, context)


def _get_own(request: ViewerRequest) -> Any:
    rows = MoveNotice.objects.of(request.viewer.scope).filter(party_id__in=request.viewer.party_ids)
    return rows.order_by("-made_at", "-pk")


def _get_open(request: ViewerRequest) -> Any:
    return _get_own(request).filter(state__in=_OPEN)


@transaction.atomic
def _save(request: ViewerRequest, form: MoveForm) -> MoveNotice:
    data, home = form.cleaned_data, access_home(request, form.cleaned_data["place"])
    names = ("day", "successor", "successor_email", "successor_phone", "address")
    row = MoveNotice(
        organisation_id=request.viewer.scope, party_id=home.party_id, tenancy_id=home.tenancy_id, made_at=request.now,
        **{name: data[name] for name in names},
    )  # fmt: skip
    save_new(request.viewer.actor, row, now=request.now, action="notice")
    do_keep(request.viewer.scope, _make_receipts(request, row, home), now=request.now)
    return row


def _make_receipts(request: ViewerRequest, row: MoveNotice, home: Home) -> list[Draft]:
    """A receipt to the one who leaves and to the one who comes, with what each may know."""
    contact = get_contact([home.party_id])
    leaving = Recipient(
        audience=Audience.RESIDENT, name=contact.name, language=contact.language, party_id=home.party_id,
        email=contact.email, phone=contact.phone,
    )  # fmt: skip
    coming = Recipient(audience=Audience.RESIDENT, name=row.successor or row.successor_email, email=row.successor_email)
    drafts = []
    for recipient, who in ((leaving, "leaving"), (coming, "coming")):
        if recipient.email:
            drafts.append(_make_receipt(recipient, who, row, home, now=request.now))
    return drafts


def _make_receipt(recipient: Recipient, who: str, row: MoveNotice, home: Home, *, now: datetime) -> Draft:
    values = {"place": home.name, "day": format_date(row.day, language=recipient.language)}
    with override(recipient.language):
        subject = _("Handing over of %(place)s on %(day)s") % values
        body = _(
            "Notice is given that %(place)s is handed over on %(day)s. The meters are read on that day; those that "
            "send by radio are read by themselves."
        )
    return Draft(
        key=f"move/{row.pk}/{who}", recipient=recipient, channel=Channel.EMAIL, address=recipient.email,
        subject=subject, body=body % values, not_before=now,
    )  # fmt: skip


def _access_notice(request: ViewerRequest, notice_id: int) -> MoveNotice:
    row: MoveNotice | None = _get_own(request).filter(pk=notice_id).first()
    if row is None:
        raise AccessDeniedError(f"no move {notice_id} in this organisation")
    return row


@require_safe
def show_move(request: ViewerRequest, notice_id: int) -> HttpResponse:
    """The receipt: day, who takes over, and what the meters showed once the day has come."""
    row = _access_notice(request, notice_id)
    home = access_home(request, row.tenancy_id)
    own = [each for each in access_own_series(request.viewer) if _is_at(each, home)]
    readings = [_read_final(request, use, row.day) for use in choose_uses(own)]
    context = {"notice": row, "home": home, "readings": readings, "is_open": row.state in _OPEN}
    return render(request, "portal/resident/move.html", context)


def _is_at(each: SeriesAccess, home: Home) -> bool:
    point = each.access.point
    return point.unit_id == home.unit_id if home.unit_id else point.property_id == home.property_id


def _read_final(request: ViewerRequest, use: Use, day: date) -> FinalReading:
    """The last reading before the day began, in the resident's own time."""
    stop = min(derive_day_start(day), request.now)
    for feed in reversed(get_series_feeds([use.id])):
        for window in use.access.access.totals:
            part = intersect(window, max(stop - _NEAR, feed.starts_at), stop)
            if part is None or derive_day_start(day) > request.now:
                continue
            rows = get_store().read_range("readings", ids=[feed.register_id], start=part[0], stop=part[1])
            if rows.height:
                meter = Register.objects.select_related("meter").get(pk=feed.register_id).meter
                last = rows.sort("at").row(-1, named=True)
                return FinalReading(use.name, meter.printed_number or meter.serial, use.unit, last["at"], last["value"])
    return FinalReading(use.name, "", use.unit, None, None)


@require_POST
def withdraw_move(request: ViewerRequest, notice_id: int) -> HttpResponse:
    """Take a notice back, as long as nobody has acted on it."""
    row = _access_notice(request, notice_id)
    if row.state in _OPEN:
        with transaction.atomic():
            values = {"state": MoveNotice.State.DROPPED.value}
            save_changed(request.viewer.actor, row, values, now=request.now, action="withdraw")
        messages.success(request, _("The notice is withdrawn."))
    return redirect("resident:move", notice_id=notice_id)
