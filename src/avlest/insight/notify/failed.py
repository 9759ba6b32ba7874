# SPDX-License-Identifier: Apache-2.0
"""Messages that did not reach anybody, for those who look after the service."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from django.db.models import Count

from avlest.insight.models import Message


@dataclasses.dataclass(frozen=True, slots=True)
class FailedMessage:
    """One message that failed, or had no address to go to."""

    id: int
    name: str
    channel: str
    subject: str
    state: str
    attempts: int
    made_at: datetime
    error: str


def get_failed_messages(organisation_id: int, *, since: datetime, limit: int = 500) -> list[FailedMessage]:
    """Return what failed of the messages made since an instant, the newest first."""
    states = (Message.State.FAILED, Message.State.NO_CONTACT)
    rows = Message.objects.of(organisation_id).filter(state__in=states, made_at__gte=since)
    fields = [field.name for field in dataclasses.fields(FailedMessage)]
    return [FailedMessage(*row) for row in rows.order_by("-made_at", "-pk").values_list(*fields)[:limit]]


def count_messages(organisation_id: int, *, since: datetime) -> dict[str, int]:
    """Count the messages made since an instant by their state."""
    rows = Message.objects.of(organisation_id).filter(made_at__gte=since).order_by()
    return dict(rows.values_list("state").annotate(number=Count("pk")))
