# SPDX-License-Identifier: Apache-2.0
"""What use costs, day by day: the price in force on a day, and amounts of money from quantities without rounding."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from avlest.insight.models import ConsumptionPrice
from avlest.insight.prices import load_usual
from avlest.project.prepared import Prepared

_PER_UNIT: Final = {"l": 1_000_000, "kwh": 1_000}
"""Thousandths of a canonical unit in one unit of its price: a cubic metre, a kilowatt-hour."""
_PARTS: Final = 10_000
"""A price has four decimals."""


@dataclasses.dataclass(frozen=True, slots=True)
class PriceStep:
    """From the local day `starts_on`: kr per m³ (or kWh), VAT and wastewater with it."""

    starts_on: date
    price: Decimal
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of one medium in one organisation; `unit` is the canonical unit of the quantities."""

    unit: str
    usual: Sequence[PriceStep]
    own: Sequence[PriceStep]

    def find(self, day: date) -> PriceStep | None:
        """Return the price in force on a day: the organisation's own, else the usual one; None for none."""
        for steps in (self.own, self.usual):
            found = [step for step in steps if step.starts_on <= day]
            if found:
                return max(found, key=lambda step: step.starts_on)
        return None

    def derive_parts(self, value: int, day: date) -> int | None:
        """Return what `value` (thousandths) of that day costs, in exact parts of an øre; see `round_parts`."""
        step = self.find(day)
        return None if step is None else value * int(step.price * _PARTS)

    def round_parts(self, parts: int) -> int:
        """Return a sum of parts as øre, half up."""
        divisor = _PER_UNIT[self.unit] * _PARTS // 100
        sign = -1 if parts < 0 else 1
        return sign * ((2 * abs(parts) + divisor) // (2 * divisor))


_PRICES: Final = Prepared(
    lambda organisation, media: (
        ConsumptionPrice.objects.of(organisation)
        .filter(medium__in=media)
        .order_by("starts_on")
        .values_list("medium", "starts_on", "price", "source")
    )
)


def get_tariff(organisation_id: int, medium: str, *, unit: str) -> Tariff | None:
    """Return what use of a medium costs; None where no price is known, or the unit is not what a price is given in."""
    return get_tariffs(organisation_id, {medium: unit}).get(medium)


def get_tariffs(organisation_id: int, units: Mapping[str, str]) -> dict[str, Tariff]:
    """Return what use of some media costs; `units`: the canonical unit of each medium's quantities.  One query."""
    priced = {medium: unit for medium, unit in units.items() if unit in _PER_UNIT}
    own: dict[str, list[PriceStep]] = {}
    for medium, *step in _PRICES.ask(organisation=organisation_id, media=list(priced)):
        own.setdefault(medium, []).append(PriceStep(*step))
    usual: dict[str, list[PriceStep]] = {}
    for name, starts, price in load_usual():
        usual.setdefault(name, []).append(PriceStep(date.fromisoformat(starts), price, ""))
    return {
        medium: Tariff(unit, usual.get(medium, ()), own.get(medium, ()))
        for medium, unit in priced.items()
        if medium in own or medium in usual
    }
