# SPDX-License-Identifier: Apache-2.0
"""Price lists: what is refused, and which price holds when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from avlest.settlement.contracts import Price, SettlementError, VatRate
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.prices import Customer, PriceBook, check_prices

VAT = [
    VatRate("water", 2500, None, date(2025, 7, 1)),
    VatRate("water", 1500, date(2025, 7, 1)),
]
WATER = Price(
    code="W", service="water", unit="m3", value=452700, vat="water", vat_included=True, place="list.toml, price 1"
)


def test_the_choice_of_vat_is_forced():
    """A list that does not say whether VAT is included is refused, with the place."""
    with pytest.raises(SettlementError, match=r"list.toml, price 1: vat_included = true") as caught:
        PriceBook([replace(WATER, vat_included=None)], VAT)
    assert caught.value.code == "vat_not_chosen"


def test_overlapping_dates_are_refused_with_both_places():
    """Two prices of one code on one day."""
    first = replace(WATER, valid_to=date(2026, 2, 1))
    second = replace(WATER, valid_from=date(2026, 1, 1), place="list.toml, price 7")
    with pytest.raises(SettlementError, match=r"list.toml, price 7: dates of its own.*list.toml, price 1") as caught:
        PriceBook([first, second], VAT)
    assert caught.value.code == "overlap"


def test_everything_wrong_is_found_at_once():
    """All errors of a list together."""
    prices = [
        replace(WATER, vat_included=None),
        replace(WATER, code="X", vat="luxury"),
        replace(WATER, code="Y", valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 1)),
        replace(WATER, code="Z", value=-1),
    ]
    assert {error.code for error in check_prices(prices, VAT)} == {
        "vat_not_chosen", "no_vat_rate", "bad_period", "bad_number",
    }  # fmt: skip


def test_vat_rates_that_overlap_are_refused():
    """One rate on each day."""
    with pytest.raises(SettlementError, match="VAT code water"):
        PriceBook([WATER], [VAT[0], replace(VAT[1], valid_from=date(2025, 6, 1))])


def test_vat_follows_delivery():
    """2025 is two segments at one price: 25 % to and including 30 June, 15 % after (rules §1.3)."""
    segments = PriceBook([WATER], VAT).get_segments("W", Customer(), derive_year(2025))
    assert [(segment.days.stop, segment.rate, segment.value) for segment in segments] == [
        (date(2025, 7, 1), 2500, 452700),
        (date(2026, 1, 1), 1500, 452700),
    ]


def test_the_most_particular_price_wins():
    """A price for the category counts before one for all; others do not get it."""
    special = replace(WATER, category="business", value=300000)
    book = PriceBook([WATER, special], VAT)
    days = derive_year(2026)
    assert [row.value for row in book.get_segments("W", Customer(category="business"), days)] == [300000]
    assert [row.value for row in book.get_segments("W", Customer(category="household"), days)] == [452700]


def test_days_without_a_price_are_an_error_and_none_at_all_is_nothing():
    """A price from March does not settle January; a price for businesses is not for households."""
    late = replace(WATER, valid_from=date(2026, 3, 1), category="business")
    book = PriceBook([late], VAT)
    with pytest.raises(SettlementError, match="a price for 2026-01-01") as caught:
        book.get_segments("W", Customer(category="business"), derive_year(2026))
    assert caught.value.code == "no_price"
    assert book.get_segments("W", Customer(category="household"), derive_year(2026)) == ()


def test_a_day_without_a_vat_rate_is_an_error():
    """A code whose rate begins in 2025 says nothing of 2024."""
    book = PriceBook([WATER], VAT[1:])
    with pytest.raises(SettlementError, match="a VAT rate of water for 2024-01-01"):
        book.get_segments("W", Customer(), derive_year(2024))


def test_cuts_are_the_days_to_read_series_on():
    """Changes of price and VAT inside the year, for the services asked for."""
    other = Price(
        code="S", service="wastewater", unit="m3", value=1, vat="water", vat_included=True, valid_from=date(2025, 3, 1)
    )
    book = PriceBook([WATER, other], VAT)
    assert book.get_cuts(["water"], derive_year(2025)) == [date(2025, 7, 1)]
    assert book.get_cuts(["water", "wastewater"], derive_year(2025)) == [date(2025, 3, 1), date(2025, 7, 1)]
    assert book.get_cuts(["water"], Days(date(2026, 1, 1), date(2027, 1, 1))) == []
