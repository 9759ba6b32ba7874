# SPDX-License-Identifier: Apache-2.0
"""Keeping tables small while the service runs: emptied batches go, small files of recent months are merged."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from avlest.collect.models import Batch
from avlest.readings.tables import TABLES, Store, StoreError

logger = logging.getLogger(__name__)

MOST_FILES: Final = 40
"""Files of one partition above which the small ones are merged."""

SPARE_ROWS: Final = 500_000
"""Files of at least this many rows are not merged again by a running worker."""


def do_upkeep(store: Store, *, remembered: timedelta, now: datetime) -> int:
    """Forget emptied batches and merge small files; return how many partitions were merged.

    A store that refuses is logged and left for the next time: upkeep is never urgent.
    """
    Batch.objects.filter(appended_at__isnull=False, decided_at__lt=now - 2 * remembered).delete()
    merged = 0
    try:
        for size in store.sizes():
            if any(period.most_files > MOST_FILES for period in size.periods):
                merged += compact_table(store, size.table, spare_rows=SPARE_ROWS)
    except StoreError as error:
        logger.error("upkeep: %s", error)
    return merged


def compact_table(store: Store, table: str, *, spare_rows: int | None) -> int:
    """Merge every partition of a table that has more than one file; return how many were rewritten."""
    is_bucketed = TABLES[table].is_bucketed
    done = 0
    for partition in store.list_partitions(table):
        bucket = partition[1] if is_bucketed and len(partition) > 1 else 0
        result = store.compact(table, month=partition[0], bucket=bucket, spare_rows=spare_rows)
        done += result.files_after != result.files_before
    if done:
        store.vacuum(table)
        store.checkpoint(table)
    return done
