# SPDX-License-Identifier: Apache-2.0
"""Which gateways hear which meters, so that people see whom one gateway alone hears."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from avlest.collect.models import Reach
from avlest.collect.pipeline.repeats import Marks

_MOST: Final = 5_000_000
_CHUNK: Final = 500
REACHED: Final = {"manufacturer": pl.String(), "serial": pl.String(), "gateway": pl.String(), "last_on": pl.Date()}


@dataclass(slots=True)
class ReachMemory:
    """What was written already, so that each pair is written once a day."""

    written: dict[tuple[str, str, str], date] = field(default_factory=dict)

    def choose(self, reached: pl.DataFrame) -> list[Reach]:
        """Return the rows that say something new, and remember them."""
        if len(self.written) > _MOST:
            self.written.clear()
        fresh = []
        for manufacturer, serial, gateway, day in reached.iter_rows():
            key = (manufacturer, serial, gateway)
            if self.written.get(key, date.min) < day:
                self.written[key] = day
                fresh.append(Reach(manufacturer=manufacturer, serial=serial, gateway=gateway, last_on=day))
        return fresh


def derive_reached(heard: pl.DataFrame, marks: Marks, messages: pl.DataFrame) -> pl.DataFrame:
    """Return which gateways have heard whom in a batch: `REACHED`.

    `heard` are all messages with their `marks`, `messages` those that were decoded (row, manufacturer, serial).  A copy
    has the mark of the message it repeats; one whose first copy came in an earlier batch is passed over.
    """
    every = heard.select("row", "gateway", "received_at", "replayed").with_columns(mark=pl.Series(marks))
    named = messages.filter(pl.col("serial") != "").select("row", "manufacturer", "serial")
    senders = every.select("row", "mark").join(named, on="row").unique("mark").drop("row")
    live = every.filter((pl.col("gateway") != "") & ~pl.col("replayed")).join(senders, on="mark")
    day = pl.from_epoch("received_at", "us").dt.date().alias("last_on")
    latest = live.group_by("manufacturer", "serial", "gateway").agg(pl.col("received_at").max())
    return latest.select("manufacturer", "serial", pl.col("gateway").str.slice(0, 64), day)


def write_reach(rows: list[Reach]) -> None:
    """Write what is new; call it in a transaction."""
    Reach.objects.bulk_create(
        # Always in the same order: two lanes never wait for each other in a circle.
        sorted(rows, key=lambda row: (row.serial, row.manufacturer, row.gateway)),
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["serial", "manufacturer", "gateway"],
        update_fields=["last_on"],
    )
