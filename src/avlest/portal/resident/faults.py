# SPDX-License-Identifier: Apache-2.0
"""Telling of a fault, with a photo, and what became of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.homes import Home, access_home, get_homes, name_homes
from avlest.portal.resident.models import Fault
from avlest.portal.resident.photos import PhotoField, answer_photo, do_keep_photo
from avlest.registry.models import Document
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.audit import save_changed, save_new

_TEMPLATE = "portal/resident/faults.html"


class FaultForm(Form):
    """What is wrong, where, and a photo of it."""

    place = forms.TypedChoiceField(label=gettext_lazy("Where"), coerce=int, choices=())
    kind = forms.ChoiceField(label=gettext_lazy("What is it about?"), choices=Fault.Kind.choices)
    text = forms.CharField(
        label=gettext_lazy("What is wrong?"), min_length=5, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    photo = PhotoField(label=gettext_lazy("Photo"), required=False)
    submit = gettext_lazy("Send")

    def __init__(self, *args: Any, homes: list[Home], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].choices = name_homes(homes)  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def show_faults(request: ViewerRequest) -> HttpResponse:
    """The form, and the resident's own cases with what was answered."""
    homes = get_homes(request, is_present=True)
    is_post = request.method == "POST"
    form = FaultForm(request.POST if is_post else None, request.FILES if is_post else None, homes=homes)
    if is_post and form.is_valid():
        _save(request, form)
        messages.success(request, _("Thank you. You see here what becomes of it."))
        return redirect("resident:faults")
    context = {"faults": _get_own(request), "can_report": bool(homes)}
    return answer_form(request, _TEMPLATE, form, context)


def _get_own(request: ViewerRequest) -> list[Fault]:
    rows = Fault.objects.of(request.viewer.scope).filter(party_id__in=request.viewer.party_ids)
    return list(rows.order_by("-made_at", "-pk")[:50])


@transaction.atomic
def _save(request: ViewerRequest, form: FaultForm) -> None:
    data, home = form.cleaned_data, access_home(request, form.cleaned_data["place"])
    photo = None
    if data["photo"]:
        about, number = ("unit", home.unit_id) if home.unit_id else ("property", home.property_id)
        photo = do_keep_photo(
            request, data["photo"], title=f"{data['kind']} {home.name}", about=about, about_id=number or 0,
            kind=Document.Kind.OTHER.value, now=request.now,
        )  # fmt: skip
    row = Fault(
        organisation_id=request.viewer.scope, party_id=home.party_id, tenancy_id=home.tenancy_id, kind=data["kind"],
        text=data["text"], photo_id=photo, made_at=request.now,
    )  # fmt: skip
    save_new(request.viewer.actor, row, now=request.now, action="report")


def _access_fault(request: ViewerRequest, fault_id: int) -> Fault:
    """One of the resident's own cases; `AccessDeniedError` for any other."""
    row = Fault.objects.of(request.viewer.scope).filter(pk=fault_id, party_id__in=request.viewer.party_ids).first()
    if row is None:
        raise AccessDeniedError(f"no fault {fault_id} in this organisation")
    return row


@require_safe
def show_fault_photo(request: ViewerRequest, fault_id: int) -> HttpResponse:
    """The photo that the resident sent."""
    row = _access_fault(request, fault_id)
    if row.photo is None:
        raise AccessDeniedError(f"no photo of fault {fault_id}")
    return answer_photo(row.photo)


@require_POST
def withdraw_fault(request: ViewerRequest, fault_id: int) -> HttpResponse:
    """It is all right after all."""
    row = _access_fault(request, fault_id)
    if row.state in (Fault.State.NEW, Fault.State.WORKING):
        with transaction.atomic():
            save_changed(
                request.viewer.actor, row, {"state": Fault.State.DROPPED.value}, now=request.now, action="withdraw"
            )
        messages.success(request, _("The case is withdrawn."))
    return redirect("resident:faults")
