# SPDX-License-Identifier: Apache-2.0
"""Deliveries: made when a report is due, tried until they are taken or given up, every attempt noted."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from avlest.portal.billing.models import Delivery, Report
from avlest.portal.billing.reporting.calendar import derive_days, derive_next
from avlest.portal.billing.reporting.contents import make_sheet
from avlest.portal.billing.reporting.files import build_file
from avlest.portal.billing.reporting.roads import (
    DeliveryError,
    Parcel,
    Server,
    send_by_email,
    send_by_sftp,
)
from avlest.readings.options import open_configured_store
from avlest.readings.tables import Store
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor
from avlest.registry.services.audit import save_changed
from avlest.wording import format_period

RETRIES: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 120, 360, 720))
"""How long until the next attempt; after the last one a delivery is given up."""
_MISSED: Final = 10
_STATE: Final = Delivery.State
_TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def do_deliver(now: datetime, *, store: Store | None = None) -> str:
    """Make the deliveries that are due and try those that wait for an attempt."""
    made = sum(do_plan(report, now=now) for report in Report.objects.filter(is_active=True, next_at__lte=now))
    waiting = Delivery.objects.filter(state=_STATE.WAITING, next_at__lte=now).select_related("report__organisation")
    sent = [do_attempt(row, store or open_configured_store(settings.AVLEST), now=now) for row in waiting]
    return f"{made} made, {sent.count(True)} sent, {sent.count(False)} not taken"


@transaction.atomic
def do_plan(report: Report, *, now: datetime) -> int:
    """Make a delivery for each time the report was due (the latest ten, after a long stop); return how many."""
    due, times = report.next_at, []
    while due <= now:
        times.append(due)
        due = derive_next(report.every, report.hour, after=due)
    rows = [_make(report, at, now) for at in times[-_MISSED:]]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    Report.objects.filter(pk=report.pk).update(next_at=due)
    return len(rows)


def _make(report: Report, due_at: datetime, now: datetime) -> Delivery:
    first, stop = derive_days(report.every, due_at)
    return Delivery(
        organisation_id=report.organisation_id, report=report, starts_on=first, stops_on=stop, due_at=due_at,
        next_at=now,
    )  # fmt: skip


@transaction.atomic
def do_send_now(actor: Actor, report: Report, *, now: datetime) -> int:
    """Make a delivery of the last whole day, week or month at once; it goes out with the next turn of the service."""
    row = _make(report, now, now)
    row.save(force_insert=True)
    save_changed(actor, report, {}, now=now, action="send now")
    return int(row.pk)


@transaction.atomic
def do_try_again(actor: Actor, delivery: Delivery, *, now: datetime) -> None:
    """Try a delivery that was given up once more; `RegistryError` for one that was sent."""
    if delivery.state != _STATE.FAILED:
        raise RegistryError(Problem.ENDED, f"delivery {delivery} is {delivery.state}")
    values = {"state": _STATE.WAITING, "attempts": 0, "next_at": now}
    save_changed(actor, delivery, values, now=now, action="try again")


def do_attempt(row: Delivery, store: Store, *, now: datetime) -> bool:
    """Make the file and hand it over; note how it went, and when the next attempt is."""
    attempts = row.attempts + 1
    try:
        parcel, rows = make_parcel(row, store)
        _hand_over(row.report, parcel)
    except DeliveryError as error:
        is_over = attempts > len(RETRIES)
        values: dict[str, Any] = {"state": _STATE.FAILED if is_over else _STATE.WAITING, "problem": str(error)[:1000]}
        values |= {"next_at": None if is_over else now + RETRIES[attempts - 1]}
        Delivery.objects.filter(pk=row.pk).update(attempts=attempts, **values)
        return False
    Delivery.objects.filter(pk=row.pk).update(
        state=_STATE.SENT, attempts=attempts, next_at=None, sent_at=now, filename=parcel.filename, rows=rows,
        size=len(parcel.content), sha256=hashlib.sha256(parcel.content).hexdigest(), problem="",
    )  # fmt: skip
    return True


def make_parcel(row: Delivery, store: Store) -> tuple[Parcel, int]:
    """Return the file of a delivery and how many rows it has, in the language of its report."""
    report = row.report
    with translation.override(report.language):
        heads, rows = make_sheet(
            report.content, row.organisation_id, starts_on=row.starts_on, stops_on=row.stops_on, store=store,
            language=report.language,
        )  # fmt: skip
        heads = [str(head) for head in heads]
        period = format_period(row.starts_on, row.stops_on, language=report.language)
        subject = f"{report.name}: {period}".replace("\u00a0", " ")
        text = _("%(name)s for %(period)s from %(organisation)s, %(rows)d rows.") % {
            "name": report.name, "period": period, "organisation": report.organisation.name, "rows": len(rows)
        }  # fmt: skip
    name = _name_file(report, row.starts_on, row.stops_on)
    content = build_file(report.format, heads, rows)
    reference = f"report-{report.pk}-{row.pk}"
    media_type = _TYPES[report.format]
    return (
        Parcel(filename=name, content=content, media_type=media_type, subject=subject, text=text, reference=reference),
        len(rows),
    )


def _name_file(report: Report, first: date, stop: date) -> str:
    """A name of plain letters: what it is and the days it is about."""
    words = re.sub(r"[^a-z0-9]+", "-", report.name.lower().translate(str.maketrans("æøå", "eoa"))).strip("-")
    last = stop - timedelta(days=1)
    days = first.isoformat() if first == last else f"{first.isoformat()}-{last.isoformat()}"
    return f"{words or report.content}-{days}.{report.format}"


def _hand_over(report: Report, parcel: Parcel) -> None:
    if report.road == Report.Road.EMAIL:
        send_by_email(parcel, list(report.emails))
        return
    server = Server(
        host=report.host, port=report.port, username=report.username, folder=report.folder, host_key=report.host_key
    )
    send_by_sftp(parcel, server)
