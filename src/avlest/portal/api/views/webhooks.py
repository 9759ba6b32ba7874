# SPDX-License-Identifier: Apache-2.0
"""Webhooks: which there are, how sending goes, setting one up, trying it, ending it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.api.webhooks.contracts import EventKind, WebhookError
from avlest.portal.api.webhooks.services import (
    access_deliveries,
    access_webhook,
    access_webhooks,
    do_end_webhook,
    do_make_webhook,
    do_resume_webhook,
    do_send_test,
)
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest

EVENT_TEXTS: Final = {
    EventKind.ALARM_OPENED: gettext_lazy("A new alarm"),
    EventKind.ALARM_CLEARED: gettext_lazy("An alarm is over"),
    EventKind.INVOICE_ISSUED: gettext_lazy("A new invoice or credit note"),
    EventKind.SETTLEMENT_ISSUED: gettext_lazy("A settlement has been issued"),
    EventKind.TEST: gettext_lazy("A test"),
}
STATE_TEXTS: Final = {
    "waiting": gettext_lazy("waiting"),
    "delivered": gettext_lazy("arrived"),
    "given_up": gettext_lazy("given up"),
}


class WebhookForm(Form):
    """A new webhook."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Events are posted there, signed. Begins with https://"),
        max_length=500,
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(label=gettext_lazy("Description"), max_length=200, required=False)
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it of"),
        choices=[(kind.value, EVENT_TEXTS[kind]) for kind in EventKind if kind != EventKind.TEST],
        widget=forms.CheckboxSelectMultiple,
    )
    submit = gettext_lazy("Set up the webhook")


@require_safe
@never_cache
def show_webhooks(request: ViewerRequest) -> HttpResponse:
    """The organisation's webhooks and whether they work."""
    hooks = [(hook, _name_events(hook.events)) for hook in access_webhooks(request.viewer.actor)]
    return render(request, "portal/api/webhooks.html", {"hooks": hooks})


def _name_events(events: tuple[str, ...]) -> list[Any]:
    return [EVENT_TEXTS[EventKind(event)] for event in events if event in set(EventKind)]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def make_webhook(request: ViewerRequest) -> HttpResponse:
    """A form; the answer to it shows the secret, this once."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, "portal/api/webhook_form.html", form)
    data = form.cleaned_data
    try:
        hook, secret = do_make_webhook(
            request.viewer.actor, url=data["url"].strip(), events=data["events"], description=data["description"],
            now=request.now,
        )  # fmt: skip
    except WebhookError as error:
        form.add_error(error.field, _explain(error))
        return answer_form(request, "portal/api/webhook_form.html", form)
    return render(request, "portal/api/webhook_made.html", {"hook": hook, "secret": secret})


def _explain(error: WebhookError) -> str:
    """Why there is no such webhook, for people."""
    words = {
        "url": _("Write an address such as https://example.no/avlest, without user name and password."),
        "https": _("The address must begin with https://"),
        "private": _("This address is not on the public internet."),
        "not_found": _("No server is known by this name."),
        "port": _("This port is not used for webhooks."),
        "too_many": _("There are too many webhooks. End one that is not used any more."),
    }
    return words.get(error.code, str(error))


@require_safe
@never_cache
def show_webhook(request: ViewerRequest, webhook_id: int) -> HttpResponse:
    """One webhook with what was sent to it."""
    actor = request.viewer.actor
    hook = access_webhook(actor, webhook_id)
    log = [
        (each, EVENT_TEXTS[EventKind(each.kind)], STATE_TEXTS[each.state])
        for each in access_deliveries(actor, webhook_id, limit=100)
    ]
    context = {"hook": hook, "events": _name_events(hook.events), "log": log}
    return render(request, "portal/api/webhook.html", context)


@require_POST
def change_webhook(request: ViewerRequest, webhook_id: int, action: str) -> HttpResponse:
    """Try it, resume it, or end it."""
    actor, now = request.viewer.actor, request.now
    if action == "slutt":
        do_end_webhook(actor, webhook_id, now=now)
        messages.success(request, _("The webhook is ended."))
        return redirect("api:hooks")
    if action == "fortsett":
        do_resume_webhook(actor, webhook_id, now=now)
        messages.success(request, _("The webhook is told of events again."))
    else:
        do_send_test(actor, webhook_id, now=now)
        messages.success(request, _("A test is on its way. Look here again in a moment."))
    return redirect("api:hook", webhook_id)
