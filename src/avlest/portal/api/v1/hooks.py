# SPDX-License-Identifier: Apache-2.0
"""Webhooks: set up, looked at, tried, ended."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Status

from avlest.portal.api import schemas
from avlest.portal.api.paging import ListQuery, Number, get_following, take_offset
from avlest.portal.api.problems import FieldProblem, ProblemError
from avlest.portal.api.v1.common import answers, get_now, get_viewer, make_router
from avlest.portal.api.webhooks.contracts import DeliveryInfo, WebhookError, WebhookInfo
from avlest.portal.api.webhooks.services import (
    access_deliveries,
    access_webhook,
    access_webhooks,
    do_end_webhook,
    do_make_webhook,
    do_send_test,
)

router = make_router("Webhooks")


@router.get(
    "/webhooks", url_name="webhooks", operation_id="list_webhooks", response=answers(schemas.WebhookPage),
    summary="List webhooks",
)  # fmt: skip
def list_webhooks(request: HttpRequest, query: Query[ListQuery]) -> Any:
    """The organisation's webhooks."""
    every = access_webhooks(get_viewer(request).actor)
    page = take_offset(lambda offset, limit: every[offset : offset + limit], query)
    return {"items": [_write(each) for each in page.items], "next": get_following(request, page.after)}


@router.post(
    "/webhooks", url_name="webhooks", operation_id="make_webhook",
    response=answers(schemas.NewWebhook, status=201, refusals=(400, 422)), summary="Set up a webhook",
)  # fmt: skip
def make_webhook(request: HttpRequest, wish: schemas.WebhookIn) -> Any:
    """From now on the address is told of events; the answer holds the secret that signs them, shown only here."""
    viewer = get_viewer(request)
    try:
        made, secret = do_make_webhook(
            viewer.actor, url=wish.url, events=wish.events, description=wish.description, now=get_now(request)
        )
    except WebhookError as error:
        problem = FieldProblem(str(error), error.field, error.code)
        raise ProblemError(422, "invalid", "the webhook cannot be set up", problems=[problem]) from error
    return Status(201, schemas.NewWebhook(**_write(made).model_dump(), secret=secret))


@router.get(
    "/webhooks/{webhook_id}", url_name="webhook", operation_id="get_webhook", response=answers(schemas.Webhook),
    summary="Get a webhook",
)  # fmt: skip
def get_webhook(request: HttpRequest, webhook_id: Path[Number]) -> Any:
    """One webhook."""
    return _write(access_webhook(get_viewer(request).actor, webhook_id))


@router.delete(
    "/webhooks/{webhook_id}", url_name="webhook", operation_id="end_webhook", response=answers(None, status=204),
    summary="End a webhook",
)  # fmt: skip
def end_webhook(request: HttpRequest, webhook_id: Path[Number]) -> Any:
    """Nothing more is sent to it."""
    do_end_webhook(get_viewer(request).actor, webhook_id, now=get_now(request))
    return Status(204, None)


@router.get(
    "/webhooks/{webhook_id}/deliveries", url_name="deliveries", operation_id="list_deliveries",
    response=answers(schemas.DeliveryPage), summary="List what was sent",
)  # fmt: skip
def list_deliveries(request: HttpRequest, webhook_id: Path[Number], query: Query[ListQuery]) -> Any:
    """What was sent to a webhook and how it went, the newest first."""
    actor = get_viewer(request).actor
    page = take_offset(lambda skip, most: access_deliveries(actor, webhook_id, offset=skip, limit=most), query)
    return {"items": [_write_delivery(each) for each in page.items], "next": get_following(request, page.after)}


@router.post(
    "/webhooks/{webhook_id}/test", url_name="webhook_test", operation_id="test_webhook",
    response=answers(schemas.Delivery, status=202), summary="Send a test event",
)  # fmt: skip
def test_webhook(request: HttpRequest, webhook_id: Path[Number]) -> Any:
    """Put an event of the kind `webhook.test` on its way; see the deliveries for how it went."""
    return Status(202, _write_delivery(do_send_test(get_viewer(request).actor, webhook_id, now=get_now(request))))


def _write(webhook: WebhookInfo) -> schemas.Webhook:
    values = dataclasses.asdict(webhook)
    values.pop("made_by")
    return schemas.Webhook(**{**values, "events": list(webhook.events)})


def _write_delivery(delivery: DeliveryInfo) -> schemas.Delivery:
    return schemas.Delivery(**dataclasses.asdict(delivery))
