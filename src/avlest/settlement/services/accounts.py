# SPDX-License-Identifier: Apache-2.0
"""Accounts and what they have agreed: opened from the register, moved, given another a konto."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from avlest.readings.calendar import derive_local_day
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Tenancy
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, record, save_changed, save_new, snapshot
from avlest.registry.services.bulk import insert_rows
from avlest.settlement.models import Account, AdvanceLevel, Agreement, Configuration, Discretion, ServiceOrder


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What new accounts get: services by category, terms a year; `categories` names the category of a property."""

    services: Sequence[str] = ("water", "wastewater")
    terms: int = 4
    categories: Mapping[int, str] = dataclasses.field(default_factory=dict)


@transaction.atomic
def do_open_accounts(actor: Actor, opening: Opening, *, now: datetime) -> list[int]:
    """Open an account for each subscriber of a property that has none, and close those whose tenancy ended.

    Subscribers are tenancies with the role subscriber (the owner of the connected property, rules §1.1).  Returns the
    numbers of the new accounts in the order of properties and time.  Run again it only adds what is new.
    """
    actor.require(Right.RUN_SETTLEMENT)
    known = {
        (account.party_id, account.property_id, account.opened_on): account
        for account in Account.objects.of(actor.organisation_id)
    }
    rows = Tenancy.objects.of(actor.organisation_id).filter(role=Tenancy.Role.SUBSCRIBER, property__isnull=False)
    number = Account.objects.of(actor.organisation_id).aggregate(most=Max("number"))["most"] or 0
    fresh: list[Account] = []
    for tenancy in rows.order_by("property_id", "starts_at", "pk"):
        assert tenancy.property_id is not None
        opened, closed = derive_local_day(tenancy.starts_at), tenancy.ends_at and derive_local_day(tenancy.ends_at)
        account = known.get((tenancy.party_id, tenancy.property_id, opened))
        if account is None:
            number += 1
            fresh.append(
                Account(
                    organisation_id=actor.organisation_id, number=number, party_id=tenancy.party_id,
                    property_id=tenancy.property_id, opened_on=opened, closed_on=closed, terms=opening.terms,
                )
            )  # fmt: skip
        elif account.closed_on != closed:
            save_changed(actor, account, {"closed_on": closed}, now=now, action="close")
    _insert(actor, fresh, opening, now)
    return [int(account.pk) for account in fresh]


def _insert(actor: Actor, accounts: Sequence[Account], opening: Opening, now: datetime) -> None:
    # Closed ones first: a property has one open account at a time.
    insert_rows(Account, accounts)
    services = [
        Agreement(
            organisation_id=actor.organisation_id, account=account, service=service,
            category=opening.categories.get(account.property_id, ""),
        )
        for account in accounts for service in opening.services
    ]  # fmt: skip
    insert_rows(Agreement, services)
    record(actor, *(Change("open", account, None, snapshot(account)) for account in accounts), now=now)


@transaction.atomic
def do_set_agreement(actor: Actor, account_id: int, *, service: str, values: Mapping[str, Any], now: datetime) -> int:
    """Give an account a service, or change its category, size class, count or days; return the row's number."""
    access_row(Account, actor, account_id, right=Right.RUN_SETTLEMENT)
    row = Agreement.objects.of(actor.organisation_id).filter(account=account_id, service=service, valid_to=None).first()
    if row is None:
        row = Agreement(organisation_id=actor.organisation_id, account_id=account_id, service=service, **values)
        save_new(actor, row, now=now)
    else:
        save_changed(actor, row, values, now=now, action="change")
    return int(row.pk)


@transaction.atomic
def do_set_terms(actor: Actor, account_id: int, *, terms: int, now: datetime) -> None:
    """Change how many terms a year an account pays in: the customer's choice (rules §1.4)."""
    row = access_row(Account, actor, account_id, right=Right.RUN_SETTLEMENT, for_update=True)
    save_changed(actor, row, {"terms": terms}, now=now, action="change terms")


@transaction.atomic
def do_set_advance(
    actor: Actor, account_id: int, *, year: int, quantities: Mapping[str, int], reason: str, now: datetime,
    origin: str = AdvanceLevel.Origin.REQUEST,
) -> None:  # fmt: skip
    """Give an account another a konto for the rest of a year: quantities a year by service, in thousandths.

    The terms that are left take up the difference.  The earlier levels stay as history.
    """
    access_row(Account, actor, account_id, right=Right.RUN_SETTLEMENT)
    for service, quantity in quantities.items():
        row = AdvanceLevel(
            organisation_id=actor.organisation_id, account_id=account_id, year=year, service=service,
            quantity=quantity, valid_from=derive_local_day(now), origin=origin, reason=reason, made_at=now,
            made_by=actor.name,
        )  # fmt: skip
        save_new(actor, row, now=now)


@transaction.atomic
def do_set_advances(
    actor: Actor, levels: Mapping[int, Mapping[str, int]], *, year: int, reason: str, now: datetime
) -> None:
    """Give many accounts their a konto of a year at once, as when a municipality begins: by account and service."""
    actor.require(Right.RUN_SETTLEMENT)
    own = set(Account.objects.of(actor.organisation_id).values_list("pk", flat=True))
    stray = set(levels) - own
    if stray:
        raise RegistryError(Problem.INVALID, f"no account {min(stray)} in this organisation")
    rows = [
        AdvanceLevel(
            organisation_id=actor.organisation_id, account_id=account, year=year, service=service, quantity=quantity,
            valid_from=date(year, 1, 1), origin=AdvanceLevel.Origin.REQUEST, reason=reason, made_at=now,
            made_by=actor.name,
        )
        for account, services in levels.items() for service, quantity in services.items()
    ]  # fmt: skip
    insert_rows(AdvanceLevel, rows)
    record(actor, *(Change("set a konto", row, None, snapshot(row)) for row in rows), now=now)


@transaction.atomic
def do_decide_quantity(
    actor: Actor, account_id: int, *, starts_on: date, stops_on: date, quantity: int, reason: str, now: datetime
) -> int:
    """Set a quantity by discretion; the reason is mandatory, the customer may appeal (rules §1.8 no. 5)."""
    access_row(Account, actor, account_id, right=Right.RUN_SETTLEMENT)
    row = Discretion(
        organisation_id=actor.organisation_id, account_id=account_id, starts_on=starts_on, stops_on=stops_on,
        quantity=quantity, reason=reason.strip(), decided_by=actor.name, decided_on=derive_local_day(now),
    )  # fmt: skip
    save_new(actor, row, now=now)
    return int(row.pk)


@transaction.atomic
def do_order_service(actor: Actor, order: ServiceOrder, *, now: datetime) -> int:
    """Note a one-off or hourly service; it is charged by the next run of terms or settlement."""
    access_row(Account, actor, order.account_id, right=Right.RUN_SETTLEMENT)
    order.organisation_id = actor.organisation_id
    save_new(actor, order, now=now)
    return int(order.pk)


@transaction.atomic
def do_configure(actor: Actor, values: Mapping[str, Any], *, now: datetime) -> None:
    """Set how the organisation settles: address, bank account, options."""
    actor.require(Right.MANAGE)
    row = Configuration.objects.of(actor.organisation_id).select_for_update().first()
    if row is None:
        row = Configuration(organisation_id=actor.organisation_id, **values)
        save_new(actor, row, now=now)
    else:
        save_changed(actor, row, values, now=now, action="change")
