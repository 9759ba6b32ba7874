# SPDX-License-Identifier: Apache-2.0
"""Scheduled reports: what, how often, where to, and the log of every delivery."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.models import Delivery, Report
from avlest.portal.billing.refusals import try_to
from avlest.portal.billing.reporting.calendar import derive_next
from avlest.portal.billing.reporting.deliver import do_send_now, do_try_again
from avlest.portal.billing.reporting.roads import get_public_key, is_public_key
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.registry.access import access_row
from avlest.registry.rights import Right
from avlest.registry.services.audit import save_changed, save_new

_GET_POST: Final = ["GET", "HEAD", "POST"]
_RIGHT: Final = Right.RUN_SETTLEMENT
_MOST_ADDRESSES: Final = 20
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?", re.ASCII)
_NUMBER: Final = {"inputmode": "numeric", "autocomplete": "off"}


class ReportForm(Form):
    """A report and where it goes."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    content = forms.ChoiceField(label=gettext_lazy("Content"), choices=Report.Content.choices)
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=Report.Format.choices)
    every = forms.ChoiceField(label=gettext_lazy("How often"), choices=Report.Every.choices)
    hour = forms.TypedChoiceField(
        label=pgettext_lazy("billing", "At"),
        coerce=int,
        initial=6,
        choices=[(hour, f"{hour:02d}.00") for hour in range(24)],
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    road = forms.ChoiceField(
        label=gettext_lazy("Sent by"), choices=Report.Road.choices, widget=forms.RadioSelect, initial="email"
    )
    emails = forms.CharField(
        label=gettext_lazy("E-mail addresses"), required=False, max_length=2000,
        help_text=gettext_lazy("With spaces or commas between. Files with persons in them are safer by SFTP."),
    )  # fmt: skip
    host = forms.CharField(label=gettext_lazy("Server"), required=False, max_length=253)
    port = forms.IntegerField(
        label=gettext_lazy("Port"), required=False, min_value=1, max_value=65535, initial=22,
        widget=forms.TextInput(attrs=_NUMBER),
    )  # fmt: skip
    username = forms.CharField(label=gettext_lazy("User name"), required=False, max_length=100)
    folder = forms.CharField(label=gettext_lazy("Folder"), required=False, max_length=300)
    host_key = forms.CharField(
        label=gettext_lazy("The server's public key"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One line, such as ssh-ed25519 AAAA…: nothing is sent to a server with another key."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("Send it"), required=False, initial=True)

    def clean_emails(self) -> list[str]:
        """Addresses one by one; those that are none are named."""
        words = self.cleaned_data["emails"].replace(",", " ").replace(";", " ").split()
        wrong = [word for word in words if not _is_email(word)]
        if wrong:
            text = _("These are not e-mail addresses: %(words)s.")
            raise ValidationError(text % {"words": ", ".join(wrong[:5])}, code="email")
        if len(words) > _MOST_ADDRESSES:
            raise ValidationError(_("At most %(count)d addresses.") % {"count": _MOST_ADDRESSES}, code="many")
        return list(dict.fromkeys(words))

    def clean_host_key(self) -> str:
        """A public key, without its comment's spaces."""
        text = " ".join(self.cleaned_data["host_key"].split())
        if text and not is_public_key(text):
            raise ValidationError(_("This is not a public key. Expected: one line that begins with ssh-."), code="key")
        return text

    def clean_host(self) -> str:
        """A name or an address without anything around it."""
        text: str = self.cleaned_data["host"]
        if text and not _HOST.fullmatch(text):
            raise ValidationError(_("Write only the name of the server, such as sftp.example.no."), code="host")
        return text

    def clean(self) -> dict[str, Any]:
        """What the chosen road needs; households' use goes out by the month only."""
        values = super().clean() or {}
        values["port"] = values.get("port") or 22
        if values.get("content") == "use" and values.get("every") not in ("month", None):
            self.add_error("every", _("Use is sent by the month only: shorter sums tell too much of a household."))
        if values.get("road") == "email" and "emails" in values and not values["emails"]:
            self.add_error("emails", _("Write at least one address."))
        for name in ("host", "username", "host_key") if values.get("road") == "sftp" else ():
            if name in values and not values[name]:
                self.add_error(name, _("SFTP needs this."))
        return values


def _is_email(word: str) -> bool:
    try:
        validate_email(word)
    except ValidationError:
        return False
    return True


@require_safe
def show_reports(request: ViewerRequest) -> HttpResponse:
    """All reports and the log of deliveries."""
    asked = read_asked(request.GET)
    log = Delivery.objects.of(request.viewer.scope).select_related("report").order_by("-due_at", "-pk")
    rows = tuple(log[asked.offset : asked.offset + SIZE])
    context = {
        "reports": Report.objects.of(request.viewer.scope).order_by("name", "pk"),
        "page": Page(rows, log.count(), asked),
    }
    return render(request, "portal/billing/reports.html", context)


@require_http_methods(_GET_POST)
def make_report(request: ViewerRequest) -> HttpResponse:
    """A new report."""
    request.viewer.actor.require(_RIGHT)
    form = ReportForm(request.POST if request.method == "POST" else None, initial={"language": request.LANGUAGE_CODE})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        row = Report(
            organisation_id=request.viewer.scope, made_at=request.now, made_by=request.viewer.actor.name,
            next_at=derive_next(values["every"], values["hour"], after=request.now), **values,
        )  # fmt: skip
        save_new(request.viewer.actor, row, now=request.now)
        messages.success(request, _("The report is kept."))
        return redirect("billing:reports")
    return answer_form(request, "portal/billing/report.html", form, {"public_key": get_public_key()})


@require_http_methods(_GET_POST)
def change_report(request: ViewerRequest, report_id: int) -> HttpResponse:
    """Change a report, or stop it."""
    actor = request.viewer.actor
    row = access_row(Report, actor, report_id, right=_RIGHT)
    initial = {name: getattr(row, name) for name in ReportForm.base_fields} | {"emails": ", ".join(row.emails)}
    form = ReportForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        values["next_at"] = derive_next(values["every"], values["hour"], after=request.now)
        save_changed(actor, row, values, now=request.now, action="change")
        messages.success(request, _("The report is kept."))
        return redirect("billing:reports")
    context = {"report": row, "public_key": get_public_key()}
    return answer_form(request, "portal/billing/report.html", form, context)


@require_POST
def send_report(request: ViewerRequest, report_id: int) -> HttpResponse:
    """Send a report now, about the last whole day, week or month."""
    actor = request.viewer.actor
    row = access_row(Report, actor, report_id, right=_RIGHT)
    do_send_now(actor, row, now=request.now)
    messages.success(request, _("It goes out within a minute; the log shows how it went."))
    return redirect("billing:reports")


@require_POST
def try_delivery(request: ViewerRequest, delivery_id: int) -> HttpResponse:
    """Try a delivery that was given up once more."""
    actor = request.viewer.actor
    row = access_row(Delivery, actor, delivery_id, right=_RIGHT)
    try_to(request, lambda: do_try_again(actor, row, now=request.now), done=_("It is tried again."))
    return redirect("billing:reports")
