# SPDX-License-Identifier: Apache-2.0
"""Sending what is due: each message signed, several at once, tried again later and later where it did not arrive.

A message that was sent and whose answer was lost is sent again with the same `webhook-id`: the receiver counts it once.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

from avlest.portal.api.guard import TargetError
from avlest.portal.api.models import Webhook, WebhookDelivery
from avlest.portal.api.sealing import SealedError
from avlest.portal.api.webhooks.contracts import PAUSED_AFTER, PAUSES, WebhookError
from avlest.portal.api.webhooks.sending import SendingError, send
from avlest.portal.api.webhooks.services import get_secret
from avlest.portal.api.webhooks.signing import derive_headers

_LEASE: Final = timedelta(minutes=5)
_AT_ONCE: Final = 8
_PER_HOOK: Final = 25
_MOST: Final = 200
Answer = tuple[int | None, str]


def do_deliver(*, now: datetime) -> tuple[int, int]:
    """Send what is due; return how many arrived and how many did not."""
    claimed = _claim(now)
    if not claimed:
        return 0, 0
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="webhook") as pool:
        answers = list(pool.map(lambda row: _send_one(row, now), claimed))
    arrived = 0
    for row, answer in zip(claimed, answers, strict=True):
        arrived += _note(row, answer, now)
    return arrived, len(claimed) - arrived


def _claim(now: datetime) -> list[WebhookDelivery]:
    """Take what is due for this process alone; if it ends in the middle, the messages are due again."""
    due = WebhookDelivery.objects.filter(state=WebhookDelivery.State.WAITING, due_at__lte=now, webhook__is_active=True)
    counts: dict[int, int] = {}
    claimed: list[WebhookDelivery] = []
    for row in due.select_related("webhook", "event").order_by("due_at", "pk")[: 5 * _MOST]:
        counts[row.webhook_id] = counts.get(row.webhook_id, 0) + 1
        if counts[row.webhook_id] > _PER_HOOK or len(claimed) >= _MOST:
            continue
        same = WebhookDelivery.objects.filter(pk=row.pk, due_at=row.due_at, state=WebhookDelivery.State.WAITING)
        if same.update(due_at=now + _LEASE):
            claimed.append(row)
    return claimed


def _send_one(row: WebhookDelivery, now: datetime) -> Answer:
    """Send one message; what it came to, in a thread that touches no database."""
    event = row.event
    content = {"type": event.kind, "id": event.uid, "timestamp": event.at.isoformat(), "data": event.body}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        headers = derive_headers(get_secret(row.webhook), uid=event.uid, at=now, body=body)
        status = send(row.webhook.url, body, {**headers, "User-Agent": "Avlest"})
    except (SendingError, TargetError, WebhookError, SealedError) as error:
        return None, str(error)
    return status, "" if 200 <= status < 300 else f"answered {status}"


def _note(row: WebhookDelivery, answer: Answer, now: datetime) -> bool:
    status, error = answer
    attempts = row.attempts + 1
    state, due = WebhookDelivery.State.DELIVERED, now
    if error:
        is_last = attempts > len(PAUSES)
        state = WebhookDelivery.State.GIVEN_UP if is_last else WebhookDelivery.State.WAITING
        due = now if is_last else now + PAUSES[attempts - 1]
    WebhookDelivery.objects.filter(pk=row.pk).exclude(state=WebhookDelivery.State.GIVEN_UP).update(
        state=state, attempts=F("attempts") + 1, tried_at=now, due_at=due, status=status, error=error[:300]
    )
    _note_hook(row.webhook, has_failed=bool(error), now=now)
    return not error


def _note_hook(hook: Webhook, *, has_failed: bool, now: datetime) -> None:
    if not has_failed:
        Webhook.objects.filter(pk=hook.pk, failing_since__isnull=False).update(failing_since=None)
        return
    Webhook.objects.filter(pk=hook.pk, failing_since__isnull=True).update(failing_since=now)
    Webhook.objects.filter(pk=hook.pk, failing_since__lt=now - PAUSED_AFTER).update(is_active=False)
