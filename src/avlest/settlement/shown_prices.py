# SPDX-License-Identifier: Apache-2.0
"""A price list as pages show it: its prices, its VAT rates, and what it changes."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement.contracts import Price as PriceValue
from avlest.settlement.core.changes import PriceChange, derive_price_changes
from avlest.settlement.models import Price, PriceList, VatRate
from avlest.settlement.services.prices import get_prices, to_price


@dataclasses.dataclass(frozen=True, slots=True)
class ShownPrice:
    """One price; `value` in kroner with the decimals that were given, `text` in the reader's language or ""."""

    id: int
    code: str
    service: str
    who: str
    unit: str
    value: Decimal
    vat: str
    text: str
    valid_from: date | None
    valid_to: date | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShownList:
    """A price list with everything in it; `rates` are VAT rates that come with it: (code, per cent, from, to)."""

    id: int
    name: str
    state: str
    valid_from: date
    valid_to: date | None
    vat_included: bool
    source: str
    note: str
    made_at: datetime
    made_by: str
    is_own: bool
    approved_at: datetime | None
    approved_by: str
    prices: tuple[ShownPrice, ...]
    rates: tuple[tuple[str, Decimal, str, str], ...]
    changes: tuple[PriceChange, ...]


def access_price_list(actor: Actor, list_id: int, *, language: str = "nb") -> ShownList:
    """Return one price list; for a draft also what it changes from the day before its first."""
    row = access_row(PriceList, actor, list_id, right=Right.VIEW_SETTLEMENT)
    rows = list(row.prices.select_related("price_list").order_by("pk"))
    values = [to_price(price) for price in rows]
    is_own = row.made_by == actor.name or (actor.user_id is not None and row.made_by_user == actor.user_id)
    return ShownList(
        id=row.pk, name=row.name, state=row.state, valid_from=row.valid_from, valid_to=row.valid_to,
        vat_included=row.vat_included, source=row.source, note=row.note, made_at=row.made_at, made_by=row.made_by,
        is_own=is_own, approved_at=row.approved_at, approved_by=row.approved_by,
        prices=tuple(_show(price, language) for price in rows), rates=tuple(_show_rate(rate) for rate in row.vat),
        changes=tuple(_derive_changes(row, values)),
    )  # fmt: skip


def _show(price: Price, language: str) -> ShownPrice:
    who = ", ".join(word for word in (price.region, price.category, price.size) if word)
    text = str(price.text.get(language) or price.text.get("nb") or "")
    return ShownPrice(
        price.pk, price.code, price.service, who, price.unit, price.value.normalize(), price.vat, text,
        price.valid_from, price.valid_to,
    )  # fmt: skip


def _show_rate(rate: dict[str, Any]) -> tuple[str, Decimal, str, str]:
    return rate["code"], Decimal(rate["rate"]) / 100, rate.get("valid_from", ""), rate.get("valid_to", "")


def _derive_changes(row: PriceList, values: list[PriceValue]) -> list[PriceChange]:
    if row.state != PriceList.State.DRAFT:
        return []
    return derive_price_changes(get_prices(row.organisation_id), values, first_day=row.valid_from)


def get_rates(organisation_id: int) -> list[tuple[str, Decimal, date, date | None, str]]:
    """Return the VAT rates in force and to come: code, per cent, from, to, source."""
    rows = VatRate.objects.of(organisation_id).order_by("code", "valid_from")
    return list(rows.values_list("code", "percent", "valid_from", "valid_to", "source"))
