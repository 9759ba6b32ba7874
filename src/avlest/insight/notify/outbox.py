# SPDX-License-Identifier: Apache-2.0
"""The outbox: messages are kept with what they are about, then handed over, with a record of each.

A message is kept once for each key.  A process that dies between handing over and noting it hands over again after a
while, with the same reference, which e-mail and most gateways recognise: rather twice than never.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from avlest.insight.models import Message
from avlest.insight.notify.channels import Senders
from avlest.insight.notify.contracts import AlarmNotice, Channel, DeliveryError, Draft, Outgoing
from avlest.insight.notify.people import get_preferences, get_pushable
from avlest.insight.notify.plan import derive_drafts

LEASE: Final = timedelta(minutes=5)
"""How long a message may be with a process before another one may take it."""

MOST_ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = timedelta(minutes=1)
_BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class Sent:
    """What one round did."""

    sent: int = 0
    failed: int = 0
    again: int = 0


def do_notify_alarms(organisation_id: int, notices: Sequence[AlarmNotice], *, now: datetime) -> int:
    """Keep the messages of some alarms' steps; a repeated call keeps nothing.  Returns how many are new."""
    people = [recipient for notice in notices for recipient in notice.recipients]
    drafts = derive_drafts(notices, preferences=get_preferences(people), pushes=get_pushable(people), now=now)
    return do_keep(organisation_id, drafts, now=now)


@transaction.atomic
def do_keep(organisation_id: int, drafts: Iterable[Draft], *, now: datetime, campaign_id: int | None = None) -> int:
    """Keep drafts as messages to be sent; those whose key is known are left as they are."""
    rows = [_to_row(organisation_id, draft, now=now, campaign_id=campaign_id) for draft in drafts]
    known: set[str] = set()
    keys = [row.key for row in rows]
    for at in range(0, len(keys), _BATCH):
        found = Message.objects.of(organisation_id).filter(key__in=keys[at : at + _BATCH])
        known.update(found.values_list("key", flat=True))
    fresh = [row for row in rows if row.key not in known]
    Message.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    return len(fresh)


def _to_row(organisation_id: int, draft: Draft, *, now: datetime, campaign_id: int | None) -> Message:
    state = Message.State.WAITING if draft.address else Message.State.NO_CONTACT
    return Message(
        organisation_id=organisation_id, key=draft.key[:200], alarm_id=draft.alarm_id, campaign_id=campaign_id,
        step=draft.step, party_id=draft.recipient.party_id, user_id=draft.recipient.user_id,
        name=draft.recipient.name[:200], channel=draft.channel.value, address=draft.address[:254],
        language=draft.recipient.language, subject=" ".join(draft.subject.split())[:300], body=draft.body, state=state,
        due_at=draft.not_before, made_at=now,
    )  # fmt: skip


def do_send(senders: Senders, *, now: datetime, most: int = 600) -> Sent:
    """Hand over what is due, the oldest first."""
    total = Sent()
    for row in _claim(list(senders), now=now, most=most):
        result = _send_one(row, senders, now=now)
        total = Sent(total.sent + result.sent, total.failed + result.failed, total.again + result.again)
    return total


def _claim(channels: Sequence[Channel], *, now: datetime, most: int) -> list[Message]:
    """Take messages for this process: those that wait, and those that another process left behind."""
    due = Q(state=Message.State.WAITING, due_at__lte=now) | Q(state=Message.State.SENDING, due_at__lte=now)
    names = [channel.value for channel in channels]
    rows = Message.objects.filter(due, channel__in=names).order_by("due_at", "pk")
    claimed = []
    for row in rows[:most]:
        changed = {"state": Message.State.SENDING, "due_at": now + LEASE, "attempts": F("attempts") + 1}
        if Message.objects.filter(pk=row.pk, state=row.state, due_at=row.due_at).update(**changed):
            row.attempts += 1
            claimed.append(row)
    return claimed


def _send_one(row: Message, senders: Senders, *, now: datetime) -> Sent:
    outgoing = Outgoing(
        reference=f"m{row.pk}", address=row.address, subject=row.subject, body=row.body, language=row.language
    )
    try:
        senders[Channel(row.channel)].send(outgoing)
    except DeliveryError as error:
        is_over = error.is_final or row.attempts >= MOST_ATTEMPTS
        pause = _FIRST_PAUSE * 2 ** (row.attempts - 1)
        Message.objects.filter(pk=row.pk).update(
            state=Message.State.FAILED if is_over else Message.State.WAITING, due_at=now + pause, error=str(error)[:500]
        )
        return Sent(failed=1) if is_over else Sent(again=1)
    Message.objects.filter(pk=row.pk).update(state=Message.State.SENT, sent_at=now, error="")
    return Sent(sent=1)


def do_note_read(message_id: int, *, now: datetime) -> None:
    """Note that a message's link was opened; the first time counts."""
    Message.objects.filter(pk=message_id, read_at__isnull=True).update(read_at=now)
