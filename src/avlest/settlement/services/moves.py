# SPDX-License-Identifier: Apache-2.0
"""A change of owner: one subscriber's account ends on the day another's begins, with the same services."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Max, Q

from avlest.readings.calendar import derive_day_start
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import MeteringPoint, Party, Series, Tenancy
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.tenancies import MoveIn, do_end_tenancy, do_hand_over
from avlest.settlement.models import Account, Agreement, Invoice

_ROLE = Tenancy.Role.SUBSCRIBER


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NewOwner:
    """Who takes over: a party that is known (`party_id`), or somebody new."""

    party_id: int | None = None
    name: str = ""
    email: str = ""
    phone: str = ""


@transaction.atomic
def do_move(actor: Actor, account_id: int, *, day: date, owner: NewOwner | None, now: datetime) -> int | None:
    """End an account on `day` (its first day is the next owner's) and open the next owner's; return the new account.

    The new account has the services, terms and categories of the old one.  Without `owner` the property stands empty
    until somebody is found.  Raises `RegistryError` for an account that ended, or a day on which it had not begun.
    """
    account = access_row(Account, actor, account_id, right=Right.RUN_SETTLEMENT, for_update=True)
    if account.closed_on is not None:
        raise RegistryError(Problem.ENDED, f"account {account.number} ended {account.closed_on}")
    if day <= account.opened_on:
        raise RegistryError(Problem.OVERLAP, f"account {account.number} began {account.opened_on}")
    _hand_over(actor, account, day, owner, now)
    save_changed(actor, account, {"closed_on": day}, now=now, action="close")
    if owner is None:
        return None
    return _open_next(actor, account, day, now)


def _hand_over(actor: Actor, account: Account, day: date, owner: NewOwner | None, now: datetime) -> None:
    at = derive_day_start(day)
    if owner is None:
        rows = Tenancy.objects.of(account.organisation_id).filter(
            property_id=account.property_id, role=_ROLE, ends_at__isnull=True
        )
        for key in rows.values_list("pk", flat=True):
            do_end_tenancy(actor, key, ends_at=at, now=now)
        return
    party = owner.party_id or _make_party(actor, owner, now)
    do_hand_over(actor, MoveIn(party, _ROLE, at, property_id=account.property_id), now=now)


def _make_party(actor: Actor, owner: NewOwner, now: datetime) -> int:
    codes = set(Party.objects.of(actor.organisation_id).values_list("code", flat=True))
    number = Party.objects.of(actor.organisation_id).count() + 1
    while f"N{number}" in codes:
        number += 1
    return do_create_row(
        actor, Party(code=f"N{number}", name=owner.name, email=owner.email, phone=owner.phone), now=now
    )


def _open_next(actor: Actor, before: Account, day: date, now: datetime) -> int:
    organisation = actor.organisation_id
    tenancy = Tenancy.objects.of(organisation).filter(
        property_id=before.property_id, role=_ROLE, starts_at=derive_day_start(day)
    )
    number = Account.objects.of(organisation).aggregate(most=Max("number"))["most"] or 0
    fresh = Account(
        organisation_id=organisation, number=number + 1, party_id=tenancy.values_list("party_id", flat=True)[0],
        property_id=before.property_id, opened_on=day, terms=before.terms, area=before.area,
    )  # fmt: skip
    save_new(actor, fresh, now=now, action="open")
    lasting = Agreement.objects.filter(account=before).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    for row in lasting:
        values = {name: getattr(row, name) for name in ("service", "region", "category", "size", "count")}
        copy = Agreement(organisation_id=organisation, account=fresh, valid_to=row.valid_to, **values)
        save_new(actor, copy, now=now)
    return int(fresh.pk)


def get_settled(account_ids: Sequence[int]) -> set[int]:
    """Return those ended accounts whose last days an invoice has settled."""
    rows = Invoice.objects.filter(account_id__in=account_ids, settles_to__gte=F("account__closed_on"))
    return set(rows.values_list("account_id", flat=True))


@dataclasses.dataclass(frozen=True, slots=True)
class ReadablePoint:
    """A metering point of a property that a person can read: its `code`, and the quantity its series holds."""

    id: int
    code: str
    quantity: str
    unit: str


def access_readable_points(actor: Actor, account_id: int) -> list[ReadablePoint]:
    """Return the points at an account's property whose registers a person can read off."""
    account = access_row(Account, actor, account_id, right=Right.VIEW_SETTLEMENT)
    points = MeteringPoint.objects.of(actor.organisation_id).filter(property_id=account.property_id, unit__isnull=True)
    rows = Series.objects.filter(point__in=points, unit__in=("l", "kwh")).order_by("point__code", "pk")
    found: dict[int, ReadablePoint] = {}
    for point, code, quantity, unit in rows.values_list("point_id", "point__code", "quantity", "unit"):
        found.setdefault(point, ReadablePoint(point, code, quantity, unit))
    return list(found.values())
