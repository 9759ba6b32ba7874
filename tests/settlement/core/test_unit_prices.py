# SPDX-License-Identifier: Apache-2.0
"""What one more cubic metre costs a household: all services that its meter is charged by, VAT with it."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from avlest.settlement.contracts import Price, VatRate
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.unit_prices import derive_unit_prices

CHANGE, LOWER = date(2026, 1, 1), date(2025, 7, 1)
WATER = Price(code="W", service="water", unit="m3", value=362_160, vat="water", vat_included=False, source="a list")
SEWER = dataclasses.replace(WATER, code="S", service="wastewater", value=488_560)
RATES = (VatRate("water", 2500, None, LOWER, "law"), VatRate("water", 1500, LOWER, None, "law"))
BOTH = ("water", "wastewater")


def test_services_add_up_and_follow_the_rate_of_tax():
    """36.2160 + 48.8560 kr: 106.3400 with 25 per cent, 97.8328 with 15."""
    found = derive_unit_prices(PriceBook((WATER, SEWER), RATES), BOTH)
    assert [(day, price) for day, price, _ in found][1:] == [(LOWER, Decimal("97.8328"))]
    assert found[0][1:] == (Decimal("106.3400"), "a list")


def test_a_price_with_tax_in_it_stands_as_it_is():
    """Nothing is added, and a change of the rate is no change of the price."""
    given = dataclasses.replace(WATER, vat_included=True, value=452_700)
    assert [price for _, price, _ in derive_unit_prices(PriceBook((given,), RATES), ["water"])] == [Decimal("45.2700")]


def test_days_on_which_a_service_has_no_price_are_left_out():
    """Half a price would make a leak look cheap."""
    late = dataclasses.replace(SEWER, valid_from=CHANGE)
    found = derive_unit_prices(PriceBook((WATER, late), RATES), BOTH)
    assert [(day, price) for day, price, _ in found] == [(CHANGE, Decimal("97.8328"))]


def test_prices_for_some_only_say_nothing_of_the_others():
    """A price of a category is not everybody's."""
    farms = dataclasses.replace(WATER, category="farm")
    assert derive_unit_prices(PriceBook((farms,), RATES), ["water"]) == []
    assert derive_unit_prices(PriceBook((), RATES), ["water"]) == []
