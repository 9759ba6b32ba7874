# SPDX-License-Identifier: Apache-2.0
"""Price lists: taken in as drafts, approved by another person, then never changed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from importlib.resources import files
from typing import Any

from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, record, save_changed, save_new, snapshot
from avlest.registry.services.bulk import insert_rows
from avlest.settlement.contracts import Band, VatRate
from avlest.settlement.contracts import Price as PriceValue
from avlest.settlement.core.money import parse_scaled
from avlest.settlement.core.prices import PriceBook, check_prices
from avlest.settlement.importing.price_lists import PriceListDraft
from avlest.settlement.models import Price, PriceList
from avlest.settlement.models import VatRate as VatRow
from avlest.settlement.services.people import check_other_person
from avlest.settlement.services.telling import do_tell_prices

_VALUE = Decimal(10_000)
_EVER = date(1900, 1, 1)
_STATE = PriceList.State


@transaction.atomic
def do_import_price_list(actor: Actor, draft: PriceListDraft, *, now: datetime) -> int:
    """Keep a good draft as a list that waits for approval; return its number.

    Raises `RegistryError` with every issue where the draft has any, and without a source.
    """
    actor.require(Right.MANAGE_PRICES)
    if not draft.is_good or draft.vat_included is None or draft.valid_from is None:
        raise RegistryError(Problem.BAD_FILE, "; ".join(str(issue) for issue in draft.issues))
    row = PriceList(
        organisation_id=actor.organisation_id, name=draft.name or f"Prices {draft.valid_from}",
        valid_from=draft.valid_from, valid_to=draft.valid_to, vat_included=draft.vat_included,
        source=draft.source or "not given", note=draft.note, vat=[_rate_to_json(rate) for rate in draft.vat],
        made_at=now, made_by=actor.name, made_by_user=actor.user_id,
    )  # fmt: skip
    save_new(actor, row, now=now)
    insert_rows(Price, [_to_row(price, row) for price in draft.prices])
    return int(row.pk)


def _to_row(price: PriceValue, row: PriceList) -> Price:
    return Price(
        organisation_id=row.organisation_id, price_list=row, code=price.code, service=price.service,
        region=price.region, category=price.category, size=price.size, unit=price.unit,
        value=Decimal(price.value) / _VALUE, vat=price.vat, bands=[_band_to_json(band) for band in price.bands],
        minimum_minutes=price.minimum_minutes, text=dict(price.text), source=price.source,
        valid_from=price.valid_from, valid_to=price.valid_to,
    )  # fmt: skip


def _band_to_json(band: Band) -> dict[str, str]:
    return {"days": band.days, "start": band.start.isoformat(), "stop": band.stop.isoformat()}


def _rate_to_json(rate: VatRate) -> dict[str, Any]:
    days = {"valid_from": rate.valid_from, "valid_to": rate.valid_to}
    texts = {name: day.isoformat() for name, day in days.items() if day}
    return {"code": rate.code, "rate": rate.rate, "source": rate.source, **texts}


@transaction.atomic
def do_approve_price_list(actor: Actor, list_id: int, *, now: datetime) -> None:
    """Approve a draft that another person made; the list it follows ends on its first day.

    Raises `RegistryError` for the same person, overlapping dates, or a VAT code without a rate.
    """
    row = access_row(PriceList, actor, list_id, right=Right.MANAGE_PRICES, for_update=True)
    if row.state != _STATE.DRAFT:
        raise RegistryError(Problem.ENDED, f"price list {row} is {row.state} already")
    check_other_person(actor, made_by=row.made_by, made_by_user=row.made_by_user, what=f"price list {row}")
    _end_predecessors(actor, row, now)
    _keep_rates(actor, row, now)
    values = {"state": _STATE.APPROVED, "approved_at": now, "approved_by": actor.name}
    save_changed(actor, row, values, now=now, action="approve")
    _check_whole(actor.organisation_id)
    do_tell_prices(actor, make_price_book(actor.organisation_id), now=now)


def _end_predecessors(actor: Actor, row: PriceList, now: datetime) -> None:
    """An open list that shares a price ends where the new one begins; anything else that overlaps is refused later."""
    codes = set(row.prices.values_list("code", flat=True))
    rows = PriceList.objects.of(row.organisation_id).filter(
        state=_STATE.APPROVED, valid_to__isnull=True, valid_from__lt=row.valid_from
    )
    for earlier in rows.select_for_update():
        if codes & set(earlier.prices.values_list("code", flat=True)):
            save_changed(actor, earlier, {"valid_to": row.valid_from}, now=now, action="succeed")


def _keep_rates(actor: Actor, row: PriceList, now: datetime) -> None:
    """Make rows of the VAT rates that came with the list; codes without any rate take those shipped, if there are."""
    given = [_rate_from_json(values) for values in row.vat]
    used = set(row.prices.values_list("vat", flat=True)) - {rate.code for rate in given}
    used -= set(VatRow.objects.of(row.organisation_id).values_list("code", flat=True))
    shipped = [rate for rate in get_shipped_rates() if rate.code in used]
    known = set(VatRow.objects.of(row.organisation_id).values_list("code", "valid_from"))
    for rate in (*given, *shipped):
        first = rate.valid_from or _EVER
        if (rate.code, first) not in known:
            fresh = VatRow(
                organisation_id=row.organisation_id, code=rate.code, valid_from=first, valid_to=rate.valid_to,
                percent=Decimal(rate.rate) / 100, source=rate.source or row.source,
            )  # fmt: skip
            save_new(actor, fresh, now=now)


def _rate_from_json(given: Mapping[str, Any]) -> VatRate:
    days = {name: date.fromisoformat(given[name]) for name in ("valid_from", "valid_to") if name in given}
    return VatRate(code=given["code"], rate=given["rate"], source=given["source"], **days)


def get_shipped_rates() -> list[VatRate]:
    """Return the VAT rates that ship with the program, with their sources."""
    text = files("avlest.settlement").joinpath("data/case_defaults.toml").read_text(encoding="utf-8")
    return [
        VatRate(
            row["code"], parse_scaled(row["percent"], places=2, place=f"VAT {row['code']}", what="a rate in per cent"),
            row.get("valid_from"), row.get("valid_to"), row.get("source", ""),
        )
        for row in tomllib.loads(text, parse_float=Decimal)["vat"]
    ]  # fmt: skip


def _check_whole(organisation_id: int) -> None:
    errors = check_prices(get_prices(organisation_id), get_vat_rates(organisation_id))
    if errors:
        problem = Problem.OVERLAP if any(error.code == "overlap" for error in errors) else Problem.INVALID
        raise RegistryError(problem, "; ".join(str(error) for error in errors))


@transaction.atomic
def do_withdraw_price_list(actor: Actor, list_id: int, *, now: datetime) -> None:
    """Put a draft aside; an approved list is not withdrawn but followed by a new one."""
    row = access_row(PriceList, actor, list_id, right=Right.MANAGE_PRICES, for_update=True)
    if row.state != _STATE.DRAFT:
        raise RegistryError(Problem.ENDED, f"price list {row} is {row.state}: make a new version instead")
    save_changed(actor, row, {"state": _STATE.WITHDRAWN}, now=now, action="withdraw")


@transaction.atomic
def do_change_price(actor: Actor, price_id: int, *, value: Decimal, now: datetime) -> None:
    """Change a price of a draft; whoever changes it counts as who made the list, so another person approves."""
    price = access_row(Price, actor, price_id, right=Right.MANAGE_PRICES, for_update=True)
    row = access_row(PriceList, actor, price.price_list_id, right=Right.MANAGE_PRICES, for_update=True)
    if row.state != _STATE.DRAFT:
        raise RegistryError(Problem.ENDED, f"price list {row} is {row.state}: make a new version instead")
    before = snapshot(price)
    price.value = value
    price.full_clean()
    price.save()
    record(actor, Change("change", price, before, snapshot(price)), now=now)
    save_changed(actor, row, {"made_by": actor.name, "made_by_user": actor.user_id}, now=now, action="change")


def get_prices(organisation_id: int) -> list[PriceValue]:
    """Return every approved price with its dates, as the core takes them; `place` is `price <row number>`."""
    rows = Price.objects.of(organisation_id).filter(price_list__state=_STATE.APPROVED)
    prices = [to_price(row) for row in rows.select_related("price_list").order_by("price_list__valid_from", "pk")]
    # A later list may end an earlier one before a price of it began: such a price never holds.
    return [price for price in prices if price.valid_to is None or price.valid_from < price.valid_to]  # type: ignore[operator]


def to_price(row: Price) -> PriceValue:
    """Return one price as the core takes it: in its own dates inside those of its list."""
    days = row.price_list
    first = max(row.valid_from or days.valid_from, days.valid_from)
    last = min((day for day in (row.valid_to, days.valid_to) if day), default=None)
    return PriceValue(
        code=row.code, service=row.service, unit=row.unit, value=int(row.value * _VALUE), vat=row.vat,
        vat_included=days.vat_included, valid_from=first, valid_to=last, region=row.region, category=row.category,
        size=row.size, bands=tuple(_band(band) for band in row.bands), minimum_minutes=row.minimum_minutes,
        text=row.text, source=row.source or days.source, place=f"price {row.pk}",
    )  # fmt: skip


def _band(given: dict[str, str]) -> Band:
    return Band(given["days"], time.fromisoformat(given["start"]), time.fromisoformat(given["stop"]))


def get_vat_rates(organisation_id: int) -> list[VatRate]:
    """Return the VAT rates as the core takes them."""
    rows = VatRow.objects.of(organisation_id).order_by("code", "valid_from")
    return [VatRate(row.code, int(row.percent * 100), row.valid_from, row.valid_to, row.source) for row in rows]


def make_price_book(organisation_id: int) -> PriceBook:
    """Return the checked prices of an organisation; `SettlementError` where they contradict each other."""
    return PriceBook(get_prices(organisation_id), get_vat_rates(organisation_id))


def get_price_numbers(prices: Sequence[PriceValue]) -> list[int]:
    """Return the row numbers of prices that came from `get_prices`."""
    return [int(price.place.rpartition(" ")[2]) for price in prices]
