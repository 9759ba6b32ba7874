# SPDX-License-Identifier: Apache-2.0
"""Runs made and issued by the service for those who asked; a page only asks and looks how far it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction

from avlest.portal.billing.models import Work
from avlest.readings.options import open_configured_store
from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.errors import RegistryError
from avlest.registry.rights import AccessDeniedError, Actor, Right
from avlest.registry.services.audit import save_new
from avlest.settlement.contracts import SettlementError
from avlest.settlement.models import Run
from avlest.settlement.services.issue import do_issue_run
from avlest.settlement.services.runs import RunRequest, do_drop_run, do_make_run

logger = logging.getLogger(__name__)
_STATE = Work.State
_KIND = Work.Kind
_RIGHTS: Final = {_KIND.MAKE.value: Right.RUN_SETTLEMENT, _KIND.ISSUE.value: Right.APPROVE_SETTLEMENT}
_DATES: Final = ("invoice_on", "due_on")


def do_ask(actor: Actor, kind: str, order: Mapping[str, Any], *, now: datetime) -> int:
    """Put work on the list and return its number; asking twice for what is not done yet is asking once."""
    actor.require(_RIGHTS[kind])
    row = Work(
        organisation_id=actor.organisation_id, kind=kind, order=dict(order), key=_derive_key(order), asked_at=now,
        asked_by=actor.name, asked_by_user=actor.user_id, run=order.get("run"),
    )  # fmt: skip
    try:
        with transaction.atomic():
            save_new(actor, row, now=now, action=f"ask to {kind}")
    except (IntegrityError, RegistryError):
        same = Work.objects.of(actor.organisation_id).filter(kind=kind, key=row.key)
        waiting = same.filter(state__in=[_STATE.WAITING, _STATE.DOING]).first()
        if waiting is None:
            raise
        return int(waiting.pk)
    return int(row.pk)


def _derive_key(order: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()


def to_order(request: RunRequest) -> dict[str, Any]:
    """Return a run's request as JSON."""
    values = dataclasses.asdict(request)
    days = {name: values[name] and values[name].isoformat() for name in _DATES}
    return {**values, **days, "accounts": None if request.accounts is None else sorted(request.accounts)}


def from_order(order: Mapping[str, Any]) -> RunRequest:
    """Return the request that `to_order` wrote."""
    days = {name: date.fromisoformat(order[name]) if order.get(name) else None for name in _DATES}
    accounts = order.get("accounts")
    return RunRequest(
        kind=order["kind"], year=order["year"], month=order["month"], **days,
        accounts=None if accounts is None else tuple(accounts),
    )  # fmt: skip


def access_work(actor: Actor, work_id: int) -> Work:
    """Return work of the actor's organisation."""
    return access_row(Work, actor, work_id, right=Right.VIEW_SETTLEMENT)


def get_pending(organisation_id: int) -> list[Work]:
    """Return what is not done, and what failed last, newest first."""
    rows = Work.objects.of(organisation_id).exclude(state=_STATE.DONE).order_by("-pk")
    return list(rows[:5])


def do_all(now: datetime, *, store: Store | None = None) -> str:
    """Do all that was asked for, in the order it was asked; what was cut off is begun anew or gone on with."""
    done = 0
    for row in Work.objects.filter(state__in=[_STATE.WAITING, _STATE.DOING]).order_by("pk"):
        _do_one(row, store or open_configured_store(settings.AVLEST), now)
        done += 1
    return f"{done} asked for and done"


def _do_one(row: Work, store: Store, now: datetime) -> None:
    was_cut_off = row.state == _STATE.DOING
    Work.objects.filter(pk=row.pk).update(state=_STATE.DOING, began_at=now)
    actor = Actor(row.organisation_id, row.asked_by, frozenset({_RIGHTS[row.kind]}), row.asked_by_user)
    try:
        run = _make(actor, row, store, now, again=was_cut_off) if row.kind == _KIND.MAKE else _issue(actor, row, now)
    except (RegistryError, SettlementError, AccessDeniedError) as refused:
        code = getattr(refused, "problem", None) or getattr(refused, "code", "") or "denied"
        end: dict[str, Any] = {"state": _STATE.FAILED, "problem": str(code), "detail": str(refused)[:1000]}
    else:
        end = {"state": _STATE.DONE, "run": run}
    Work.objects.filter(pk=row.pk).update(**end, ended_at=now)


def _make(actor: Actor, row: Work, store: Store, now: datetime, *, again: bool) -> int:
    if again:
        _drop_unfinished(actor, row, now)
    return do_make_run(actor, from_order(row.order), store=store, now=now)


def _drop_unfinished(actor: Actor, row: Work, now: datetime) -> None:
    """A run whose making was cut off has no digest: it is put aside and made anew."""
    rows = Run.objects.of(row.organisation_id).filter(
        state=Run.State.PREVIEW, digest="", made_by=row.asked_by, made_at__gte=row.asked_at, kind=row.order["kind"]
    )
    for run in rows:
        logger.warning("run %s was cut off and is made anew", run.pk)
        do_drop_run(actor, run.pk, now=now)


def _issue(actor: Actor, row: Work, now: datetime) -> int:
    do_issue_run(actor, row.order["run"], now=now)
    return int(row.order["run"])
