# SPDX-License-Identifier: Apache-2.0
"""Me and my data: who one is here, what is kept, who has looked, requests to correct or delete."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.forms import Form, answer_form
from avlest.portal.looks import LookInfo, access_looks
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.homes import get_homes
from avlest.portal.resident.models import PrivacyRequest
from avlest.portal.resident.people import get_contact
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.audit import save_changed, save_new

_WHAT: Final[dict[str, str | Promise]] = {
    "hours": gettext_lazy("Hour by hour"),
    "days": gettext_lazy("Day by day"),
    "totals": gettext_lazy("Sums of months"),
    "readings": gettext_lazy("Readings of the meter"),
    "seen_as": gettext_lazy("Saw the portal as you"),
}
_ROLES: Final[dict[str, str | Promise]] = {
    "administrator": gettext_lazy("administrator"),
    "operator": gettext_lazy("operator"),
    "billing": gettext_lazy("billing clerk"),
    "manager": gettext_lazy("board or property manager"),
    "caretaker": gettext_lazy("caretaker"),
    "installer": gettext_lazy("installer"),
    "seen_as": gettext_lazy("support"),
}


class PrivacyForm(Form):
    """What one asks for about one's data."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What do you want?"), choices=PrivacyRequest.Kind.choices, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=gettext_lazy("What is it about?"), max_length=2000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    submit = gettext_lazy("Send the request")

    def clean(self) -> dict[str, Any]:
        """What is to be corrected must be named."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("kind") == PrivacyRequest.Kind.CORRECTION and not data.get("text"):
            self.add_error("text", _("Write what is wrong, and what it should be."))
        return data


@require_safe
def show_me(request: ViewerRequest) -> HttpResponse:
    """Name, places, and the ways to everything about one's data."""
    context = {"person": get_contact(sorted(request.viewer.party_ids)), "homes": _list_homes(request)}
    return render(request, "portal/resident/me.html", context)


def _list_homes(request: ViewerRequest) -> list[Any]:
    """Each place and time once, whatever the roles."""
    homes = {(home.name, home.starts_at, home.ends_at): home for home in get_homes(request)}
    return list(homes.values())


@require_safe
def show_looks(request: ViewerRequest) -> HttpResponse:
    """Who of the staff has looked at the resident's values, when and why."""
    looks = [_describe(look) for look in access_looks(request.viewer)]
    return render(request, "portal/resident/looks.html", {"looks": looks})


def _describe(look: LookInfo) -> dict[str, Any]:
    roles = ", ".join(str(_ROLES.get(role, role)) for role in look.roles)
    return {"at": look.at, "name": look.name, "roles": roles, "what": _WHAT.get(look.what, look.what),
            "reason": look.reason, "point": look.point_code}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def show_privacy_requests(request: ViewerRequest) -> HttpResponse:
    """Requests to delete, correct or restrict, with what was answered."""
    form = PrivacyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _save(request, form)
        messages.success(request, _("Your request is received. You are answered within a month."))
        return redirect("resident:privacy_requests")
    return answer_form(request, "portal/resident/privacy.html", form, {"requests": list(_get_own(request)[:50])})


def _get_own(request: ViewerRequest) -> Any:
    rows = PrivacyRequest.objects.of(request.viewer.scope).filter(party_id__in=request.viewer.party_ids)
    return rows.order_by("-made_at", "-pk")


@transaction.atomic
def _save(request: ViewerRequest, form: PrivacyForm) -> None:
    row = PrivacyRequest(
        organisation_id=request.viewer.scope, party_id=min(request.viewer.party_ids), made_at=request.now,
        kind=form.cleaned_data["kind"], text=form.cleaned_data["text"],
    )  # fmt: skip
    save_new(request.viewer.actor, row, now=request.now, action="request")


@require_POST
def withdraw_privacy_request(request: ViewerRequest, request_id: int) -> HttpResponse:
    """Take a request back."""
    row = _get_own(request).filter(pk=request_id).first()
    if row is None:
        raise AccessDeniedError(f"no request {request_id} in this organisation")
    if row.state in (PrivacyRequest.State.NEW, PrivacyRequest.State.WORKING):
        with transaction.atomic():
            values = {"state": PrivacyRequest.State.DROPPED.value}
            save_changed(request.viewer.actor, row, values, now=request.now, action="withdraw")
        messages.success(request, _("The request is withdrawn."))
    return redirect("resident:privacy_requests")
