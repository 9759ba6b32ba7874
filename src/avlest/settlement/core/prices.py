# SPDX-License-Identifier: Apache-2.0
"""Dated prices and VAT rates: which price holds on which days (rules §0.5, §1.2, §1.3)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from avlest.settlement.contracts import Price, SettlementError, Unit, VatRate
from avlest.settlement.core.calendar import Days, derive_pieces, find_overlap

T = TypeVar("T")
FIRST, LAST = date(1900, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Segment:
    """Days with one price and one VAT rate.  `version` is the price's row in the book."""

    days: Days
    value: int
    vat: str
    rate: int
    vat_included: bool
    version: int


@dataclass(frozen=True, slots=True)
class Customer:
    """What decides which prices a subscriber has: fields of `contracts.SERVICES`."""

    region: str = ""
    category: str = ""
    size: str = ""


def derive_price_days(price: Price) -> Days:
    """When a price holds."""
    return Days(price.valid_from or FIRST, price.valid_to or LAST)


def check_prices(prices: Sequence[Price], vat: Sequence[VatRate]) -> list[SettlementError]:
    """Everything wrong with a price list: `vat_not_chosen`, `bad_period`, `overlap`, `no_vat_rate`, `bad_unit`."""
    errors = [error for price in prices for error in _check_price(price)]
    groups: dict[tuple[str, ...], list[Price]] = {}
    for price in prices:
        groups.setdefault((price.code, price.region, price.category, price.size), []).append(price)
    errors += [error for group in groups.values() if (error := _check_overlap(group))]
    rates: dict[str, list[VatRate]] = {}
    for rate in vat:
        rates.setdefault(rate.code, []).append(rate)
    errors += [error for group in rates.values() if (error := _check_rates(group))]
    missing = [price for price in prices if price.vat not in rates]
    return errors + [
        SettlementError("no_vat_rate", price.place or price.code, f"a VAT code with a rate, not {price.vat!r}")
        for price in missing
    ]


def _check_price(price: Price) -> list[SettlementError]:
    place = price.place or price.code
    errors = []
    if price.vat_included is None:
        text = "vat_included = true (prices with VAT) or false (without): the list does not say, so someone must choose"
        errors.append(SettlementError("vat_not_chosen", place, text))
    if derive_price_days(price).length <= 0:
        errors.append(SettlementError("bad_period", place, "valid_from before valid_to"))
    if price.bands and price.unit != Unit.HOUR:
        errors.append(SettlementError("bad_unit", place, "bands only on a price per hour"))
    if price.value < 0:
        errors.append(SettlementError("bad_number", place, "a price from 0 up"))
    return errors


def _check_overlap(group: Sequence[Price]) -> SettlementError | None:
    pair = find_overlap([derive_price_days(price) for price in group])
    if pair is None:
        return None
    first, second = group[min(pair)], group[max(pair)]
    text = f"dates of its own: {second.code} already has a price from {first.valid_from or 'ever'} to "
    text += f"{first.valid_to or 'open'} ({first.place or first.code})"
    return SettlementError("overlap", second.place or second.code, text)


def _check_rates(group: Sequence[VatRate]) -> SettlementError | None:
    periods = [Days(rate.valid_from or FIRST, rate.valid_to or LAST) for rate in group]
    code = f"VAT code {group[0].code}"
    if any(period.length <= 0 for period in periods):
        return SettlementError("bad_period", code, "valid_from before valid_to")
    if find_overlap(periods):
        return SettlementError("overlap", code, "one rate on each day, but two rates share days")
    return None


