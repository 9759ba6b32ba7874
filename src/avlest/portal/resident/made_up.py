# SPDX-License-Identifier: Apache-2.0
"""Cases that residents of a make-believe municipality have sent in: the pages of cases have something to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from avlest.portal.resident.inbox import do_answer_fault
from avlest.portal.resident.models import Case, Fault, MoveNotice
from avlest.readings.calendar import derive_local_day
from avlest.registry.models import Tenancy
from avlest.registry.rights import Actor
from avlest.registry.services.audit import save_new


@dataclass(frozen=True, slots=True)
class _Told:
    """A fault as somebody wrote it so many days ago, and what was answered a day later."""

    kind: Fault.Kind
    days: int
    text: str
    state: Case.State = Case.State.NEW
    answer: str = ""


_TOLD: Final = (
    _Told(Fault.Kind.LEAK, 2, "Toalettet på gjestebadet står og renner. Vi har stengt vannet til det om natta."),
    _Told(
        Fault.Kind.READING, 9, "Måleren viser mer i natt enn vi bruker. Kan noen se på den?",
        Case.State.WORKING, "Vi ser at det går vann hele døgnet, og sender noen på torsdag.",
    ),
    _Told(
        Fault.Kind.METER, 24, "Glasset på måleren er dugget, så vi ikke får lest tallene.",
        Case.State.DONE, "Måleren er tørr og tett. Duggen er på utsiden og kan tørkes av.",
    ),
    _Told(
        Fault.Kind.INVOICE, 40, "Vi har betalt, men fått purring.",
        Case.State.DONE, "Betalingen manglet KID. Den er funnet, og gebyret er slettet.",
    ),
)  # fmt: skip
_MOVES_IN: Final = 20


@transaction.atomic
def do_make_up_cases(actor: Actor, *, now: datetime) -> int:
    """Let people with a log-in, then others, tell of faults, and one give notice of a move; return how many cases.

    Nothing where there are cases already.
    """
    if Fault.objects.of(actor.organisation_id).exists():
        return 0
    homes = Tenancy.objects.of(actor.organisation_id).filter(
        ends_at__isnull=True, unit__kind="dwelling", starts_at__lt=now - timedelta(days=max(t.days for t in _TOLD))
    )
    with_login_first = F("party__user").asc(nulls_last=True)
    tenancies = list(homes.order_by(with_login_first, "pk")[: len(_TOLD) + 1])
    for told, tenancy in zip(_TOLD, tenancies, strict=False):
        _tell(actor, told, tenancy, now=now)
    leaving = tenancies[len(_TOLD) : len(_TOLD) + 1]
    for tenancy in leaving:
        row = MoveNotice(
            organisation_id=actor.organisation_id, party_id=tenancy.party_id, tenancy=tenancy,
            made_at=now - timedelta(days=3), day=derive_local_day(now) + timedelta(days=_MOVES_IN),
            successor="Solveig Tangvik", successor_email="solveig@fjordvik.example",
        )  # fmt: skip
        save_new(actor, row, now=now, action="notice")
    return min(len(_TOLD), len(tenancies)) + len(leaving)


def _tell(actor: Actor, told: _Told, tenancy: Tenancy, *, now: datetime) -> None:
    made_at = now - timedelta(days=told.days)
    row = Fault(
        organisation_id=actor.organisation_id, party_id=tenancy.party_id, tenancy=tenancy, kind=told.kind,
        text=told.text, made_at=made_at,
    )  # fmt: skip
    save_new(actor, row, now=made_at, action="report")
    if told.answer:
        do_answer_fault(actor, row.pk, state=told.state, answer=told.answer, now=made_at + timedelta(days=1))
