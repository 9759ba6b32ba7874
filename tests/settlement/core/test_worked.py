# SPDX-License-Identifier: Apache-2.0
"""Worked numbers of the rules that no case or run holds."""

from __future__ import annotations

import polars as pl
import pytest

from avlest.settlement.core.money import derive_shares
from avlest.settlement.core.totals import derive_vat_totals


@pytest.mark.parametrize(("rate", "base", "vat"), [(1500, 582_492, 87_374), (2500, 535_893, 133_973)])
def test_the_vat_contained_in_an_invoice(rate: int, base: int, vat: int) -> None:
    """Of 6 698.66 kr: 5 824.92 and 873.74 at 15 %, 5 358.93 and 1 339.73 at 25 % (rules §1.6)."""
    lines = pl.DataFrame(
        {"subscriber": [1, 1], "rate": [rate, rate], "vat_included": [True, True], "amount": [600_000, 69_866]}
    )
    assert derive_vat_totals(lines, ["subscriber"]).rows() == [(1, rate, base, vat, 669_866)]


@pytest.mark.parametrize(
    ("fee", "parts"), [(317_000, [131_142, 185_858]), (342_000, [141_485, 200_515])], ids=["water", "wastewater"]
)
def test_a_yearly_fee_is_split_by_days_at_a_move(fee: int, parts: list[int]) -> None:
    """151 and 214 days of 3 170 and of 3 420 kr (rules §1.10)."""
    assert derive_shares(fee, [151, 214]) == parts
