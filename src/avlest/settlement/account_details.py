# SPDX-License-Identifier: Apache-2.0
"""One account with all that was agreed on: services, a konto, decisions, orders."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from decimal import Decimal

from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement.infos import AccountInfo
from avlest.settlement.models import Account, AdvanceLevel, Agreement, Discretion, ServiceOrder
from avlest.settlement.queries import get_accounts
from avlest.settlement.services.prices import make_price_book

_LEVELS = 20


@dataclasses.dataclass(frozen=True, slots=True)
class AgreementInfo:
    """A service of an account in `[valid_from, valid_to)`."""

    service: str
    region: str
    category: str
    size: str
    count: int
    valid_from: date | None
    valid_to: date | None


@dataclasses.dataclass(frozen=True, slots=True)
class LevelInfo:
    """An a konto a year, thousandths; `origin` is run, request or proposal."""

    year: int
    service: str
    quantity: int
    valid_from: date
    origin: str
    reason: str
    made_by: str


@dataclasses.dataclass(frozen=True, slots=True)
class DecisionInfo:
    """A quantity set by discretion, thousandths."""

    starts_on: date
    stops_on: date
    quantity: int
    reason: str
    decided_by: str
    decided_on: date


@dataclasses.dataclass(frozen=True, slots=True)
class OrderInfo:
    """An ordered service; `invoice_id` once it is charged."""

    code: str
    starts_at: datetime
    ends_at: datetime | None
    quantity: Decimal
    note: str
    invoice_id: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """An account and what belongs to it, newest first."""

    account: AccountInfo
    area: Decimal | None
    persons: int | None
    agreements: tuple[AgreementInfo, ...]
    levels: tuple[LevelInfo, ...]
    decisions: tuple[DecisionInfo, ...]
    orders: tuple[OrderInfo, ...]


def access_account_details(actor: Actor, account_id: int) -> AccountDetails:
    """Return one account of the organisation with all that was agreed on."""
    row = access_row(Account, actor, account_id, right=Right.VIEW_SETTLEMENT)
    of = {"account_id": account_id, "organisation_id": actor.organisation_id}
    agreements = Agreement.objects.filter(**of).order_by("service", "-valid_from")
    levels = AdvanceLevel.objects.filter(**of).order_by("-year", "-valid_from", "-pk")[:_LEVELS]
    decisions = Discretion.objects.filter(**of).order_by("-decided_on", "-pk")
    orders = ServiceOrder.objects.filter(**of).order_by("-starts_at", "-pk")
    return AccountDetails(
        account=get_accounts(account_ids=[account_id])[0], area=row.area, persons=row.persons,
        agreements=tuple(AgreementInfo(*values) for values in agreements.values_list(*_names(AgreementInfo))),
        levels=tuple(LevelInfo(*values) for values in levels.values_list(*_names(LevelInfo))),
        decisions=tuple(DecisionInfo(*values) for values in decisions.values_list(*_names(DecisionInfo))),
        orders=tuple(OrderInfo(*values) for values in orders.values_list(*_names(OrderInfo))),
    )  # fmt: skip


def _names(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def get_order_codes(organisation_id: int) -> list[tuple[str, str]]:
    """Return the codes of prices an order can have (an hour, once) with their services."""
    book = make_price_book(organisation_id)
    pairs = {price.code: price.service for price in book.prices if price.unit in ("hour", "once")}
    return sorted(pairs.items())


def get_service_names(organisation_id: int) -> list[str]:
    """Return the services that the price lists, or agreements, of an organisation know."""
    known = set(Agreement.objects.of(organisation_id).values_list("service", flat=True).distinct())
    return sorted(known | {price.service for price in make_price_book(organisation_id).prices})
