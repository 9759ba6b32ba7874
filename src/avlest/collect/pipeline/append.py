# SPDX-License-Identifier: Apache-2.0
"""From decided batches to the Delta tables, exactly once.

Batches that wait are frozen into one numbered append in a transaction; the number travels in the Delta commit.  Whoever
comes after a crash finds the same rows under the same number and appends them again, which the store skips where they
already are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.db import transaction

from avlest.collect.models import Batch, Lane
from avlest.collect.pipeline.settle import unpack_frame
from avlest.readings.tables import Store

MOST_BATCHES = 200
_TABLES = ("readings", "telegrams")


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What one append did; `repeated` when the rows were there from before a crash."""

    number: int
    batches: int
    rows: int
    repeated: bool


def get_writer(lane: int) -> str:
    """The name a lane writes under in the Delta tables."""
    return f"collect-{lane}"


def do_append(store: Store, *, lane: int, now: datetime) -> AppendResult | None:
    """Append what waits in a lane; None where nothing does.  Raises `StoreError`; then everything still waits."""
    number = _freeze(store, lane)
    if number is None:
        return None
    batches = list(Batch.objects.filter(lane=lane, append=number, appended_at__isnull=True).order_by("pk"))
    rows, repeated = 0, False
    for table in _TABLES:
        parts = [unpack_frame(body) for batch in batches if len(body := getattr(batch, table))]
        if parts:
            done = store.append(table, pl.concat(parts), writer=get_writer(lane), batch=number)
            rows, repeated = rows + done.rows, repeated or done.repeated
    own = Batch.objects.filter(lane=lane, append=number)
    own.update(appended_at=now, readings=b"", telegrams=b"")
    return AppendResult(number, len(batches), rows, repeated)


@transaction.atomic(durable=True)
def _freeze(store: Store, lane: int) -> int | None:
    """The number of the append that is due: one that was begun, else a new one of all batches that wait."""
    waiting = Batch.objects.filter(lane=lane, appended_at__isnull=True)
    begun = waiting.filter(append__isnull=False).order_by("append").values_list("append", flat=True).first()
    if begun is not None:
        return int(begun)
    chosen = list(waiting.order_by("pk").values_list("pk", flat=True)[:MOST_BATCHES])
    if not chosen:
        return None
    Lane.objects.get_or_create(number=lane)
    row = Lane.objects.select_for_update().get(number=lane)
    # A database restored from a backup may be behind the tables: numbers they know must not come again.
    known = max(store.get_last_batch(table, writer=get_writer(lane)) or 0 for table in _TABLES)
    row.last_append = max(row.last_append, known) + 1
    row.save(update_fields=["last_append"])
    Batch.objects.filter(pk__in=chosen, append__isnull=True).update(append=row.last_append)
    return int(row.last_append)
