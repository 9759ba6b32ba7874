# SPDX-License-Identifier: Apache-2.0
"""Staff near people's values: giving a reason, and seeing the portal as a resident does."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from avlest.portal.common.choices import get_next
from avlest.portal.forms import Form, answer_form
from avlest.portal.looks import do_begin_seeing_as
from avlest.portal.request import ViewerRequest
from avlest.portal.sessions import SEEN_AS_ROLES, begin_seen_as, end_seen_as
from avlest.portal.sessions import give_reason as remember_reason
from avlest.registry.access import access_row
from avlest.registry.models import Party
from avlest.registry.rights import AccessDeniedError, Right


class ReasonForm(Form):
    """Why somebody looks at what a household uses."""

    reason = forms.CharField(
        label=gettext_lazy("Why do you need to see this?"),
        help_text=gettext_lazy("Such as the number of the case. The resident sees who looked, when and why."),
        min_length=5,
        max_length=200,
    )
    submit = gettext_lazy("Go on")


@require_http_methods(["GET", "POST"])
def give_reason(request: ViewerRequest) -> HttpResponse:
    """Ask why; the answer holds for an hour."""
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        remember_reason(request.session, form.cleaned_data["reason"], now=request.now)
        return HttpResponseRedirect(get_next(request))
    context = {"heading": _("Give a reason"), "next": get_next(request)}
    return answer_form(request, "portal/common/reason.html", form, context)


@require_http_methods(["GET", "POST"])
def see_as(request: ViewerRequest, party_id: int) -> HttpResponse:
    """See the portal as a resident for half an hour, without being able to change anything; logged."""
    if not request.viewer.roles & SEEN_AS_ROLES:
        raise AccessDeniedError("may not see as resident")
    party = access_row(Party, request.viewer.actor, party_id, right=Right.VIEW_PEOPLE)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        do_begin_seeing_as(request.viewer, party, reason, now=request.now)
        begin_seen_as(request.session, party.pk, reason, now=request.now)
        return HttpResponseRedirect("/")
    context = {"heading": _("See as %(name)s") % {"name": party.name}, "next": "/"}
    return answer_form(request, "portal/common/reason.html", form, context)


@require_POST
def end_see_as(request: ViewerRequest) -> HttpResponse:
    """Be oneself again."""
    end_seen_as(request.session)
    messages.info(request, _("You see the portal as yourself again."))
    return HttpResponseRedirect("/")
