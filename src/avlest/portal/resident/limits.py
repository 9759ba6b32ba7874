# SPDX-License-Identifier: Apache-2.0
"""Own limits ("tell me when a day is more than 400 litres") and times when nobody is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from avlest.insight.infos import AbsenceInfo, OwnLimitInfo
from avlest.insight.queries import get_absences, get_own_limits
from avlest.insight.services.wishes import do_end_absence, do_end_limit, do_note_absence, do_set_limit
from avlest.insight.wishes import get_absence, get_own_limit
from avlest.portal.access import access_own_series
from avlest.portal.forms import DateField, Form, NumberField, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.bars import read_days
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.resident.windows import get_alarm_windows, get_present_points
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.registry.rights import AccessDeniedError
from avlest.wording import format_quantity, get_unit_label

_TEMPLATE: Final = "portal/resident/limits.html"
_MOST: Final = Decimal(10_000_000)
_SPANS: Final[dict[str, str | Promise]] = {
    "hour": gettext_lazy("an hour"),
    "day": gettext_lazy("a day"),
    "month": gettext_lazy("a month"),
}
_LOOK_BACK: Final = timedelta(days=30)


@dataclasses.dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit as shown."""

    info: OwnLimitInfo
    use: Use
    span: str | Promise


class LimitForm(Form):
    """A new limit; it replaces the one for the same time."""

    point = forms.TypedChoiceField(label=gettext_lazy("What"), coerce=int, choices=())
    span = forms.ChoiceField(label=gettext_lazy("In"), choices=list(_SPANS.items()), initial="day")
    limit = NumberField(label=gettext_lazy("More than"), min_value=Decimal("0.001"), max_value=_MOST, decimal_places=3)
    submit = gettext_lazy("Set the limit")

    def __init__(self, *args: Any, uses: Sequence[Use], hint: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "nb"
        self.uses = {use.point_id: use for use in uses}
        names = [
            (use.point_id, f"{use.name} ({get_unit_label(use.unit, language=language)})") for use in self.uses.values()
        ]
        self.fields["point"].choices = names  # type: ignore[attr-defined]
        self.fields["limit"].help_text = hint


class AbsenceForm(Form):
    """Nobody is there from one day to another."""

    leaves = DateField(label=gettext_lazy("From"))
    returns = DateField(
        label=gettext_lazy("Back again"), required=False, help_text=gettext_lazy("Empty: until you say so here.")
    )
    submit = gettext_lazy("Nobody is at home")

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = derive_local_day(now)

    def clean_leaves(self) -> date:
        """An absence is told before or while it is, not afterwards."""
        day: date = self.cleaned_data["leaves"]
        if not self._today - timedelta(days=7) <= day <= self._today + timedelta(days=366):
            raise forms.ValidationError(_("Write a day from a week ago to a year ahead."), code="day")
        return day

    def clean_returns(self) -> date | None:
        """One comes back after one has left, and not before now."""
        day: date | None = self.cleaned_data["returns"]
        leaves: date | None = self.cleaned_data.get("leaves")
        if day is not None and (day <= self._today or (leaves is not None and day <= leaves)):
            raise forms.ValidationError(_("You come back after the day you leave, and after today."), code="order")
        return day


@require_http_methods(["GET", "HEAD", "POST"])
def show_limits(request: ViewerRequest) -> HttpResponse:
    """The limits and absences that hold, and the forms to add to them."""
    uses = _get_present_uses(request)
    is_post, is_absence = request.method == "POST", "leaves" in request.POST
    limit = LimitForm(request.POST if is_post and not is_absence else None, uses=uses, hint=_make_hint(request, uses))
    today = {"leaves": derive_local_day(request.now)}
    absence = AbsenceForm(request.POST if is_absence else None, now=request.now, initial=today)
    asked: Form = absence if is_absence else limit
    if is_post and asked.is_valid():
        (_note_absence if is_absence else _set_limit)(request, asked, uses)
        return redirect("resident:limits")
    context = {
        "limits": _get_limits(request, uses), "absences": _get_absences(request, uses), "limit_form": limit,
        "absence_form": absence, "uses": uses,
    }  # fmt: skip
    return answer_form(request, _TEMPLATE, asked, context)


def _get_present_uses(request: ViewerRequest) -> list[Use]:
    present = get_present_points(request)
    return [use for use in choose_uses(access_own_series(request.viewer)) if use.point_id in present]


def _make_hint(request: ViewerRequest, uses: Sequence[Use]) -> str:
    """The highest day of each medium lately, so that a limit is set where it means something."""
    until = derive_local_day(request.now)
    days = read_days(request.viewer, get_store(), uses, until - _LOOK_BACK, until, now=request.now)
    tops = {use: max((value for value, _q in days.get(use.id, {}).values() if value is not None), default=None)
            for use in uses}  # fmt: skip
    language = get_language() or "nb"
    known = [f"{use.name} {format_quantity(top, use.unit, language=language)}" for use, top in tops.items() if top]
    return _("Your highest day in the last 30: %(tops)s.") % {"tops": ", ".join(known)} if known else ""


def _get_limits(request: ViewerRequest, uses: Sequence[Use]) -> list[LimitLine]:
    """The resident's own limits; those that were set before they moved in are not theirs."""
    by_series = {use.id: use for use in uses}
    found = get_own_limits(request.viewer.scope, list(by_series), now=request.now)
    return [
        LimitLine(info, by_series[info.series_id], _SPANS[info.span])
        for info in found
        if _is_own(by_series[info.series_id], info.starts_at)
    ]


def _get_absences(request: ViewerRequest, uses: Sequence[Use]) -> list[tuple[AbsenceInfo, Use]]:
    by_point = {use.point_id: use for use in uses}
    found = get_absences(request.viewer.scope, list(by_point), now=request.now)
    own = [(info, by_point[info.point_id]) for info in found]
    return [(info, use) for info, use in own if _is_own(use, info.starts_at)]


def _is_own(use: Use, at: datetime) -> bool:
    return any(window.contains(at) for window in use.access.access.totals)


def _set_limit(request: ViewerRequest, form: Form, uses: Sequence[Use]) -> None:
    use = next(each for each in uses if each.point_id == form.cleaned_data["point"])
    thousandths = int(form.cleaned_data["limit"] * 1000)
    points = get_present_points(request)
    span = form.cleaned_data["span"]
    do_set_limit(request.viewer.actor, use.id, span=span, limit=thousandths, own_points=points, now=request.now)
    messages.success(request, _("The limit is set. You are told when it is passed."))


def _note_absence(request: ViewerRequest, form: Form, uses: Sequence[Use]) -> None:
    """Nobody at home concerns all that is measured there."""
    leaves, returns = form.cleaned_data["leaves"], form.cleaned_data["returns"]
    starts_at = max(derive_day_start(leaves), request.now) if leaves <= derive_local_day(request.now) else None
    for use in uses:
        do_note_absence(
            request.viewer.actor, use.point_id, starts_at=starts_at or derive_day_start(leaves),
            ends_at=derive_day_start(returns) if returns else None, own_points=get_present_points(request),
            now=request.now,
        )  # fmt: skip
    messages.success(request, _("Noted. Any use while nobody is at home gives an alarm."))


@require_POST
def end_limit(request: ViewerRequest, limit_id: int) -> HttpResponse:
    """End an own limit."""
    found = get_own_limit(request.viewer.scope, limit_id)
    if _access_own(request, found) and do_end_limit(
        request.viewer.actor, limit_id, own_points=get_present_points(request), now=request.now
    ):
        messages.success(request, _("The limit is gone."))
    return redirect("resident:limits")


@require_POST
def end_absence(request: ViewerRequest, absence_id: int) -> HttpResponse:
    """Somebody is at home again."""
    found = get_absence(request.viewer.scope, absence_id)
    if _access_own(request, found) and do_end_absence(
        request.viewer.actor, absence_id, own_points=get_present_points(request), now=request.now
    ):
        messages.success(request, _("Welcome home. Use is looked at as usual again."))
    return redirect("resident:limits")


def _access_own(request: ViewerRequest, found: OwnLimitInfo | AbsenceInfo | None) -> bool:
    """Whether it can still be changed; `AccessDeniedError` for what was not set in the resident's own time."""
    windows = get_alarm_windows(request.viewer).get(found.point_id, []) if found else []
    if found is None or not any(start <= found.starts_at and (stop is None or found.starts_at < stop)
                                for start, stop in windows):  # fmt: skip
        raise AccessDeniedError("no such limit or absence in this organisation")
    return found.point_id in get_present_points(request)
