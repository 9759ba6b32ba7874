# SPDX-License-Identifier: Apache-2.0
"""The use of series against other times and other homes, for pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from avlest.insight.infos import ComparisonInfo
from avlest.readings.tables import Store


def get_comparisons(
    store: Store,
    series_ids: Sequence[int],
    *,
    first: date,
    until: date,
    today: date,
    known_from: date | None = None,
) -> list[ComparisonInfo]:
    """Return each series in the local days `[first, until)` against the period before, last year and its like.

    Days from `today` on are not over and do not count.  `known_from`: the first day the viewer may know of; a base that
    begins before it is omitted (`Omitted.BEFORE_TENANCY`).
    """
    raise NotImplementedError
