# SPDX-License-Identifier: Apache-2.0
"""Messages of people to people: written, previewed with whom they reach, sent once, followed to the receipt."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.insight.models import Campaign, Message
from avlest.insight.notify.campaigns import (
    Delivery,
    NewCampaign,
    do_make_campaign,
    do_send_campaign,
    get_campaign_reach,
    get_deliveries,
)
from avlest.portal.forms import Form, answer_form
from avlest.portal.manager.crumbs import Crumb, make_crumbs
from avlest.portal.manager.rows import pick, read_rows
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, answer_csv, read_table
from avlest.registry.access import access_row
from avlest.registry.errors import RegistryError
from avlest.registry.models import Party, Property, Zone
from avlest.registry.rights import Right
from avlest.wording import format_instant

_MOST_SUBJECT: Final = 150
_MOST_BODY: Final = 5000
LANGUAGE_NAMES: Final[dict[str, Promise]] = {
    "nb": gettext_lazy("Bokmål"),
    "nn": gettext_lazy("Nynorsk"),
    "en": gettext_lazy("English"),
}
STATE_NAMES: Final[dict[str, Promise]] = {
    Campaign.State.DRAFT.value: gettext_lazy("Not sent"),
    Campaign.State.SENT.value: gettext_lazy("Sent"),
}
DELIVERY_NAMES: Final[dict[str, Promise]] = {
    Message.State.WAITING.value: gettext_lazy("Waiting"),
    Message.State.SENDING.value: gettext_lazy("Being sent"),
    Message.State.SENT.value: gettext_lazy("Sent"),
    Message.State.FAILED.value: gettext_lazy("Failed"),
    Message.State.NO_CONTACT.value: gettext_lazy("Missing contact"),
}
CHANNEL_NAMES: Final[dict[str, Promise]] = {
    "email": gettext_lazy("E-mail"),
    "sms": gettext_lazy("SMS"),
    "push": gettext_lazy("Push message"),
}


class CampaignForm(Form):
    """To whom, what, in which languages."""

    to = forms.ChoiceField(
        label=gettext_lazy("To"),
        widget=forms.RadioSelect,
        choices=(
            ("all", gettext_lazy("Everybody")),
            ("zone", gettext_lazy("A zone")),
            ("property", gettext_lazy("A property")),
            ("party", gettext_lazy("One person")),
        ),
        initial="all",
    )
    zone = forms.ChoiceField(label=gettext_lazy("Zone"), required=False)
    property = forms.CharField(
        label=gettext_lazy("Property"),
        help_text=gettext_lazy("Address, own number or gnr/bnr."),
        required=False,
        max_length=200,
    )
    party = forms.CharField(
        label=gettext_lazy("Person"), help_text=gettext_lazy("Customer number."), required=False, max_length=40
    )
    subject_nb = forms.CharField(label=gettext_lazy("Subject, bokmål"), max_length=_MOST_SUBJECT)
    body_nb = forms.CharField(
        label=gettext_lazy("Text, bokmål"), max_length=_MOST_BODY, widget=forms.Textarea(attrs={"rows": 5})
    )
    subject_nn = forms.CharField(label=gettext_lazy("Subject, nynorsk"), max_length=_MOST_SUBJECT, required=False)
    body_nn = forms.CharField(
        label=gettext_lazy("Text, nynorsk"),
        max_length=_MOST_BODY,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    subject_en = forms.CharField(label=gettext_lazy("Subject, English"), max_length=_MOST_SUBJECT, required=False)
    body_en = forms.CharField(
        label=gettext_lazy("Text, English"),
        max_length=_MOST_BODY,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_urgent = forms.BooleanField(
        label=gettext_lazy("Urgent: SMS first, also at night"),
        help_text=gettext_lazy("For water that is shut off or must be boiled. Other messages wait for the morning."),
        required=False,
    )
    submit = gettext_lazy("Preview")

    def __init__(self, *args: Any, organisation_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._organisation_id = organisation_id
        zones = Zone.objects.of(organisation_id).order_by("name", "code")
        self.fields["zone"].choices = [("", _("Choose …")), *((str(zone.pk), str(zone)) for zone in zones)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The target that was chosen must be found; a language has both subject and text, or neither."""
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["target"] = self._find_target(cleaned)
        for language in ("nn", "en"):
            pair = [cleaned.get(f"{part}_{language}") for part in ("subject", "body")]
            if any(pair) and not all(pair):
                missing = f"{'body' if pair[0] else 'subject'}_{language}"
                self.add_error(missing, ValidationError(_("Write both subject and text, or neither."), code="half"))
        return cleaned

    def _find_target(self, cleaned: dict[str, Any]) -> dict[str, int]:
        to = cleaned.get("to")
        if to not in ("zone", "property", "party") or to in self.errors:
            return {}
        finders = {"zone": self._find_zone, "property": self._find_property, "party": self._find_party}
        found = finders[to](str(cleaned.get(to, "")).strip())
        if found is None:
            words = {
                "zone": _("Choose a zone."),
                "property": _("No property, or more than one, is called so. Write the whole address or own number."),
                "party": _("Nobody has this customer number."),
            }
            self.add_error(to, ValidationError(words[to], code="unknown"))
            return {}
        return {f"{to}_id": found}

    def _find_zone(self, text: str) -> int | None:
        return int(text) if text else None

    def _find_property(self, text: str) -> int | None:
        rows = Property.objects.of(self._organisation_id)
        exact = list(rows.filter(address__iexact=text).values_list("pk", flat=True)[:2]) if text else []
        exact = exact or (list(rows.filter(code__iexact=text).values_list("pk", flat=True)[:2]) if text else [])
        numbers = text.split("/")
        if (
            not exact
            and len(numbers) == 2
            and all(part.isascii() and part.isdigit() and len(part) < 9 for part in numbers)
        ):
            exact = list(rows.filter(gnr=int(numbers[0]), bnr=int(numbers[1])).values_list("pk", flat=True)[:2])
        return int(exact[0]) if len(exact) == 1 else None

    def _find_party(self, text: str) -> int | None:
        rows = Party.objects.of(self._organisation_id).filter(code__iexact=text) if text else Party.objects.none()
        return rows.values_list("pk", flat=True).first()

    def get_texts(self) -> dict[str, dict[str, str]]:
        """The texts by language, those that were written."""
        cleaned = self.cleaned_data
        return {
            language: {"subject": cleaned[f"subject_{language}"], "body": cleaned[f"body_{language}"]}
            for language in LANGUAGE_NAMES
            if cleaned[f"subject_{language}"]
        }