class PriceBook:
    """Checked prices and VAT rates, and what holds when.

    Raises the first of `check_prices` when built; use that function first to show them all.
    """

    def __init__(self, prices: Sequence[Price], vat: Sequence[VatRate]) -> None:
        if errors := check_prices(prices, vat):
            raise errors[0]
        self.prices = tuple(prices)
        self.vat = tuple(vat)
        self._known: dict[Hashable, Any] = {}
        self._codes: dict[tuple[str, str], tuple[str, ...]] = {}
        for price in prices:
            key = (price.service, price.unit)
            self._codes[key] = tuple(dict.fromkeys((*self._codes.get(key, ()), price.code)))

    def recall(self, key: Hashable, build: Callable[[], T]) -> T:
        """What was built for a key before, else built now: a book never changes, and runs ask it the same again."""
        if key not in self._known:
            self._known[key] = build()
        found: T = self._known[key]
        return found

    def get_codes(self, service: str, *units: str) -> tuple[str, ...]:
        """Price codes of a service with one of the units, in the order of the list."""
        return tuple(code for unit in units for code in self._codes.get((service, unit), ()))

    def get_services(self, *units: str) -> tuple[str, ...]:
        """Services that have a price with one of the units, in the order of the list."""
        return tuple(dict.fromkeys(price.service for price in self.prices if price.unit in units))

    def get_rate(self, code: str, day: date) -> VatRate | None:
        """The VAT rate of a code for what is delivered on a day."""
        fits = (rate for rate in self.vat if rate.code == code)
        return next((rate for rate in fits if (rate.valid_from or FIRST) <= day < (rate.valid_to or LAST)), None)

    def get_segments(self, code: str, customer: Customer, days: Days) -> tuple[Segment, ...]:
        """The days cut where the price or its VAT rate changes, each with what holds then.

        Where no price is for this customer nothing is returned.  Raises SettlementError `no_price` where a price
        holds on some of the days only, and `no_vat_rate` where its VAT code has no rate on a day.
        """
        fits = self._find_prices(code, customer)
        if not fits:
            return ()
        cuts = self._find_cuts(fits)
        return _merge(self._build_segment(code, fits, piece) for piece in derive_pieces(days, cuts))

    def get_pieces(self, code: str, customer: Customer, days: Days) -> list[Days]:
        """The days cut at each date on which this customer's price or its VAT may change, priced or not."""
        return derive_pieces(days, self._find_cuts(self._find_prices(code, customer)))

    def _find_cuts(self, rows: Sequence[int]) -> set[date]:
        codes = {self.prices[row].vat for row in rows}
        cuts = {day for row in rows for day in derive_price_days(self.prices[row])}
        return cuts | {
            day for rate in self.vat if rate.code in codes for day in (rate.valid_from, rate.valid_to) if day
        }

    def _find_prices(self, code: str, customer: Customer) -> list[int]:
        """Rows of the book for this customer, the most particular first."""
        rows = [row for row, price in enumerate(self.prices) if price.code == code and _is_for(price, customer)]
        return sorted(rows, key=lambda row: -_particularity(self.prices[row]))

    def _build_segment(self, code: str, fits: Sequence[int], piece: Days) -> Segment:
        for row in fits:
            price = self.prices[row]
            if derive_price_days(price).overlap(piece) == piece:
                rate = self.get_rate(price.vat, piece.start)
                if rate is None:
                    text = f"a VAT rate of {price.vat} for {piece.start}"
                    raise SettlementError("no_vat_rate", price.place or code, text)
                return Segment(piece, price.value, price.vat, rate.rate, bool(price.vat_included), row)
        raise SettlementError("no_price", code, f"a price for {piece.start}")

    def get_cuts(self, services: Iterable[str], days: Days) -> list[date]:
        """Days inside `days` on which a price or a VAT rate of the services changes: where series are to be read."""
        wanted = set(services)
        prices = [price for price in self.prices if price.service in wanted]
        codes = {price.vat for price in prices}
        dates = {day for price in prices for day in derive_price_days(price)}
        dates |= {day for rate in self.vat if rate.code in codes for day in (rate.valid_from, rate.valid_to) if day}
        return sorted(day for day in dates if days.start < day < days.stop)


def _is_for(price: Price, customer: Customer) -> bool:
    pairs = ((price.region, customer.region), (price.category, customer.category), (price.size, customer.size))
    return all(not wanted or wanted == has for wanted, has in pairs)


def _particularity(price: Price) -> int:
    return sum(1 for field in (price.region, price.category, price.size) if field)


def _merge(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Neighbours with the same price and rate are one."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if last and (last.version, last.rate) == (segment.version, segment.rate):
            merged[-1] = Segment(
                Days(last.days.start, segment.days.stop), last.value, last.vat, last.rate, last.vat_included,
                last.version,
            )  # fmt: skip
        else:
            merged.append(segment)
    return tuple(merged)
