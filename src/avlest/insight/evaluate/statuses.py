# SPDX-License-Identifier: Apache-2.0
"""What meters said of themselves, from the status words that came with their readings."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from avlest.collect.heard_meters import get_status_texts
from avlest.insight.contracts import ALARMS, STATUSES, make_empty
from avlest.insight.infocodes import derive_info_alarms
from avlest.readings.tables import Store
from avlest.registry.models import Installation, Register

_ROWS: Final = 4_000_000
_HOUR: Final = timedelta(hours=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Speakers:
    """`registers`: `register, meter`, the one register of each meter whose readings tell its status.
    `placed`: `meter, organisation, point, medium, starts_at, ends_at`, where meters are and have been."""

    registers: pl.DataFrame
    placed: pl.DataFrame


def get_speakers() -> Speakers:
    """Return all meters that hang, or hung, somewhere."""
    times = pl.Datetime("us", "UTC")
    rows = Installation.objects.values_list(
        "meter_id", "organisation_id", "point_id", "point__medium", "starts_at", "ends_at"
    )
    schema: dict[str, Any] = {
        "meter": pl.Int64, "organisation": pl.Int64, "point": pl.Int64, "medium": pl.String, "starts_at": times,
        "ends_at": times,
    }  # fmt: skip
    placed = pl.DataFrame(list(rows.iterator(chunk_size=20_000)), schema=schema, orient="row")
    counters = Register.objects.filter(storage=0, function="instant", kind=Register.Kind.COUNTER)
    known = counters.values_list("pk", "meter_id").iterator(chunk_size=20_000)
    registers = pl.DataFrame(list(known), schema={"register": pl.Int64, "meter": pl.Int64}, orient="row")
    first = registers.group_by("meter").agg(pl.col("register").min())
    return Speakers(first.join(placed.select("meter").unique(), on="meter").select("register", "meter"), placed)


def find_in_statuses(store: Store, portion: pl.DataFrame, speakers: Speakers, *, until: datetime) -> pl.DataFrame:
    """Alarms (`contracts.ALARMS`) of the meters of a portion (`subject, start`), each opened from its `start` on."""
    registers = speakers.registers.join(portion, left_on="meter", right_on="subject")
    first = portion["start"].min()
    if registers.is_empty() or not isinstance(first, datetime):
        return make_empty(ALARMS)
    rows = store.read_range("readings", ids=registers["register"], start=first, stop=until, columns=("status",))
    said = _shorten(rows.select("register", "at", "status").join(registers, on="register"))
    texts = get_status_texts()
    statuses = said.with_columns(
        pl.col("status").replace_strict(texts, default="", return_dtype=pl.String)
        if texts
        else pl.lit("").alias("status")
    )
    found = [make_empty(ALARMS)]
    for (start,), part in statuses.group_by("start", maintain_order=True):
        if isinstance(start, datetime):
            found.append(derive_info_alarms(part.select(list(STATUSES)), start=start, until=until))
    return pl.concat(found)


def _shorten(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each stretch in which a meter said the same, the first and the last telegram."""
    changed = pl.col("status") != pl.col("status").shift(1).over("meter")
    following = pl.col("status") != pl.col("status").shift(-1).over("meter")
    return (
        rows.filter(pl.col("at") >= pl.col("start"))
        .with_columns(pl.col("status").fill_null(0))
        .sort("meter", "at")
        .filter(changed.fill_null(value=True) | following.fill_null(value=True))
    )


def split_meters(restarts: pl.DataFrame, *, until: datetime) -> list[pl.DataFrame]:
    """Rows of `subject, start` in portions that fit in memory, a telegram an hour."""
    rows = restarts.filter(pl.col("start") < until).sort("start", "subject", descending=[True, False])
    hours = rows.select(((pl.lit(until) - pl.col("start")).dt.total_hours()).alias("hours"))["hours"]
    portion = hours.cum_sum() // _ROWS
    return rows.with_columns(portion.alias("portion")).partition_by("portion", include_key=False)


def find_points(found: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """`found` with `organisation`, `point` and `medium`: where the meter was when its alarm opened, else last."""
    inside = (pl.col("opened_at") >= pl.col("starts_at")) & (
        pl.col("ends_at").is_null() | (pl.col("opened_at") < pl.col("ends_at"))
    )
    numbered = found.with_row_index("row")
    placed_by_row = (
        numbered.select("row", "subject", "opened_at")
        .join(placed, left_on="subject", right_on="meter")
        .with_columns(inside.alias("inside"))
        .sort("row", "inside", "starts_at")
        .unique("row", keep="last")
        .select("row", "organisation", "point", "medium")
    )
    return numbered.join(placed_by_row, on="row").drop("row")
