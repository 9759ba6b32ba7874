# SPDX-License-Identifier: Apache-2.0
"""What residents have sent in, for the staff who answer it: faults, moves, requests about data."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Any

from django.db import transaction

from avlest.portal.resident.models import Case, Fault, MoveNotice, PrivacyRequest
from avlest.readings.calendar import derive_day_start
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Party, Tenancy
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy, do_end_tenancy


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CaseInfo:
    """A case as staff sees it; `kind` is a fault's or a request's, `day` and `successor` a move's."""

    id: int
    party_id: int
    name: str
    place: str
    state: str
    made_at: datetime
    text: str
    kind: str = ""
    day: date | None = None
    successor: str = ""
    photo_id: int | None = None
    answer: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""


def access_faults(actor: Actor, *, is_open: bool | None = None, limit: int = 200) -> list[CaseInfo]:
    """Return the faults residents have told of, the newest first."""
    actor.require(Right.HANDLE_ALARMS)
    rows = _get(Fault, actor, is_open=is_open, limit=limit)
    return [_to_info(row, kind=row.kind, text=row.text, photo_id=row.photo_id) for row in rows]


def access_moves(actor: Actor, *, is_open: bool | None = None, limit: int = 200) -> list[CaseInfo]:
    """Return the moves residents have given notice of."""
    actor.require(Right.CHANGE_PEOPLE)
    return [
        _to_info(row, day=row.day, successor=row.successor, text=row.address)
        for row in _get(MoveNotice, actor, is_open=is_open, limit=limit)
    ]


def access_requests(actor: Actor, *, is_open: bool | None = None, limit: int = 200) -> list[CaseInfo]:
    """Return the requests about people's data."""
    actor.require(Right.CHANGE_PEOPLE)
    rows = _get(PrivacyRequest, actor, is_open=is_open, limit=limit)
    return [_to_info(row, kind=row.kind, text=row.text) for row in rows]


def _get(model: Any, actor: Actor, *, is_open: bool | None, limit: int) -> list[Any]:
    rows = model.objects.of(actor.organisation_id).select_related("party")
    if hasattr(model, "tenancy"):
        rows = rows.select_related("tenancy__unit__property", "tenancy__property")
    if is_open is not None:
        rows = rows.filter(state__in=["new", "working"] if is_open else ["done", "dropped"])
    return list(rows.order_by("-made_at", "-pk")[:limit])


def _to_info(row: Any, *, text: str, **more: Any) -> CaseInfo:
    tenancy = getattr(row, "tenancy", None)
    return CaseInfo(
        id=row.pk, party_id=row.party_id, name=row.party.name, place=_name_place(tenancy) if tenancy else "",
        state=row.state, made_at=row.made_at, text=text, answer=row.answer, answered_at=row.answered_at,
        answered_by=row.answered_by, **more,
    )  # fmt: skip


def _name_place(tenancy: Tenancy) -> str:
    return f"{tenancy.unit.property}, {tenancy.unit.number}" if tenancy.unit else str(tenancy.property)


def do_answer_fault(actor: Actor, fault_id: int, *, state: str, answer: str, now: datetime) -> bool:
    """Set what became of a fault: state `working` or `done`, and an answer that the resident reads."""
    return _answer(actor, Fault, fault_id, Right.HANDLE_ALARMS, state, answer, now)


def do_answer_request(actor: Actor, request_id: int, *, state: str, answer: str, now: datetime) -> bool:
    """Set what became of a request about data."""
    return _answer(actor, PrivacyRequest, request_id, Right.CHANGE_PEOPLE, state, answer, now)


@transaction.atomic
def _answer(actor: Actor, model: type[Case], number: int, right: Right, state: str, answer: str, now: datetime) -> bool:
    row = access_row(model, actor, number, right=right, for_update=True)
    if state not in (Case.State.WORKING, Case.State.DONE):
        raise RegistryError(Problem.INVALID, f"state: {state!r}, expected working or done")
    values = {"state": state, "answer": answer[:1000], "answered_at": now, "answered_by": actor.name[:150]}
    return save_changed(actor, row, values, now=now, action="answer")


@transaction.atomic
def do_accept_move(actor: Actor, notice_id: int, *, now: datetime) -> int | None:
    """End the tenancies of who leaves on the day, and begin that of who takes over; return the new one's number.

    None where nobody takes over.  Raises `RegistryError` when the tenancy has ended, or the notice is settled.
    """
    notice = access_row(MoveNotice, actor, notice_id, right=Right.CHANGE_PEOPLE, for_update=True)
    if notice.state not in (Case.State.NEW, Case.State.WORKING):
        raise RegistryError(Problem.ENDED, f"the notice is {notice.state}")
    tenancy, at = notice.tenancy, derive_day_start(notice.day)
    place: dict[str, Any] = {"unit_id": tenancy.unit_id, "property_id": tenancy.property_id}
    same = Tenancy.objects.of(actor.organisation_id).filter(party_id=tenancy.party_id, ends_at__isnull=True, **place)
    roles = list(same.order_by("pk").values_list("pk", "role"))
    for number, _role in roles:
        do_end_tenancy(actor, number, ends_at=at, now=now)
    begun = _begin_all(actor, notice, [role for _number, role in roles], at, now)
    values = {"state": Case.State.DONE.value, "answered_at": now, "answered_by": actor.name[:150]}
    save_changed(actor, notice, values, now=now, action="accept")
    return begun


def _begin_all(actor: Actor, notice: MoveNotice, roles: list[str], at: datetime, now: datetime) -> int | None:
    """The one who comes gets the roles of the one who leaves."""
    if not notice.successor:
        return None
    party = Party(
        organisation_id=actor.organisation_id, code=f"flytting-{notice.pk}", name=notice.successor,
        email=notice.successor_email, phone=notice.successor_phone,
    )  # fmt: skip
    number = do_create_row(actor, party, now=now)
    place = {"unit_id": notice.tenancy.unit_id, "property_id": notice.tenancy.property_id}
    begun = [do_begin_tenancy(actor, MoveIn(number, role, at, **place), now=now) for role in roles]
    return begun[0] if begun else None
