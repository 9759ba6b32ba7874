# SPDX-License-Identifier: Apache-2.0
"""How a resident is told: e-mail, SMS, push, quiet hours, what not to hear of, where to be reached."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from avlest.insight.contracts import AlarmKind
from avlest.insight.notify.channels import make_push_key
from avlest.insight.notify.contracts import Channel, Preferences
from avlest.insight.notify.options import read_notify_options
from avlest.insight.notify.work import PUSH_KEY_FILE
from avlest.insight.texts import load_texts
from avlest.insight.wishes import do_add_browser, do_forget_browsers, do_set_wishes, get_browsers, get_wishes
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.people import do_change_contact, get_contact
from avlest.registry.errors import RegistryError

_ROADS: Final = (
    (Channel.EMAIL.value, gettext_lazy("E-mail")),
    (Channel.SMS.value, gettext_lazy("SMS")),
    (Channel.PUSH.value, gettext_lazy("Message from the app")),
)
_HOURS: Final = [(hour, f"{hour:02}.00") for hour in range(24)]
_MUTABLE: Final = (
    AlarmKind.CONTINUOUS_FLOW,
    AlarmKind.NIGHT_FLOW,
    AlarmKind.HIGH_DAY,
    AlarmKind.OWN_HOUR,
    AlarmKind.OWN_DAY,
    AlarmKind.OWN_MONTH,
)
"""What can wait, and so be left out; a burst, frost and use while nobody is there always come."""
_MOST_KEYS: Final = 4096


class ChannelForm(Form):
    """Roads, quiet hours, and what one does not want to hear of."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    phone = forms.RegexField(
        r"^\+?[0-9 ]{8,20}$", label=gettext_lazy("Mobile phone"), required=False,
        error_messages={"invalid": gettext_lazy("Write a phone number of eight digits, or with +47 before it.")},
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )  # fmt: skip
    roads = forms.MultipleChoiceField(
        label=gettext_lazy("Tell me by"), choices=_ROADS, required=False, widget=forms.CheckboxSelectMultiple
    )
    quiet_from = forms.TypedChoiceField(label=gettext_lazy("Quiet from"), coerce=int, choices=_HOURS)
    quiet_to = forms.TypedChoiceField(
        label=gettext_lazy("Quiet until"), coerce=int, choices=_HOURS,
        help_text=gettext_lazy("What cannot wait, such as a burst pipe, is told in quiet hours too."),
    )  # fmt: skip
    mutes = forms.MultipleChoiceField(
        label=gettext_lazy("Do not tell me of"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        titles = load_texts(get_language() or "nb")["kind"]
        self.fields["mutes"].choices = [  # type: ignore[attr-defined]
            (kind.value, titles[kind]["title"]) for kind in _MUTABLE
        ]

    def clean(self) -> dict[str, Any]:
        """Somebody must be able to reach the person: a chosen road needs its address."""
        data: dict[str, Any] = super().clean() or {}
        roads = data.get("roads") or []
        if not roads:
            self.add_error("roads", _("Choose at least one: a leak must be able to reach you."))
        for road, field in ((Channel.EMAIL.value, "email"), (Channel.SMS.value, "phone")):
            if road in roads and not data.get(field) and field not in self.errors:
                self.add_error(field, _("You have chosen to be told this way: fill it in."))
        return data


@require_http_methods(["GET", "HEAD", "POST"])
def show_channels(request: ViewerRequest) -> HttpResponse:
    """How the resident is told, to be changed."""
    form = ChannelForm(request.POST) if request.method == "POST" else ChannelForm(initial=_get_initial(request))
    if form.is_bound and form.is_valid():
        _save(request, form)
        messages.success(request, _("This is how you are told from now on."))
        return redirect("resident:channels")
    options = read_notify_options(settings.AVLEST)
    key = make_push_key(settings.AVLEST.data_dir / PUSH_KEY_FILE) if options.push_contact else ""
    user = request.viewer.user_id
    browsers = get_browsers(user) if user and not request.viewer.seen_as else []
    context = {"push_key": key, "browsers": browsers, "has_sms": bool(options.sms_url)}
    return answer_form(request, "portal/resident/channels.html", form, context)


def _get_initial(request: ViewerRequest) -> dict[str, Any]:
    parties = sorted(request.viewer.party_ids)
    wishes, contact = get_wishes(parties), get_contact(parties)
    return {
        "email": contact.email, "phone": contact.phone, "mutes": sorted(wishes.mutes), "quiet_from": wishes.quiet_from,
        "quiet_to": wishes.quiet_to, "roads": [road for road, _name in _ROADS if road not in wishes.without],
    }  # fmt: skip


def _save(request: ViewerRequest, form: ChannelForm) -> None:
    data, parties = form.cleaned_data, sorted(request.viewer.party_ids)
    without = frozenset(Channel(road) for road, _name in _ROADS if road not in data["roads"])
    known = get_wishes(parties).mutes - {kind.value for kind in _MUTABLE}
    wishes = Preferences(
        without=without,
        quiet_from=data["quiet_from"],
        quiet_to=data["quiet_to"],
        mutes=frozenset(data["mutes"]) | known,
    )
    do_set_wishes(request.viewer.actor, parties, wishes, now=request.now)
    do_change_contact(request.viewer.actor, parties, email=data["email"], phone=data["phone"], now=request.now)


@require_POST
def add_browser(request: ViewerRequest) -> HttpResponse:
    """Keep a browser to push to, as its `PushSubscription` says of itself (JSON)."""
    try:
        if len(request.body) > _MOST_KEYS or request.viewer.user_id is None:
            raise ValueError("expected a subscription of at most 4096 bytes")
        found = json.loads(request.body or b"{}")
        do_add_browser(
            request.viewer.user_id, endpoint=str(found["endpoint"]), p256dh=str(found["keys"]["p256dh"]),
            auth=str(found["keys"]["auth"]), now=request.now,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RegistryError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse({"text": _("This device shows messages now.")})


@require_POST
def forget_browsers(request: ViewerRequest) -> HttpResponse:
    """Push to none of the person's devices any more."""
    if request.viewer.user_id is not None and do_forget_browsers(request.viewer.user_id):
        messages.success(request, _("No device shows messages any more."))
    return redirect("resident:channels")
