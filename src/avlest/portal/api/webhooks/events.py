# SPDX-License-Identifier: Apache-2.0
"""Finding out what has happened: new alarms, alarms that are over, invoices, settlements.

An event is made once, whatever runs how often: its kind and key are unique, and it is made together with its
deliveries in one transaction.  It says which row, not what is in it; the receiver asks the API for that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from django.db import models, transaction
from django.db.models import Max

from avlest.insight.models import Alarm
from avlest.portal.api.models import Webhook, WebhookDelivery, WebhookEvent, WebhookMark
from avlest.portal.api.webhooks.contracts import EventKind
from avlest.settlement.models import Invoice, Run

_BACK: Final = 1000
"""Rows looked at again: a transaction that began earlier may end later."""
_RECENT: Final = timedelta(days=30)
KEPT: Final = timedelta(days=90)
_CHUNK: Final = 500
_NUMBERED: Final[dict[EventKind, type[models.Model]]] = {
    EventKind.ALARM_OPENED: Alarm,
    EventKind.INVOICE_ISSUED: Invoice,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened, before it is known whether it was told already."""

    kind: EventKind
    key: str
    at: datetime
    body: dict[str, Any]


def do_begin_marks(organisation_id: int) -> None:
    """Begin to watch an organisation's rows from now on; those it has already are no events."""
    for kind, model in _NUMBERED.items():
        last = model._default_manager.aggregate(last=Max("pk"))["last"] or 0
        WebhookMark.objects.get_or_create(
            organisation_id=organisation_id, kind=kind.value, defaults={"first": last, "position": last}
        )


def do_find_events(*, now: datetime) -> int:
    """Make the events of all organisations that have webhooks; return how many are new."""
    hooks = Webhook.objects.filter(ended_at__isnull=True, is_active=True)
    made = 0
    for organisation in sorted(set(hooks.values_list("organisation_id", flat=True))):
        own = list(hooks.filter(organisation_id=organisation))
        made += _find_of(organisation, own, now)
    return made


def _find_of(organisation: int, hooks: Sequence[Webhook], now: datetime) -> int:
    made = 0
    for kind in _NUMBERED:
        mark = WebhookMark.objects.of(organisation).filter(kind=kind.value).first()
        if mark is not None:
            made += _follow_rows(mark, kind, hooks, now)
    since = max(now - _RECENT, min(hook.made_at for hook in hooks))
    runs = Run.objects.of(organisation).filter(issued_at__gte=since)
    made += do_make_events(organisation, hooks, [_of_run(run) for run in runs], now=now)
    return made + do_make_events(organisation, hooks, _find_cleared(organisation), now=now)


def _follow_rows(mark: WebhookMark, kind: EventKind, hooks: Sequence[Webhook], now: datetime) -> int:
    """Turn rows after the mark into events, chunk by chunk."""
    made, position = 0, mark.position
    start = max(mark.first, position - _BACK)
    while True:
        rows: list[Any] = list(_get_rows(kind, mark.organisation_id, after=start))
        if not rows:
            return made
        with transaction.atomic():
            made += do_make_events(mark.organisation_id, hooks, [_of_row(kind, row) for row in rows], now=now)
            start, position = rows[-1].pk, max(position, rows[-1].pk)
            WebhookMark.objects.filter(pk=mark.pk).update(position=position)


def _get_rows(kind: EventKind, organisation: int, *, after: int) -> Iterable[models.Model]:
    if kind == EventKind.ALARM_OPENED:
        return Alarm.objects.of(organisation).filter(pk__gt=after, is_shown=True).order_by("pk")[:_CHUNK]
    return Invoice.objects.of(organisation).filter(pk__gt=after).order_by("pk")[:_CHUNK]


def _of_row(kind: EventKind, row: Any) -> Happened:
    return _of_alarm(kind, row, row.found_at) if kind == EventKind.ALARM_OPENED else _of_invoice(row)


def _of_alarm(kind: EventKind, row: Alarm, at: datetime) -> Happened:
    body = {
        "alarm_id": row.pk, "kind": row.kind, "severity": row.severity, "point_id": row.point_id,
        "since": _write(row.since), "cleared_at": _write(row.cleared_at),
    }  # fmt: skip
    return Happened(kind, str(row.pk), at, body)


def _of_invoice(row: Invoice) -> Happened:
    body = {"invoice_id": row.pk, "kind": row.kind, "number": row.number, "settlement_id": row.run_id}
    at = datetime.fromisoformat(f"{row.issued_on.isoformat()}T00:00:00+00:00")
    return Happened(EventKind.INVOICE_ISSUED, str(row.pk), at, body)


def _of_run(run: Run) -> Happened:
    body = {"settlement_id": run.pk, "kind": run.kind, "year": run.year, "month": run.month}
    return Happened(EventKind.SETTLEMENT_ISSUED, str(run.pk), run.issued_at or run.made_at, body)


def _write(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _find_cleared(organisation: int) -> list[Happened]:
    """Alarms that were told of and are over."""
    told = WebhookEvent.objects.of(organisation)
    over = set(told.filter(kind=EventKind.ALARM_CLEARED.value).values_list("key", flat=True))
    keys = told.filter(kind=EventKind.ALARM_OPENED.value).values_list("key", flat=True)
    waiting = [int(key) for key in keys if key not in over]
    found: list[Happened] = []
    for at in range(0, len(waiting), _CHUNK):
        rows = Alarm.objects.of(organisation).filter(pk__in=waiting[at : at + _CHUNK], cleared_at__isnull=False)
        found += [_of_alarm(EventKind.ALARM_CLEARED, row, row.cleared_at or row.last_at) for row in rows]
    return found


@transaction.atomic
def do_make_events(organisation: int, hooks: Sequence[Webhook], happened: Sequence[Happened], *, now: datetime) -> int:
    """Make events that are new, each with a delivery to every webhook that wants its kind; return how many."""
    new = 0
    for one in _leave_out_known(organisation, happened):
        uid = f"evt_{uuid5(NAMESPACE_URL, f'avlest:{organisation}:{one.kind}:{one.key}').hex}"
        event, is_new = WebhookEvent.objects.get_or_create(
            organisation_id=organisation, kind=one.kind.value, key=one.key,
            defaults={"uid": uid, "at": one.at, "body": one.body},
        )  # fmt: skip
        if is_new:
            new += 1
            wanted = [hook for hook in hooks if one.kind.value in hook.events]
            WebhookDelivery.objects.bulk_create(
                WebhookDelivery(organisation_id=organisation, webhook=hook, event=event, due_at=now) for hook in wanted
            )
    return new


def _leave_out_known(organisation: int, happened: Sequence[Happened]) -> list[Happened]:
    """What no event was made of, in one query a chunk: most of what is looked at again is known."""
    known: set[tuple[str, str]] = set()
    for at in range(0, len(happened), _CHUNK):
        keys = [one.key for one in happened[at : at + _CHUNK]]
        kinds = {one.kind.value for one in happened[at : at + _CHUNK]}
        rows = WebhookEvent.objects.of(organisation).filter(kind__in=kinds, key__in=keys)
        known |= set(rows.values_list("kind", "key"))
    return [one for one in happened if (one.kind.value, one.key) not in known]


def do_forget_events(*, now: datetime) -> int:
    """Remove events that everybody has had for a while, with the log of their deliveries."""
    old = WebhookEvent.objects.filter(at__lt=now - KEPT)
    waiting = WebhookDelivery.objects.filter(state=WebhookDelivery.State.WAITING).values("event")
    return old.exclude(pk__in=waiting).delete()[0]
