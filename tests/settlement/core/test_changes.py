# SPDX-License-Identifier: Apache-2.0
"""What a new price list changes, price by price."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from avlest.settlement.contracts import Price
from avlest.settlement.core.changes import derive_price_changes

FIRST = date(2026, 1, 1)


def price(code: str, value: int, **more) -> Price:
    values = {"service": "water", "unit": "m3", "vat": "water", "vat_included": True, **more}
    return Price(code=code, value=value, **values)


def change(held: list[Price], new: list[Price]) -> dict[tuple[str, str], str]:
    return {(one.code, one.who): one.kind for one in derive_price_changes(held, new, first_day=FIRST)}


@pytest.mark.parametrize(
    ("before", "after", "kind", "share"),
    [
        (400_000, 500_000, "up", Fraction(1, 4)),
        (400_000, 300_000, "down", Fraction(-1, 4)),
        (400_000, 400_000, "same", None),
        (0, 400_000, "up", None),
    ],
)
def test_a_price_is_compared_with_the_one_of_the_day_before(before, after, kind, share):
    (one,) = derive_price_changes([price("W", before)], [price("W", after)], first_day=FIRST)
    assert (one.kind, one.share) == (kind, share)


def test_prices_for_others_are_others():
    """A category of its own is new; the one that nobody follows is gone; other codes are let be."""
    held = [price("W", 1), price("W", 2, category="cabin"), price("S", 3)]
    new = [price("W", 1), price("W", 2, category="farm")]
    assert change(held, new) == {("W", ""): "same", ("W", "farm"): "new", ("W", "cabin"): "gone"}


def test_what_ended_before_and_what_begins_later_is_not_compared():
    held = [price("W", 1, valid_to=date(2025, 6, 1)), price("W", 2, valid_from=date(2025, 6, 1), valid_to=FIRST)]
    new = [price("W", 3), price("W", 9, valid_from=date(2026, 7, 1))]
    (one,) = derive_price_changes(held, new, first_day=FIRST)
    assert (one.before, one.after) == (2, 3)


def test_with_and_without_vat_are_not_compared_by_amount():
    (one,) = derive_price_changes([price("W", 1)], [price("W", 2, vat_included=False)], first_day=FIRST)
    assert (one.kind, one.share) == ("vat", None)
