# SPDX-License-Identifier: Apache-2.0
"""KIDs of many documents at once; `payments.kid` is the plain definition they are tested against.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avlest.settlement.payments.kid import KidMethod, derive_kid

_OWNER = 1
_LONGEST_NUMBER = 18
"""Digits that fit a whole number of 64 bits."""


def derive_kids(
    customers: Sequence[int], numbers: Sequence[int], *, method: KidMethod, widths: tuple[int, int, int]
) -> list[str]:
    """Return the KID of each (customer, invoice number); `SettlementError` where a number does not fit its width."""
    base = _derive_bases(customers, numbers, widths)
    if base is None or method is not KidMethod.MOD10:
        pairs = zip(customers, numbers, strict=True)
        return [derive_kid(customer=c, owner=_OWNER, invoice=n, method=method, widths=widths) for c, n in pairs]
    rest, total = base.copy(), np.zeros(len(base), np.int64)
    for place in range(sum(widths)):
        rest, digit = np.divmod(rest, 10)
        product = digit * (2 - place % 2)
        total += product // 10 + product % 10
    kids = base * 10 + -total % 10
    length = sum(widths) + 1
    return [f"{kid:0{length}d}" for kid in kids.tolist()]


def _derive_bases(
    customers: Sequence[int], numbers: Sequence[int], widths: tuple[int, int, int]
) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """The digits before the check digit as one number; None where that is too long, or a part does not fit."""
    customer, number = np.array(customers, np.int64), np.array(numbers, np.int64)
    fits = all(
        not part.size or (int(part.min()) >= 0 and int(part.max()) < 10**width)
        for part, width in ((customer, widths[0]), (number, widths[2]))
    )
    if not fits or sum(widths) + 1 > _LONGEST_NUMBER:
        return None
    base: np.ndarray[tuple[int], np.dtype[np.int64]] = (customer * 10 ** widths[1] + _OWNER) * 10 ** widths[2] + number
    return base
