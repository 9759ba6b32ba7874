# SPDX-License-Identifier: Apache-2.0
"""Setting up and ending webhooks, and what was sent to them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from avlest.portal.api.guard import TargetError, find_target
from avlest.portal.api.models import Webhook, WebhookDelivery, WebhookEvent
from avlest.portal.api.sealing import seal, unseal
from avlest.portal.api.webhooks.contracts import SUBSCRIBED, DeliveryInfo, EventKind, WebhookError, WebhookInfo
from avlest.portal.api.webhooks.events import do_begin_marks
from avlest.portal.api.webhooks.sending import parse_url
from avlest.portal.api.webhooks.signing import write_secret
from avlest.registry.access import access_row
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.registry.services.audit import save_changed, save_new

PURPOSE: Final = "webhook"
MOST: Final = 20


def do_make_webhook(
    actor: Actor, *, url: str, events: Sequence[str], description: str, now: datetime
) -> tuple[WebhookInfo, str]:
    """Set up a webhook; return it and the secret that signs what it is sent.  `WebhookError` names the field."""
    actor.require(Right.MANAGE)
    unknown = sorted(set(events) - set(SUBSCRIBED))
    if unknown or not events:
        raise WebhookError("events", "events", f"expected some of {', '.join(SUBSCRIBED)}")
    parts = parse_url(url)
    try:
        find_target(parts.hostname or "", parts.port or 0)
    except TargetError as error:
        raise WebhookError("url", error.code, str(error)) from error
    return _make(actor, url, list(dict.fromkeys(events)), description, now)


@transaction.atomic
def _make(actor: Actor, url: str, events: list[str], description: str, now: datetime) -> tuple[WebhookInfo, str]:
    if _list(actor).count() >= MOST:
        raise WebhookError("url", "too_many", f"at most {MOST} webhooks an organisation")
    secret = write_secret(secrets.token_bytes(32))
    row = Webhook(
        organisation_id=actor.organisation_id, url=url, description=description, events=events,
        secret=seal(secret, purpose=PURPOSE), made_at=now, made_by=actor.name[:150],
    )  # fmt: skip
    save_new(actor, row, now=now)
    do_begin_marks(actor.organisation_id)
    return to_webhook(row), secret


def _list(actor: Actor) -> QuerySet[Webhook]:
    return Webhook.objects.of(actor.organisation_id).filter(ended_at__isnull=True)


def access_webhooks(actor: Actor) -> list[WebhookInfo]:
    """Return the organisation's webhooks."""
    actor.require(Right.MANAGE)
    return [to_webhook(row) for row in _list(actor).order_by("pk")]


def access_webhook(actor: Actor, webhook_id: int) -> WebhookInfo:
    """Return one webhook."""
    return to_webhook(_get(actor, webhook_id))


def _get(actor: Actor, webhook_id: int) -> Webhook:
    row = access_row(Webhook, actor, webhook_id, right=Right.MANAGE)
    if row.ended_at is not None:
        raise AccessDeniedError(f"no webhook {webhook_id} in this organisation")
    return row


@transaction.atomic
def do_end_webhook(actor: Actor, webhook_id: int, *, now: datetime) -> None:
    """End a webhook: nothing more is sent to it."""
    row = _get(actor, webhook_id)
    save_changed(actor, row, {"ended_at": now, "is_active": False}, now=now, action="end")
    WebhookDelivery.objects.filter(webhook=row, state=WebhookDelivery.State.WAITING).update(
        state=WebhookDelivery.State.GIVEN_UP, error="the webhook was ended"
    )


@transaction.atomic
def do_resume_webhook(actor: Actor, webhook_id: int, *, now: datetime) -> None:
    """Send again to a webhook that was paused; what waits is tried at once."""
    row = _get(actor, webhook_id)
    save_changed(actor, row, {"is_active": True, "failing_since": None}, now=now, action="resume")
    WebhookDelivery.objects.filter(webhook=row, state=WebhookDelivery.State.WAITING).update(due_at=now)


@transaction.atomic
def do_send_test(actor: Actor, webhook_id: int, *, now: datetime) -> DeliveryInfo:
    """Put an event that says nothing on its way to one webhook."""
    row = _get(actor, webhook_id)
    uid = f"evt_{uuid4().hex}"
    event = WebhookEvent.objects.create(
        organisation_id=actor.organisation_id, uid=uid, kind=EventKind.TEST.value, key=uid, at=now, body={},
    )  # fmt: skip
    made = WebhookDelivery.objects.create(organisation_id=actor.organisation_id, webhook=row, event=event, due_at=now)
    return to_delivery(made)


def access_deliveries(actor: Actor, webhook_id: int, *, offset: int = 0, limit: int = 100) -> list[DeliveryInfo]:
    """Return what was sent to one webhook and how it went, the newest first."""
    row = _get(actor, webhook_id)
    rows = WebhookDelivery.objects.filter(webhook=row).select_related("event").order_by("-pk")
    return [to_delivery(each) for each in rows[offset : offset + limit]]


def get_secret(row: Webhook) -> str:
    """Return the secret that signs a webhook's messages."""
    return unseal(row.secret, purpose=PURPOSE)


def to_webhook(row: Webhook) -> WebhookInfo:
    """A webhook as it leaves the room."""
    return WebhookInfo(
        id=row.pk, url=row.url, description=row.description, events=tuple(row.events), is_active=row.is_active,
        made_at=row.made_at, made_by=row.made_by, failing_since=row.failing_since,
    )  # fmt: skip


def to_delivery(row: WebhookDelivery) -> DeliveryInfo:
    """A delivery as it leaves the room."""
    return DeliveryInfo(
        id=row.pk, event=row.event.uid, kind=row.event.kind, state=row.state, attempts=row.attempts,
        made_at=row.event.at, tried_at=row.tried_at, due_at=row.due_at, status=row.status, error=row.error,
    )  # fmt: skip
