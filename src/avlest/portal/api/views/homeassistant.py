# SPDX-License-Identifier: Apache-2.0
"""A resident's own broker, or the file that asks the API instead."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.api.homeassistant.discovery import write_rest_file
from avlest.portal.api.homeassistant.publishing import Broker
from avlest.portal.api.homeassistant.services import (
    BrokerError,
    BrokerInfo,
    do_end_broker,
    do_set_broker,
    get_broker,
    get_sensors,
)
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store


class BrokerForm(Form):
    """Where one's own broker is."""

    host = forms.RegexField(
        r"\A[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?\Z",
        label=gettext_lazy("Host"),
        help_text=gettext_lazy("The name or address of your MQTT broker on the internet."),
        error_messages={"invalid": gettext_lazy("Write a host, such as mqtt.example.no.")},
        max_length=253,
    )
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65535, initial=8883)
    has_tls = forms.BooleanField(label=gettext_lazy("Encrypted (TLS)"), required=False, initial=True)
    username = forms.CharField(label=gettext_lazy("User name"), max_length=100, required=False)
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=200,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    submit = gettext_lazy("Send my data to this broker")

    def __init__(self, data: Any, *, known: BrokerInfo | None) -> None:
        names = ("host", "port", "has_tls", "username")
        initial = {name: getattr(known, name) for name in names} if known else {}
        super().__init__(data, initial=initial or None)
        self.fields["port"].widget = forms.NumberInput(attrs={"inputmode": "numeric"})
        if known and known.has_password:
            self.fields["password"].help_text = _("Leave it empty to keep the one you gave.")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show_broker(request: ViewerRequest) -> HttpResponse:
    """How to get one's own values into Home Assistant."""
    known = get_broker(request.viewer)
    form = BrokerForm(request.POST if request.method == "POST" else None, known=known)
    context = {"broker": known}
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, "portal/api/home_broker.html", form, context)
    data = form.cleaned_data
    broker = Broker(data["host"], data["port"], data["has_tls"], data["username"], data["password"])
    language = get_language() or "nb"
    try:
        do_set_broker(request.viewer, broker, keeps_password=not broker.password, language=language, now=request.now)
    except BrokerError as error:
        form.add_error(error.field, _explain(error))
        return answer_form(request, "portal/api/home_broker.html", form, context)
    messages.success(request, _("Your broker is told within a few minutes."))
    return redirect("api:home_broker")


def _explain(error: BrokerError) -> str:
    words = {
        "private": _("This host is not on the public internet. Use the file for Home Assistant instead."),
        "not_found": _("No host is known by this name."),
        "port": _("This port is not used for MQTT."),
    }
    return words.get(error.code, str(error))


@require_POST
def end_broker(request: ViewerRequest) -> HttpResponse:
    """Stop, and take away what stands on the broker."""
    do_end_broker(request.viewer, now=request.now)
    messages.success(request, _("Your broker gets nothing more, and what stands there is taken away."))
    return redirect("api:home_broker")


@require_safe
@never_cache
def get_rest_file(request: ViewerRequest) -> HttpResponse:
    """Lines for `configuration.yaml`; the token is put in by the resident."""
    sensors = get_sensors(request.viewer, get_store(), now=request.now)
    text = write_rest_file(sensors, address=f"{request.scheme}://{request.get_host()}")
    answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="avlest.yaml"'
    return answer
