# SPDX-License-Identifier: Apache-2.0
"""What webhooks are told, and what the room gives of them.  Pure."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from avlest.portal.api.refusals import FieldRefusedError


class EventKind(StrEnum):
    """What can happen."""

    ALARM_OPENED = "alarm.opened"
    ALARM_CLEARED = "alarm.cleared"
    INVOICE_ISSUED = "invoice.issued"
    SETTLEMENT_ISSUED = "settlement.issued"
    TEST = "webhook.test"


SUBSCRIBED: Final = tuple(kind for kind in EventKind if kind != EventKind.TEST)
PAUSES: Final = (
    timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=6), timedelta(hours=12), timedelta(hours=24), timedelta(hours=24),
)  # fmt: skip
"""How long to wait after each attempt that failed; then the event is given up for this webhook."""
PAUSED_AFTER: Final = timedelta(days=5)
"""A webhook that has failed for so long is paused."""


class WebhookError(FieldRefusedError):
    """A webhook that cannot be set up: which field, why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WebhookInfo:
    """A webhook, without its secret."""

    id: int
    url: str
    description: str
    events: tuple[str, ...]
    is_active: bool
    made_at: datetime
    made_by: str
    failing_since: datetime | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryInfo:
    """One event on its way to a webhook."""

    id: int
    event: str
    kind: str
    state: str
    attempts: int
    made_at: datetime
    tried_at: datetime | None
    due_at: datetime
    status: int | None
    error: str
