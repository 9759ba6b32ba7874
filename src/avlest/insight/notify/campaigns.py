# SPDX-License-Identifier: Apache-2.0
"""Messages of people to people: to one, a property, a zone or all; previewed, then sent once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from avlest.insight.models import Campaign, Message
from avlest.insight.notify.contracts import Channel, Draft, Recipient
from avlest.insight.notify.outbox import do_keep
from avlest.insight.notify.people import get_preferences, to_recipient
from avlest.insight.notify.plan import NO_PREFERENCES, Routing, choose_roads, derive_send_time
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Party, Property, Tenancy, Zone
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new
from avlest.wording import LANGUAGES, to_sms

_ORDINARY: Final = Routing((Channel.EMAIL, Channel.SMS), (), waits_for_morning=True)
_URGENT: Final = Routing((Channel.SMS, Channel.EMAIL), (Channel.EMAIL,), waits_for_morning=False)
_MOST_SUBJECT, _MOST_BODY = 150, 5000


@dataclasses.dataclass(frozen=True, slots=True)
class NewCampaign:
    """What is to be said to whom: at most one of party, property and zone; none: everyone of the organisation.

    `texts` by language: `{"nb": {"subject": …, "body": …}}`; bokmål must be there, it stands in for the others.
    """

    texts: Mapping[str, Mapping[str, str]]
    party_id: int | None = None
    property_id: int | None = None
    zone_id: int | None = None
    is_urgent: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """Who a campaign reaches: numbers by road, and the names of those without contact."""

    total: int
    by_channel: Mapping[str, int]
    without_contact: tuple[str, ...]


@transaction.atomic
def do_make_campaign(actor: Actor, new: NewCampaign, *, now: datetime) -> int:
    """Keep a campaign as a draft.  Raises `RegistryError` naming the field and what is expected."""
    actor.require(Right.CHANGE_PEOPLE)
    _check_texts(new.texts)
    if sum(value is not None for value in (new.party_id, new.property_id, new.zone_id)) > 1:
        raise RegistryError(Problem.INVALID, "target: expected one of party, property and zone, or none for all")
    right = Right.CHANGE_PEOPLE
    row = Campaign(
        organisation_id=actor.organisation_id, texts={name: dict(text) for name, text in new.texts.items()},
        party=access_row(Party, actor, new.party_id, right=right) if new.party_id is not None else None,
        property=access_row(Property, actor, new.property_id, right=right) if new.property_id is not None else None,
        zone=access_row(Zone, actor, new.zone_id, right=right) if new.zone_id is not None else None,
        is_urgent=new.is_urgent, made_by=actor.name, made_at=now,
    )  # fmt: skip
    save_new(actor, row, now=now)
    return int(row.pk)


def _check_texts(texts: Mapping[str, Mapping[str, str]]) -> None:
    if "nb" not in texts:
        raise RegistryError(Problem.INVALID, "texts: expected bokmål (nb), which stands in for other languages")
    for language, text in texts.items():
        if language not in LANGUAGES:
            raise RegistryError(Problem.INVALID, f"texts: no language {language!r}, expected {', '.join(LANGUAGES)}")
        for name, most in (("subject", _MOST_SUBJECT), ("body", _MOST_BODY)):
            if not 0 < len(text.get(name, "").strip()) <= most:
                raise RegistryError(Problem.INVALID, f"texts.{language}.{name}: expected 1 to {most} letters")


def get_campaign_reach(actor: Actor, campaign_id: int, *, now: datetime) -> Reach:
    """Return whom a campaign reaches now, for the preview."""
    row = access_row(Campaign, actor, campaign_id, right=Right.VIEW_PEOPLE)
    drafts = _derive_drafts(row, now=now)
    counts = {channel.value: sum(bool(d.address) and d.channel is channel for d in drafts) for channel in Channel}
    missing = tuple(draft.recipient.name for draft in drafts if not draft.address)
    return Reach(len({draft.recipient.key for draft in drafts}), counts, missing)


@transaction.atomic
def do_send_campaign(actor: Actor, campaign_id: int, *, now: datetime) -> int:
    """Put a draft's messages into the outbox; return how many.  Raises `RegistryError` for one that was sent."""
    row = access_row(Campaign, actor, campaign_id, right=Right.CHANGE_PEOPLE, for_update=True)
    if row.state != Campaign.State.DRAFT:
        raise RegistryError(Problem.ENDED, f"{row} was sent {row.sent_at:%Y-%m-%d %H:%M}Z")
    kept = do_keep(actor.organisation_id, _derive_drafts(row, now=now), now=now, campaign_id=row.pk)
    save_changed(actor, row, {"state": Campaign.State.SENT, "sent_at": now}, now=now, action="send")
    return kept


def _derive_drafts(row: Campaign, *, now: datetime) -> list[Draft]:
    recipients = _get_recipients(row, now=now)
    preferences = get_preferences(recipients)
    routing = _URGENT if row.is_urgent else _ORDINARY
    drafts = []
    for recipient in recipients:
        wishes = preferences.get(recipient.key, NO_PREFERENCES)
        known = {Channel.EMAIL: recipient.email, Channel.SMS: recipient.phone}
        addresses = {road: address for road, address in known.items() if address and road not in wishes.without}
        at = derive_send_time(now, wishes) if routing.waits_for_morning else now
        for channel, address in choose_roads(routing, addresses):
            text = row.texts.get(recipient.language) or row.texts["nb"]
            is_sms = channel is Channel.SMS
            body = to_sms(f"{text['subject']}. {text['body']}") if is_sms else text["body"]
            key = f"campaign:{row.pk}/{recipient.key}/{channel}"
            drafts.append(
                Draft(
                    key=key, recipient=recipient, channel=channel, address=address,
                    subject="" if is_sms else text["subject"], body=body, not_before=at,
                )
            )  # fmt: skip
    return drafts


def _get_recipients(row: Campaign, *, now: datetime) -> list[Recipient]:
    """The parties that live or own there now; each once."""
    if row.party_id is not None:
        return [to_recipient(row.party)] if row.party else []
    present = Q(starts_at__lte=now) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    place = Q()
    if row.property_id is not None:
        place = Q(property_id=row.property_id) | Q(unit__property_id=row.property_id)
    elif row.zone_id is not None:
        inside: Any = {"zone_id": row.zone_id}
        place = Q(unit__meteringpoint__in=_points(inside)) | Q(property__meteringpoint__in=_points(inside))
    tenancies = Tenancy.objects.of(row.organisation_id).filter(present & place)
    parties = Party.objects.filter(pk__in=tenancies.values("party_id")).order_by("pk")
    return [to_recipient(party) for party in parties]


def _points(filters: Mapping[str, Any]) -> Any:
    from avlest.registry.models import MeteringPoint

    return MeteringPoint.objects.filter(**filters).values("pk")


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the delivery list."""

    name: str
    channel: str
    address: str
    state: str
    sent_at: datetime | None
    read_at: datetime | None
    error: str


def get_deliveries(actor: Actor, campaign_id: int) -> list[Delivery]:
    """Return what became of each message of a campaign, those without contact first."""
    row = access_row(Campaign, actor, campaign_id, right=Right.VIEW_PEOPLE)
    rows = Message.objects.of(actor.organisation_id).filter(campaign=row).order_by("state", "name", "pk")
    columns = ("name", "channel", "address", "state", "sent_at", "read_at", "error")
    return [Delivery(*values) for values in rows.values_list(*columns)]
