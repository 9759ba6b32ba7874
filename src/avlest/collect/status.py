# SPDX-License-Identifier: Apache-2.0
"""What is coming in, what is stuck, how far behind the pipeline is: plain values for pages and commands."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Min, Sum

from avlest.collect.models import Batch, GatewayState, Kept, MeterState, OutcomeCount, Packet


@dataclasses.dataclass(frozen=True, slots=True)
class OutcomeStatus:
    """How many messages of a source ended how on a day."""

    day: date
    source: str
    outcome: str
    messages: int


@dataclasses.dataclass(frozen=True, slots=True)
class KeptStatus:
    """How many telegrams of how many senders wait for one reason, and since when."""

    outcome: str
    telegrams: int
    senders: int
    since: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class GatewayStatus:
    """When something came through a gateway last, and how much ever did."""

    source: str
    gateway: str
    last_heard_at: datetime
    messages: int
    rssi: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class CollectStatus:
    """`inbox_*`: taken in, not decided yet; `waiting_*`: decided, not in the Delta table yet.  Lags in seconds."""

    inbox_messages: int
    inbox_lag: float
    waiting_batches: int
    waiting_readings: int
    waiting_lag: float
    meters_heard: int
    meters_heard_today: int
    last_heard_at: datetime | None
    kept: tuple[KeptStatus, ...]
    gateways: tuple[GatewayStatus, ...]
    outcomes: tuple[OutcomeStatus, ...]


def get_status(*, now: datetime, days: int = 1) -> CollectStatus:
    """The state of collection; outcomes of the last `days` days."""
    inbox = Packet.objects.aggregate(messages=Sum("messages"), oldest=Min("taken_at"))
    waiting = Batch.objects.filter(appended_at__isnull=True).aggregate(
        batches=Count("id"), rows=Sum("rows"), oldest=Min("decided_at")
    )
    meters = MeterState.objects.aggregate(count=Count("id"), last=Max("last_heard_at"))
    return CollectStatus(
        inbox_messages=inbox["messages"] or 0,
        inbox_lag=_lag(inbox["oldest"], now),
        waiting_batches=waiting["batches"],
        waiting_readings=waiting["rows"] or 0,
        waiting_lag=_lag(waiting["oldest"], now),
        meters_heard=meters["count"],
        meters_heard_today=MeterState.objects.filter(last_heard_at__gte=now - timedelta(days=1)).count(),
        last_heard_at=meters["last"],
        kept=_get_kept(),
        gateways=tuple(
            GatewayStatus(row.source, row.code, row.last_heard_at, row.heard, row.rssi)
            for row in GatewayState.objects.order_by("source", "code")
        ),
        outcomes=tuple(
            OutcomeStatus(row.day, row.source, row.outcome, row.messages)
            for row in OutcomeCount.objects.filter(day__gt=now.date() - timedelta(days=days)).order_by(
                "day", "source", "outcome"
            )
        ),
    )


def _lag(oldest: datetime | None, now: datetime) -> float:
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def _get_kept() -> tuple[KeptStatus, ...]:
    rows = Kept.objects.values("outcome").annotate(
        telegrams=Count("id"), senders=Count("serial", distinct=True), since=Min("received_at")
    )
    return tuple(
        KeptStatus(row["outcome"], row["telegrams"], row["senders"], row["since"]) for row in rows.order_by("outcome")
    )