@require_safe
def show_campaigns(request: ViewerRequest) -> HttpResponse:
    """All messages, the newest first."""
    rows = Campaign.objects.of(request.viewer.scope).select_related("party", "property", "zone")
    columns = (
        Column("subject", _("Subject"), lambda row: str(row), link=_address_of, can_sort=False),
        Column("to", _("To"), name_target, can_sort=False),
        Column("made", _("Written"), lambda row: f"{_write(row.made_at)}, {row.made_by}"),
        Column("state", _("State"), lambda row: _describe_state(row), can_sort=False),
        Column("number", _("Messages"), lambda row: row.number, is_number=True, can_sort=False),
    )
    table = read_rows(
        request.GET, caption=_("Messages"), columns=columns, rows=rows, sort="-made", orders={"made": ("made_at",)},
        convert=_count_messages, empty=_("No message has been written yet."),
    )  # fmt: skip
    return render(request, "portal/manager/campaigns.html", {"table": table})


def _count_messages(rows: Any) -> list[Any]:
    """The page's rows with how many messages each became."""
    counts = Message.objects.filter(campaign_id__in=pick(rows, "pk")).order_by().values_list("campaign_id")
    numbers = dict(counts.annotate(number=Count("pk")))
    for row in rows:
        row.number = numbers.get(row.pk, 0)
    return list(rows)


def _address_of(row: Campaign) -> str:
    return reverse("manager:campaign", args=[row.pk])


