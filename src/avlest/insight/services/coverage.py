# SPDX-License-Identifier: Apache-2.0
"""Coverage: what was expected of each road, source, gateway and zone, and what came, day by day."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl
from django.db import transaction

from avlest.insight.coverage import EXPECTED, derive_coverage
from avlest.insight.evaluate.silence import build_meters, get_placed, join_heard
from avlest.insight.evaluate.statuses import get_speakers
from avlest.insight.models import CoverageDay
from avlest.insight.silence import load_silence_rules, pick_rule
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.tables import Store

RECENT: Final = timedelta(days=7)
_HOUR_SECONDS: Final = 3600
_PORTION: Final = timedelta(days=31)
_COUNTS: Final = ("meters", "heard", "expected", "received")


@dataclasses.dataclass(frozen=True, slots=True)
class Covered:
    """How many days, and rows of them, were written."""

    days: int = 0
    rows: int = 0

    def describe(self) -> str:
        """One sentence for the log and the page of jobs."""
        return f"coverage of {self.days} days, {self.rows} rows"


def do_cover(store: Store, *, now: datetime, first: date | None = None, until: date | None = None) -> Covered:
    """Count the local days `[first, until)`, by default the last week.  Idempotent."""
    end = until or derive_local_day(now)
    begin = first or end - RECENT
    expected, days, rows = get_expected(now), (end - begin).days, 0
    while begin < end:
        stop = min(begin + _PORTION, end)
        rows += _cover(store, expected, begin, stop)
        begin = stop
    return Covered(days, rows)


def get_expected(now: datetime) -> pl.DataFrame:
    """Return the meters that have been heard, since when they hang, how often they send: `coverage.EXPECTED`.

    A reading is kept once an hour at most, so no more is expected.
    """
    rule = pick_rule(load_silence_rules(), derive_local_day(now))
    placed = get_placed()
    meters = build_meters(placed, rule)
    known = join_heard(placed)
    span = (pl.col("last_heard_at") - pl.col("first_heard_at")).dt.total_seconds()
    mean = span / pl.max_horizontal(pl.col("heard") - 1, 1)
    local = pl.max_horizontal("starts_at", "first_heard_at").dt.convert_time_zone("Europe/Oslo").dt.date()
    return (
        meters.drop("cadence_seconds")
        .join(known.select("meter", "organisation", "source", mean.alias("mean"), local.alias("starts")), on="meter")
        .with_columns(
            pl.max_horizontal(pl.col("mean").round(), _HOUR_SECONDS).cast(pl.Int64).alias("cadence_seconds"),
            pl.lit(None, pl.Date).alias("ends"),
        )
        .with_columns((pl.col("starts").dt.offset_by("1d")).alias("starts"))
        .select("organisation", *(pl.col(name).cast(dtype) for name, dtype in EXPECTED.items()))
    )


def _cover(store: Store, expected: pl.DataFrame, first: date, until: date) -> int:
    registers = get_speakers().registers.join(expected.select("meter"), on="meter")
    rows = store.read_range(
        "readings", ids=registers["register"], start=derive_day_start(first), stop=derive_day_start(until), columns=()
    )
    day = pl.col("at").dt.convert_time_zone("Europe/Oslo").dt.date().alias("day")
    received = rows.join(registers, on="register").group_by("meter", day).agg(pl.len().cast(pl.Int64).alias("count"))
    written = 0
    for (organisation,), mine in expected.group_by("organisation"):
        frame = derive_coverage(mine.drop("organisation"), received, first=first, until=until)
        found = [
            CoverageDay(organisation_id=organisation, **row)
            for row in frame.select("dimension", "key", "day", *_COUNTS).to_dicts()
        ]
        with transaction.atomic():
            CoverageDay.objects.bulk_create(
                found,
                batch_size=500,
                update_conflicts=True,
                unique_fields=["organisation", "dimension", "key", "day"],
                update_fields=list(_COUNTS),
            )
        written += len(found)
    return written
