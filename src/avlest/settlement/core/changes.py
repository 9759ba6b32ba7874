# SPDX-License-Identifier: Apache-2.0
"""What a new price list changes: each price beside the one that held the day before.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from avlest.settlement.contracts import Price


@dataclasses.dataclass(frozen=True, slots=True)
class PriceChange:
    """One price before and after (ten-thousandths of a krone, None: not there); the same list says who it is for."""

    code: str
    service: str
    unit: str
    who: str
    before: int | None
    after: int | None
    vat_before: bool | None
    vat_after: bool | None

    @property
    def kind(self) -> str:
        """`new`, `gone`, `same`, `up`, `down`, or `vat` where the one includes VAT and the other does not."""
        if self.before is None or self.after is None:
            return "new" if self.before is None else "gone"
        if self.vat_before != self.vat_after:
            return "vat"
        if self.before == self.after:
            return "same"
        return "up" if self.after > self.before else "down"

    @property
    def share(self) -> Fraction | None:
        """The change as a share of the price before; None where the two cannot be compared."""
        if self.kind not in ("up", "down") or not self.before or self.after is None:
            return None
        return Fraction(self.after - self.before, self.before)


def derive_price_changes(held: Sequence[Price], new: Sequence[Price], *, first_day: date) -> list[PriceChange]:
    """Return each price of a list that begins on `first_day`, beside what held the day before.

    A price of `held` that the new list's codes follow and that is not in it any more is `gone`.  The order is that of
    the new list, then what is gone.
    """
    codes = {price.code for price in new}
    before = {_key(price): price for price in held if price.code in codes and _held(price, first_day)}
    after = {_key(price): price for price in new if (price.valid_from or first_day) <= first_day}
    keys = [*after, *(key for key in before if key not in after)]
    return [_compare(before.get(key), after.get(key)) for key in keys]


def _key(price: Price) -> tuple[str, str, str, str]:
    return price.code, price.region, price.category, price.size


def _held(price: Price, first_day: date) -> bool:
    starts = price.valid_from is None or price.valid_from < first_day
    return starts and (price.valid_to is None or price.valid_to >= first_day)


def _compare(before: Price | None, after: Price | None) -> PriceChange:
    shown = after or before
    assert shown is not None
    who = ", ".join(word for word in (shown.region, shown.category, shown.size) if word)
    return PriceChange(
        shown.code, shown.service, shown.unit, who,
        before.value if before else None, after.value if after else None,
        before.vat_included if before else None, after.vat_included if after else None,
    )  # fmt: skip
