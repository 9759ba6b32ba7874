# SPDX-License-Identifier: Apache-2.0
"""The latest reading of what hangs now: without going back through the months of meters that were taken down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from avlest.readings.tables import Store
from avlest.registry.queries import get_series_feeds

Latest = dict[int, tuple[datetime, int]]


def read_latest(store: Store, series_ids: Sequence[int]) -> Latest:
    """Return instant and value (thousandths of the unit) of the present register of each series that has one."""
    feeds = {feed.register_id: feed for feed in get_series_feeds(series_ids) if feed.ends_at is None}
    if not feeds:
        return {}
    rows = store.read_latest("readings", ids=list(feeds)).select("register", "at", "value")
    return {
        feeds[register].series_id: (at, value)
        for register, at, value in rows.iter_rows()
        if at >= feeds[register].starts_at
    }
