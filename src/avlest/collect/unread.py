# SPDX-License-Identifier: Apache-2.0
"""Telegrams that could not be read, by who sent them and why; each organisation sees those of its own meters.

Telegrams of addresses that nobody has registered, and noise without an address, are listed for the organisation that
unknown meters are listed for (`[collect] found_by`).
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from avlest.collect.heard_of import is_of
from avlest.collect.models import Kept, MeterState
from avlest.collect.packets import decode_packets
from avlest.collect.pipeline.telegram_road import parse_sender
from avlest.readings.tables import Store
from avlest.registry.models import Meter
from avlest.registry.queries import get_organisations


@dataclasses.dataclass(frozen=True, slots=True)
class UnreadGroup:
    """Telegrams of one make that failed alike; `sample` is the newest of them."""

    manufacturer: str
    outcome: str
    telegrams: int
    senders: int
    since: datetime
    last_at: datetime
    sample: int


@dataclasses.dataclass(frozen=True, slots=True)
class UnreadTelegram:
    """One kept telegram; `payload` by `road`, as `collect.heard.Heard` has it."""

    id: int
    manufacturer: str
    serial: str
    outcome: str
    detail: str
    received_at: datetime
    source: str
    gateway: str
    road: str
    payload: bytes = dataclasses.field(repr=False)

    @property
    def device(self) -> str:
        """`version:type` in hexadecimal as catalogue files have it; empty where the telegram does not say."""
        sender = parse_sender(self.payload) if self.road in ("wmbus", "mbus") else None
        return f"{sender.version:02x}:{sender.device_type:02x}" if sender else ""


@dataclasses.dataclass(frozen=True, slots=True)
class UnknownMake:
    """Meters that are read without a catalogue file, under systematic names; `meter` is one of them."""

    manufacturer: str
    version: int | None
    device_type: int | None
    meters: int
    last_at: datetime
    meter: int


def get_finder(found_by: str) -> int | None:
    """Return the organisation that unknown meters are listed for; None without any."""
    organisations = get_organisations()
    return organisations.get(found_by) if found_by else min(organisations.values(), default=None)


def get_unread(organisation_id: int, *, found_by: str) -> list[UnreadGroup]:
    """Return what could not be read, the most frequent first."""
    rows = _of(organisation_id, found_by=found_by).values("manufacturer", "outcome").order_by()
    groups = rows.annotate(
        telegrams=Count("pk"), senders=Count("serial", distinct=True), since=Min("received_at"),
        last_at=Max("received_at"), sample=Max("pk"),
    )  # fmt: skip
    return [UnreadGroup(**row) for row in groups.order_by("-telegrams", "manufacturer", "outcome")]


def get_unread_telegrams(
    organisation_id: int, *, found_by: str, manufacturer: str, outcome: str, limit: int = 50
) -> list[UnreadTelegram]:
    """Return the newest telegrams of one group."""
    rows = _of(organisation_id, found_by=found_by).filter(manufacturer=manufacturer, outcome=outcome)
    return [_to_telegram(row) for row in rows.order_by("-received_at", "-pk")[:limit]]


def get_unread_telegram(organisation_id: int, kept_id: int, *, found_by: str) -> UnreadTelegram | None:
    """Return one telegram; None where the organisation has none of this number."""
    row = _of(organisation_id, found_by=found_by).filter(pk=kept_id).first()
    return _to_telegram(row) if row is not None else None


def _of(organisation_id: int, *, found_by: str) -> QuerySet[Kept]:
    allowed: Q = Q(is_of(organisation_id))
    if get_finder(found_by) == organisation_id:
        known = Meter.objects.filter(manufacturer=OuterRef("manufacturer"), serial=OuterRef("serial"))
        allowed |= ~Q(Exists(known))
    return Kept.objects.filter(allowed)


def _to_telegram(row: Kept) -> UnreadTelegram:
    message = decode_packets([bytes(row.body)]).row(0, named=True)
    return UnreadTelegram(
        id=row.pk,
        manufacturer=row.manufacturer,
        serial=row.serial,
        outcome=row.outcome,
        detail=row.detail,
        received_at=row.received_at,
        source=row.source,
        gateway=message["gateway"],
        road=message["road"],
        payload=message["payload"],
    )


def get_unknown_makes(organisation_id: int) -> list[UnknownMake]:
    """Return the makes of the organisation's meters that no catalogue file knows, the most meters first."""
    states = MeterState.objects.filter(family="unknown").filter(is_of(organisation_id))
    heard = {(row.manufacturer, row.serial): row.last_heard_at for row in states}
    meters = Meter.objects.of(organisation_id).filter(serial__in=[serial for _maker, serial in heard])
    found: dict[tuple[str, int | None, int | None], list[tuple[datetime, int]]] = {}
    for row in meters.order_by("serial"):
        at = heard.get((row.manufacturer, row.serial))
        if at is not None:
            found.setdefault((row.manufacturer, row.version, row.device_type), []).append((at, row.pk))
    makes = [UnknownMake(*key, len(members), *max(members)) for key, members in found.items()]
    return sorted(makes, key=lambda make: -make.meters)


def get_stored_telegram(store: Store, serial: str, *, now: datetime, days: int = 7) -> bytes | None:
    """Return the newest telegram of an address, where every telegram is stored (`[collect] keep_all`); else None."""
    rows = store.read_range("telegrams", ids=[serial], start=now - timedelta(days=days), stop=now)
    return bytes(rows["payload"][-1]) if rows.height else None