def _write(at: Any) -> str:
    from django.utils.translation import get_language

    return format_instant(at, language=get_language() or "nb", style="short")


def _describe_state(row: Campaign) -> str:
    state = str(STATE_NAMES[row.state])
    return f"{state} {_write(row.sent_at)}" if row.sent_at else state


def name_target(row: Campaign) -> str:
    """To whom, in words."""
    target = row.party or row.property or row.zone
    return str(target) if target is not None else _("Everybody")


@require_http_methods(["GET", "HEAD", "POST"])
def write_campaign(request: ViewerRequest) -> HttpResponse:
    """The form; what is right becomes a draft, which is previewed before it is sent."""
    form = CampaignForm(request.POST if request.method == "POST" else None, organisation_id=request.viewer.scope)
    if form.is_valid():
        new = NewCampaign(form.get_texts(), is_urgent=form.cleaned_data["is_urgent"], **form.cleaned_data["target"])
        number = do_make_campaign(request.viewer.actor, new, now=request.now)
        return _go_to(number)
    crumbs = make_crumbs(Crumb(_("Messages"), reverse("manager:campaigns")), Crumb(_("New message")))
    return answer_form(request, "portal/manager/write_campaign.html", form, {"crumbs": crumbs})


def _go_to(number: int) -> HttpResponse:
    response = HttpResponseRedirect(reverse("manager:campaign", args=[number]))
    response.status_code = 303
    return response


@require_safe
def show_campaign(request: ViewerRequest, campaign_id: int) -> HttpResponse:
    """A draft with whom it reaches, or a sent message with its receipts (`format=csv`)."""
    row = access_row(Campaign, request.viewer.actor, campaign_id, right=Right.VIEW_PEOPLE)
    is_draft = row.state == Campaign.State.DRAFT
    context: dict[str, Any] = {
        "row": row, "target": name_target(row), "is_draft": is_draft,
        "texts": [(LANGUAGE_NAMES[name], name, row.texts[name]) for name in LANGUAGE_NAMES if name in row.texts],
        "crumbs": make_crumbs(Crumb(_("Messages"), reverse("manager:campaigns")), Crumb(str(row))),
    }  # fmt: skip
    if is_draft:
        reach = get_campaign_reach(request.viewer.actor, campaign_id, now=request.now)
        roads = [(CHANNEL_NAMES.get(name, name), number) for name, number in reach.by_channel.items() if number]
        return render(request, "portal/manager/campaign.html", context | {"reach": reach, "roads": roads})
    table = _make_deliveries(request, get_deliveries(request.viewer.actor, campaign_id))
    if table.wants_csv:
        return answer_csv(table, f"melding-{campaign_id}")
    return render(request, "portal/manager/campaign.html", context | {"table": table})


def _make_deliveries(request: ViewerRequest, found: list[Delivery]) -> Any:
    columns = (
        Column("name", _("To"), lambda row: row.name),
        Column("channel", _("Road"), lambda row: CHANNEL_NAMES.get(row.channel, row.channel)),
        Column("address", _("Address"), lambda row: row.address),
        Column("state", _("State"), lambda row: DELIVERY_NAMES.get(row.state, row.state)),
        Column("sent", _("Sent"), lambda row: _write(row.sent_at) if row.sent_at else "", key=lambda row: row.sent_at),
        Column("error", _("Why not"), lambda row: row.error),
    )
    return read_table(request.GET, caption=_("Receipts"), columns=columns, rows=found, empty=_("Nobody to send to."))


@require_POST
def send_campaign(request: ViewerRequest, campaign_id: int) -> HttpResponse:
    """Send a draft; a second time it says that it was sent."""
    try:
        number = do_send_campaign(request.viewer.actor, campaign_id, now=request.now)
    except RegistryError:
        messages.error(request, _("This message was sent before. It is not sent again."))
        return _go_to(campaign_id)
    words = ngettext("%(count)d message is on its way.", "%(count)d messages are on their way.", number)
    messages.success(request, words % {"count": number})
    return _go_to(campaign_id)
