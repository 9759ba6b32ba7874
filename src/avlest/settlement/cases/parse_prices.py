# SPDX-License-Identifier: Apache-2.0
"""Prices and VAT of a case."""

from __future__ import annotations

from collections.abc import Sequence

from avlest.settlement.cases.reader import (
    CaseError,
    Table,
    choice,
    clock,
    day,
    flag,
    fraction,
    percent,
    text,
    value,
    whole,
)
from avlest.settlement.contracts import Band, Price, SettlementError, Unit, VatRate
from avlest.settlement.core.prices import PriceBook, check_prices
from avlest.settlement.core.work import check_bands

_DAYS = ("weekday", "holiday", "every")
_BY_TIME = (Unit.HOUR.value, Unit.ONCE.value)


def parse_book(case: Table, lists: Sequence[Table], vat: Sequence[VatRate]) -> PriceBook:
    """The price book of a case: its own prices after those of the lists it names.

    A VAT code with rows in the case or its lists has only those; the others are as shipped.  Raises CaseError, or the
    SettlementError that says which price is wrong.
    """
    included = case.take("vat_included", flag, None)
    for table in case.tables("list"):
        included = table.take("vat_included", flag, included)
        table.check_names(("name", "valid_from", "valid_to", "source", "note"))
    prices: list[Price] = []
    own: list[VatRate] = []
    for source in [*lists, case]:
        prices += [_parse_price(table, included=included) for table in source.tables("price", "prices")]
        own += [_parse_vat(table) for table in source.tables("vat")]
    codes = {rate.code for rate in own}
    rates = [*own, *(rate for rate in vat if rate.code not in codes)]
    if not prices:
        raise CaseError(case.at("price"), "at least one price, or price_list with the name of a shipped list")
    if errors := [*check_prices(prices, rates), *check_bands_of(prices)]:
        raise errors[0]
    return PriceBook(prices, rates)


def check_bands_of(prices: Sequence[Price]) -> list[SettlementError]:
    """Bands are compared within one service."""
    services = dict.fromkeys(price.service for price in prices if price.bands)
    return [error for name in services for error in check_bands([price for price in prices if price.service == name])]


def _parse_price(table: Table, *, included: bool | None) -> Price:
    unit = table.need("unit", choice(Unit), f"the unit: {', '.join(Unit)}").value
    price = Price(
        code=table.need("code", text, "the price's code"),
        service=table.need("service", text, "the service, such as water"),
        unit=unit,
        value=table.need("value|price", value, "the price in kroner"),
        vat=table.take("vat", text, "general" if unit in _BY_TIME else "water"),
        vat_included=table.take("vat_included", flag, included),
        valid_from=table.take("valid_from|from", day, None),
        valid_to=table.take("valid_to|to", day, None),
        region=table.take("region", text, ""),
        category=table.take("category", text, ""),
        size=table.take("size", text, ""),
        bands=_parse_bands(table),
        minimum_minutes=_parse_minimum(table),
        text=_parse_text(table),
        source=table.take("source", text, ""),
        place=table.place,
    )
    table.check_names()
    return price


def _parse_minimum(table: Table) -> int:
    hours = table.take("minimum_hours", fraction, None)
    return int(hours * 60) if hours is not None else table.take("minimum_minutes", whole, 0)


def _parse_text(table: Table) -> dict[str, str]:
    if not table.has("text"):
        return {}
    rows = table.tables("text")[0]
    return {code: rows.take(code, text, "") for code in ("nb", "nn", "en") if rows.has(code)}


def _parse_bands(table: Table) -> tuple[Band, ...]:
    return tuple(_parse_band(band) for band in table.tables("bands", "band"))


def _parse_band(table: Table) -> Band:
    days = table.take("days", text, "every")
    if days not in _DAYS:
        raise CaseError(table.at("days"), f"one of {', '.join(_DAYS)}, not {days!r}")
    start = table.need("start|from", clock, "the band's start, such as 07:00")
    stop = table.need("stop|to", clock, "the band's end, such as 14:30 or 24:00")
    table.check_names()
    return Band(days, start, stop)


def _parse_vat(table: Table) -> VatRate:
    rate = VatRate(
        code=table.need("code", text, "the VAT code"),
        rate=table.need("percent|rate", percent, "the rate in per cent"),
        valid_from=table.take("valid_from|from", day, None),
        valid_to=table.take("valid_to|to", day, None),
        source=table.take("source", text, ""),
    )
    table.check_names()
    return rate


def parse_vat_rows(table: Table) -> list[VatRate]:
    """The shipped VAT rows."""
    return [_parse_vat(row) for row in table.tables("vat")]
